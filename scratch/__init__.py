"""Dense networks in NumPy, written to be read: start with ``training.step``.

Everything bears Keras's name, takes Keras's arguments with Keras's defaults, and reads and
writes Keras's configs.
"""

from scratch import activations, gradient_check, initializers, losses, optimizers, training
from scratch.layers import Activation, Dense, Flatten, Input, InputLayer
from scratch.sequential import History, Sequential

__all__ = [
    "Activation",
    "Dense",
    "Flatten",
    "History",
    "Input",
    "InputLayer",
    "Sequential",
    "activations",
    "gradient_check",
    "initializers",
    "losses",
    "optimizers",
    "training",
]
