import numpy as np


class Net:
    """Dense layers, tanh between them, mean squared error."""

    def __init__(self, layer_sizes, learning_rate=0.01):
        self.lr = learning_rate
        self.W = [np.zeros((n, m)) for n, m in zip(layer_sizes, layer_sizes[1:])]
        self.b = [np.zeros(m) for m in layer_sizes[1:]]

    def get_weights(self):
        return [w for pair in zip(self.W, self.b) for w in pair]

    def set_weights(self, weights):
        self.W, self.b = list(weights[::2]), list(weights[1::2])

    def train_on_batch(self, x, y):
        a = [x]
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            z = a[-1] @ W + b
            a.append(np.tanh(z) if i < len(self.W) - 1 else z)
        loss = np.mean((y - a[-1]) ** 2)
        delta = 2 * (a[-1] - y)
        for i in reversed(range(len(self.W))):
            dW, db = a[i].T @ delta, delta.sum(axis=0)
            delta = (delta @ self.W[i].T) * (1 - a[i] ** 2)
            self.W[i] = self.W[i] - self.lr * dW
            self.b[i] = self.b[i] - self.lr * db
        return loss


net = Net([2, 3, 1])
print(net.train_on_batch(np.ones((4, 2)), np.ones((4, 1))))
