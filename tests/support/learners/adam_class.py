# ruff: noqa: ANN001, ANN201, ANN204, N806
import numpy as np


class AdamNet:
    """An object whose optimizer can be set, so that a locked run restarts it."""

    paths = ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")

    def __init__(self, learning_rate=0.01):
        self.lr, self.t = learning_rate, 0
        self.w = []
        self.m = self.v = None

    def set_weights(self, weights):
        self.w = [np.array(w) for w in weights]
        self.m = [np.zeros_like(w) for w in weights]
        self.v = [np.zeros_like(w) for w in weights]

    def get_weights(self):
        return self.w

    def set_optimizer_state(self, slots, iterations):
        self.t = iterations
        self.m = [np.array(slots[f"{path}/momentum"]) for path in self.paths]
        self.v = [np.array(slots[f"{path}/velocity"]) for path in self.paths]

    def get_optimizer_state(self):
        slots = {f"{path}/momentum": m for path, m in zip(self.paths, self.m)}  # noqa: B905
        return slots | {f"{path}/velocity": v for path, v in zip(self.paths, self.v)}  # noqa: B905

    def train_on_batch(self, x, y):
        W1, b1, W2, b2 = self.w
        a = np.tanh(x @ W1 + b1)
        out = a @ W2 + b2
        d2 = 2 * (out - y) / y.size
        d1 = d2 @ W2.T * (1 - a * a)
        self.gradients = [x.T @ d1, d1.sum(0), a.T @ d2, d2.sum(0)]
        self.t += 1
        # Keras keeps Adam's betas in float32.
        beta1, beta2 = float(np.float32(0.9)), float(np.float32(0.999))
        rate = self.lr * np.sqrt(1 - beta2**self.t) / (1 - beta1**self.t)
        for i, g in enumerate(self.gradients):
            self.m[i] += (g - self.m[i]) * (1 - 0.9)
            self.v[i] += (g * g - self.v[i]) * (1 - 0.999)
            self.w[i] -= rate * self.m[i] / (np.sqrt(self.v[i]) + 1e-7)
        return {"loss": np.mean((out - y) ** 2)}
