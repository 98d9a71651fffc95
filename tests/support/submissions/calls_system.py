import os
from right import *


def update_parameters(parameters, y, y_hat, A1, X):
    os.system("sleep 600 &")
