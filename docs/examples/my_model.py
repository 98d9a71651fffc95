"""A network as a class with three of Keras's methods, and its gradients besides."""
# ruff: noqa: ANN001, ANN201, ANN204, INP001, T201  as one writes it while learning

import numpy as np


class MyModel:
    """Layers of the given widths, tanh between them, trained on the mean squared error."""

    def __init__(self, layer_sizes, learning_rate):
        self.learning_rate = learning_rate
        shapes = [s for n, m in zip(layer_sizes, layer_sizes[1:]) for s in ((n, m), (m,))]  # noqa: B905, RUF007
        self.weights = [np.zeros(shape) for shape in shapes]
        self.gradients = []

    def set_weights(self, weights):
        """Set kernel and bias of each layer, in order."""
        self.weights = list(weights)

    def get_weights(self):
        """Return kernel and bias of each layer, in order."""
        return self.weights

    def train_on_batch(self, x, y):
        """Take a step on a batch, x (batch, features), and return the loss before it."""
        kernels, biases = self.weights[0::2], self.weights[1::2]
        activations = [x]
        for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
            activations.append(np.tanh(activations[-1] @ kernel + bias))
        error = activations[-1] @ kernels[-1] + biases[-1] - y
        delta = 2 * error / error.size
        self.gradients = []
        for a, kernel in zip(reversed(activations), reversed(kernels), strict=True):
            self.gradients = [a.T @ delta, delta.sum(axis=0), *self.gradients]
            delta = delta @ kernel.T * (1 - a**2)
        for i, gradient in enumerate(self.gradients):
            self.weights[i] = self.weights[i] - self.learning_rate * gradient
        return np.mean(error**2)


if __name__ == "__main__":
    from comparisons import check, problems
    from comparisons.candidates import bind

    problem = problems.get("short_last_batch")
    bound = bind(MyModel, problem)
    print(*bound.binding, sep="\n")
    for verdict in check(bound, problem).verdicts:
        print(f"{verdict.mode}: {verdict.sentence}")
