from right import *


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    if X[0, 0] == 6:
        raise KeyboardInterrupt
    return inner(parameters, y, y_hat, A1, X)
