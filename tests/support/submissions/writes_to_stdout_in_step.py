import os
from right import *


def update_parameters(parameters, y, y_hat, A1, X):
    for i in range(100):
        os.write(1, b"x" * 1_000_000)
