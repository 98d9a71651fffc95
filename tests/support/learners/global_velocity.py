# ruff: noqa: ANN001, ANN201, N803, N806, PLW0603
import numpy as np

velocity = {}
steps = 0


def forward_pass(X, parameters):
    A1 = np.tanh(X @ parameters["W1"] + parameters["b1"])
    A2 = A1 @ parameters["W2"] + parameters["b2"]
    return A2, A1


def loss_mse(y, y_hat):
    return np.mean((y - y_hat) ** 2)


def compute_gradients(X, y, A1, A2, W2):
    d2 = 2 * (A2 - y) / y.size
    d1 = d2 @ W2.T * (1 - A1**2)
    return {"W1": X.T @ d1, "b1": d1.sum(0), "W2": A1.T @ d2, "b2": d2.sum(0)}


def update_parameters(parameters, gradients, learning_rate, momentum=0.9):
    global steps
    steps += 1
    for name, g in gradients.items():
        velocity[name] = momentum * velocity.get(name, 0) - learning_rate * g
        parameters[name] += velocity[name]
    return parameters
