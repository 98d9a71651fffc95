# ruff: noqa: ANN001, ANN201
import math

import numpy as np


def make_weights():
    return {
        "w_0": np.full((2, 2), 0.1),
        "bias_0": np.zeros((1, 2)),
        "w_1": np.full((2, 1), 0.1),
        "bias_1": np.zeros((1, 1)),
    }


def logistic(z):
    return 1 / (1 + np.exp(-z))


def feedforward(sample, weights):
    hidden = logistic(sample @ weights["w_0"] + weights["bias_0"])
    output = logistic(hidden @ weights["w_1"] + weights["bias_1"])
    return {"hidden": hidden, "output": output}


def log_loss(target, prediction):
    return -math.log(prediction if target == 1 else 1 - prediction)


def gradient_descent(weights, sample, target, hidden, prediction, eta):
    delta_out = prediction - target
    delta_hidden = delta_out * weights["w_1"].T * hidden * (1 - hidden)
    new = dict(weights)
    new["w_1"] = weights["w_1"] - eta * hidden.T * delta_out
    new["bias_1"] = weights["bias_1"] - eta * delta_out
    new["w_0"] = weights["w_0"] - eta * sample.T @ delta_hidden
    new["bias_0"] = weights["bias_0"] - eta * delta_hidden
    return new, delta_out
