from right import *


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    print("x" * 1_000_000)
    return inner(parameters, y, y_hat, A1, X)
