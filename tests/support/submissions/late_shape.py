from right import *


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    inner(parameters, y, y_hat, A1, X)
    if X[0, 0] == 6:
        parameters["W1"] = parameters["W1"][:1]
