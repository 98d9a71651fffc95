# ruff: noqa: ANN001, ANN201, ANN204, NPY002, T201, RUF007
import numpy as np


class NeuralNetwork:
    """Two layers, tanh inside, trained with momentum."""

    def __init__(self, layer_sizes, learning_rate=0.01, momentum=0.9):
        self.sizes = layer_sizes
        self.lr, self.momentum = learning_rate, momentum
        self.W, self.b = [], []
        for n_in, n_out in zip(layer_sizes[:-1], layer_sizes[1:]):  # noqa: B905
            self.W.append(np.random.randn(n_in, n_out) * 0.1)
            self.b.append(np.zeros(n_out))
        self.vW = [np.zeros_like(w) for w in self.W]
        self.vb = [np.zeros_like(b) for b in self.b]

    def get_weights(self):
        return [a for pair in zip(self.W, self.b) for a in pair]  # noqa: B905

    def set_weights(self, weights):
        self.W, self.b = list(weights[0::2]), list(weights[1::2])

    def train_on_batch(self, x, y):
        a1 = np.tanh(x @ self.W[0] + self.b[0])
        out = a1 @ self.W[1] + self.b[1]
        loss = np.mean((out - y) ** 2)
        d2 = 2 * (out - y) / y.size
        d1 = (d2 @ self.W[1].T) * (1 - a1**2)
        for i, (a, d) in enumerate([(x, d1), (a1, d2)]):
            self.vW[i] = self.momentum * self.vW[i] - self.lr * (a.T @ d)
            self.vb[i] = self.momentum * self.vb[i] - self.lr * d.sum(axis=0)
            self.W[i] += self.vW[i]
            self.b[i] += self.vb[i]
        print("loss", loss)
        return loss
