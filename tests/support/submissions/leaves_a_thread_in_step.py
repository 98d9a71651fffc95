import threading
from right import *


def update_parameters(parameters, y, y_hat, A1, X, inner=update_parameters):
    inner(parameters, y, y_hat, A1, X)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
