# ruff: noqa: ANN001, ANN201, N803, N806
import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(X, parameters):
    A1 = np.tanh(X @ parameters["W1"] + parameters["b1"])
    return softmax(A1 @ parameters["W2"] + parameters["b2"]), A1


def cross_entropy(y_true, y_pred):
    return -np.mean(np.sum(y_true * np.log(y_pred), axis=1))


def backward(X, y_true, y_pred, A1, parameters):
    dZ2 = (y_pred - y_true) / len(X)
    dZ1 = dZ2 @ parameters["W2"].T * (1 - A1 * A1)
    return X.T @ dZ1, dZ1.sum(axis=0), A1.T @ dZ2, dZ2.sum(axis=0)


def update(parameters, dW1, db1, dW2, db2, lr):
    parameters["W1"] = parameters["W1"] - lr * dW1
    parameters["b1"] = parameters["b1"] - lr * db1
    parameters["W2"] = parameters["W2"] - lr * dW2
    parameters["b2"] = parameters["b2"] - lr * db2
