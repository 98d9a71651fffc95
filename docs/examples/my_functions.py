"""A network as functions: features first, parameters in a dict, gradients from a backward."""
# ruff: noqa: ANN001, ANN201, N802, N803, N806, INP001, T201  as one writes it while learning

import numpy as np


def sigmoid(Z):
    """Return 1 / (1 + exp(-Z))."""
    return 1 / (1 + np.exp(-Z))


def L_layer_forward(X, parameters):
    """Return the output, and the activations of all layers, the input first."""
    A, caches = X, [X]
    for layer in range(1, len(parameters) // 2 + 1):
        A = sigmoid(parameters[f"W{layer}"].T @ A + parameters[f"b{layer}"])
        caches.append(A)
    return A, caches


def compute_loss(y_hat, y):
    """Return the binary crossentropy."""
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))


def backward(parameters, caches, y):
    """Return the gradients, dW1, db1, and so on."""
    grads = {}
    batch = y.shape[1]
    dZ = (caches[-1] - y) / batch
    for layer in reversed(range(1, len(parameters) // 2 + 1)):
        A_prev = caches[layer - 1]
        grads[f"dW{layer}"] = A_prev @ dZ.T
        grads[f"db{layer}"] = dZ.sum(axis=1, keepdims=True)
        dZ = parameters[f"W{layer}"] @ dZ * A_prev * (1 - A_prev)
    return grads


def update_parameters(parameters, grads, learning_rate):
    """Take a step, in place."""
    for name in parameters:
        parameters[name] -= learning_rate * grads[f"d{name}"]


if __name__ == "__main__":
    from comparisons import check, problems
    from comparisons.candidates import bind

    problem = problems.get("classification_asymmetric")
    bound = bind(globals(), problem)
    print(*bound.binding, sep="\n")
    for verdict in check(bound, problem).verdicts:
        print(f"{verdict.mode}: {verdict.sentence}")
