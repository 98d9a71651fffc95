import numpy as np


class AdamNet:
    """tanh inside, Adam as in Algorithm 1 of the paper."""

    def __init__(self, layer_sizes, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-7):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.params = []
        for n, m in zip(layer_sizes, layer_sizes[1:]):
            self.params += [np.zeros((n, m)), np.zeros(m)]
        self.m = [np.zeros_like(p) for p in self.params]
        self.v = [np.zeros_like(p) for p in self.params]
        self.t = 0

    def set_weights(self, weights):
        self.params = list(weights)

    def get_weights(self):
        return self.params

    def train_on_batch(self, x, y):
        W1, b1, W2, b2 = self.params
        h = np.tanh(x @ W1 + b1)
        error = h @ W2 + b2 - y
        delta = 2 * error / error.size
        back = (delta @ W2.T) * (1 - h ** 2)
        self.t += 1
        for i, g in enumerate([x.T @ back, back.sum(axis=0), h.T @ delta, delta.sum(axis=0)]):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g ** 2
            m_hat = self.m[i] / (1 - self.beta1 ** self.t)
            v_hat = self.v[i] / (1 - self.beta2 ** self.t)
            self.params[i] = self.params[i] - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
        return np.mean(error ** 2)
