from right import *

old = np.linalg.norm


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    np.linalg.norm = lambda *a, **k: old(*a, **k)
    return inner(parameters, y, y_hat, A1, X)
