# ruff: noqa: ANN001, ANN201
import numpy as np


def feed_forward(x, layers):
    activations = [x]
    for i, layer in enumerate(layers):
        z = activations[-1] @ layer["W"] + layer["b"]
        last = i == len(layers) - 1
        activations.append(z if last else np.tanh(z))
    return activations[-1], activations


def backprop(layers, activations, y):
    grads = [None] * len(layers)
    delta = 2 * (activations[-1] - y) / y.size
    for i in range(len(layers) - 1, -1, -1):
        grads[i] = {"W": activations[i].T @ delta, "b": delta.sum(axis=0)}
        if i > 0:
            delta = (delta @ layers[i]["W"].T) * (1 - activations[i] ** 2)
    return grads


def sgd_step(layers, grads, lr):
    for layer, grad in zip(layers, grads):  # noqa: B905
        layer["W"] -= lr * grad["W"]
        layer["b"] -= lr * grad["b"]
    return layers


def loss(y_pred, y):
    return ((y_pred - y) ** 2).mean()
