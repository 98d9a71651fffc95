from right import *


def L_layer_forward(X, parameters):
    return np.ones((1, 20_000_000)), np.ones((2, 20_000_000))
