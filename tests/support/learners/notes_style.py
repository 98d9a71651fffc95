# ruff: noqa: ANN001, ANN201, N802, N803, N806, NPY002
import numpy as np

# Every number by hand, as in a lecture: one sample, two inputs, two hidden units, one output.
# The learning rates are written into the updates.


def initialize_parameters(layer_dims):
    np.random.seed(3)
    parameters = {}
    L = len(layer_dims)
    for l in range(1, L):  # noqa: E741
        parameters["W" + str(l)] = np.ones((layer_dims[l - 1], layer_dims[l])) * 0.1
        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def linear_forward(A_prev, W, b):
    return np.dot(W.T, A_prev) + b


def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


def L_layer_forward(X, parameters):
    A = X
    L = len(parameters) // 2
    for l in range(1, L + 1):  # noqa: E741
        A_prev = A
        A = linear_forward(A_prev, parameters["W" + str(l)], parameters["b" + str(l)])
    return A, A_prev


def L_layer_forward_clf(X, parameters):
    A = X
    L = len(parameters) // 2
    for l in range(1, L + 1):  # noqa: E741
        A_prev = A
        A = sigmoid(linear_forward(A_prev, parameters["W" + str(l)], parameters["b" + str(l)]))
    return A, A_prev


def update_parameters(parameters, y, y_hat, A1, X):
    error = y - y_hat
    W2 = parameters["W2"].copy()
    parameters["W2"][0][0] = parameters["W2"][0][0] + (0.001 * 2 * error * A1[0][0])
    parameters["W2"][1][0] = parameters["W2"][1][0] + (0.001 * 2 * error * A1[1][0])
    parameters["b2"][0][0] = parameters["b2"][0][0] + (0.001 * 2 * error)

    for unit in range(2):
        for feature in range(2):
            parameters["W1"][feature][unit] += 0.001 * 2 * error * W2[unit][0] * X[feature][0]
        parameters["b1"][unit][0] += 0.001 * 2 * error * W2[unit][0]


def update_parameters_clf(parameters, y, y_hat, A1, X):
    error = y - y_hat
    W2 = parameters["W2"].copy()
    parameters["W2"][0][0] = parameters["W2"][0][0] + (0.0001 * error * A1[0][0])
    parameters["W2"][1][0] = parameters["W2"][1][0] + (0.0001 * error * A1[1][0])
    parameters["b2"][0][0] = parameters["b2"][0][0] + (0.0001 * error)

    for unit in range(2):
        slope = A1[unit][0] * (1 - A1[unit][0])
        for feature in range(2):
            parameters["W1"][feature][unit] += 0.0001 * error * W2[unit][0] * slope * X[feature][0]
        parameters["b1"][unit][0] += 0.0001 * error * W2[unit][0] * slope
