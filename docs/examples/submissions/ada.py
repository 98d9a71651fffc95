import numpy as np


def forward(X, parameters):
    A1 = np.tanh(parameters["W1"].T @ X + parameters["b1"])
    A2 = parameters["W2"].T @ A1 + parameters["b2"]
    return A2, A1


def compute_loss(y_hat, y):
    return np.mean((y_hat - y) ** 2)


def backward(parameters, X, A1, y_hat, y):
    dZ2 = 2 * (y_hat - y) / y.size
    dW2 = A1 @ dZ2.T
    db2 = dZ2.sum(axis=1, keepdims=True)
    dZ1 = (parameters["W2"] @ dZ2) * (1 - A1**2)
    dW1 = X @ dZ1.T
    db1 = dZ1.sum(axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def update_parameters(parameters, grads, learning_rate):
    for name in parameters:
        parameters[name] = parameters[name] - learning_rate * grads["d" + name]
    return parameters
