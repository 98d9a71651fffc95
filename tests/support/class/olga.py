import numpy as np


class Net:
    def __init__(self, layer_sizes, learning_rate):
        self.lr = learning_rate
        self.velocity = None

    def set_weights(self, weights):
        self.w = list(weights)

    def get_weights(self):
        return self.w

    def train_on_batch(self, x, y):
        W1, b1, W2, b2 = self.w
        a = x @ W1 + b1
        e = a @ W2 + b2 - y
        d2 = 2 * e / e.size
        d1 = d2 @ W2.T
        self.gradients = [x.T @ d1, d1.sum(axis=0), a.T @ d2, d2.sum(axis=0)]
        self.w = [w - self.lr * g for w, g in zip(self.w, self.gradients)]
        return np.mean(e**2)
