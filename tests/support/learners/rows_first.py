# ruff: noqa: ANN001, ANN201, N803, N806, NPY002
import numpy as np


def init_params(n_x, n_h, n_y):
    return {
        "W1": np.random.randn(n_x, n_h),
        "b1": np.zeros(n_h),
        "W2": np.random.randn(n_h, n_y),
        "b2": np.zeros(n_y),
    }


def forward(X, params):
    Z1 = X @ params["W1"] + params["b1"]
    A1 = np.tanh(Z1)
    Z2 = A1 @ params["W2"] + params["b2"]
    cache = {"X": X, "Z1": Z1, "A1": A1, "Z2": Z2}
    return Z2, cache


def mse_loss(y_pred, y_true):
    return np.mean((y_pred - y_true) ** 2)


def backward(y_true, y_pred, cache, params):
    m = len(y_true)
    dZ2 = 2 * (y_pred - y_true) / m
    dW2 = cache["A1"].T @ dZ2
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2 @ params["W2"].T
    dZ1 = dA1 * (1 - cache["A1"] ** 2)
    dW1 = cache["X"].T @ dZ1
    db1 = dZ1.sum(axis=0)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


def update(params, grads, lr=0.01):
    for key in params:
        params[key] -= lr * grads["d" + key]
