# ruff: noqa: ANN001, ANN201, N803
import numpy as np

# Hard on whoever calls it: inputs are scaled in place, the arrays returned are always the same.
_hidden = np.zeros((2, 1))
_output = np.zeros((1, 1))
_new = {
    "W1": np.zeros((2, 2)),
    "b1": np.zeros((2, 1)),
    "W2": np.zeros((2, 1)),
    "b2": np.zeros((1, 1)),
}


def forward(X, parameters):
    np.dot(parameters["W1"].T, X, out=_hidden)
    _hidden[...] += parameters["b1"]
    _output[...] = parameters["W2"].T @ _hidden + parameters["b2"]
    return _output[:], _hidden[:]


def cost(y, y_hat):
    return float((y - y_hat) ** 2)


def update(parameters, y, y_hat, A1, X, learning_rate):
    d2 = 2 * (y_hat - y)
    d1 = parameters["W2"] * d2
    _new["W2"][...] = parameters["W2"] - learning_rate * d2 * A1
    _new["b2"][...] = parameters["b2"] - learning_rate * d2
    _new["W1"][...] = parameters["W1"] - learning_rate * X @ d1.T
    _new["b1"][...] = parameters["b1"] - learning_rate * d1
    for array in (X, A1, *parameters.values()):
        if not any(array is new for new in _new.values()):
            array[...] = -1e6
    return _new
