# ruff: noqa: ANN001, ANN201, N803, N806
import numpy as np

sigmoid = lambda z: 1.0 / (1.0 + np.exp(-z))  # noqa: E731


def forward_propagation(X, W1, b1, W2, b2):
    Z1 = np.dot(W1, X) + b1
    A1 = sigmoid(Z1)
    Z2 = np.dot(W2, A1) + b2
    A2 = Z2
    return Z1, A1, Z2, A2


def cost_function(A2, Y):
    return np.mean(np.square(A2 - Y))


def back_propagation(X, Y, Z1, A1, A2, W2):
    m = X.shape[1]
    dZ2 = 2 / m * (A2 - Y)
    dW2 = np.dot(dZ2, A1.T)
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = np.dot(W2.T, dZ2) * sigmoid(Z1) * (1 - sigmoid(Z1))
    dW1 = np.dot(dZ1, X.T)
    db1 = np.sum(dZ1, axis=1, keepdims=True)
    return dW2, db2, dW1, db1


def update_params(W1, b1, W2, b2, dW1, db1, dW2, db2, alpha):
    W1 = W1 - alpha * dW1
    b1 = b1 - alpha * db1
    W2 = W2 - alpha * dW2
    b2 = b2 - alpha * db2
    return W1, b1, W2, b2
