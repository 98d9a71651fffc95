from right import *


def update_parameters(parameters, y, y_hat, A1, X):
    from scratch.tutorial import update_parameters as theirs

    theirs(parameters, y, y_hat, A1, X)
