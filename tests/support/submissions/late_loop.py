from right import *


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    if X[0, 0] == 6:
        while True: pass
    return inner(parameters, y, y_hat, A1, X)
