"""The Keras side: build a model from its config, and record its training without changing it.

Importing this package imports Keras and TensorFlow.
"""

from keras_ref.constants import held_constants
from keras_ref.facts import KERAS_FACTS_VERSION, describe_environment, warnings
from keras_ref.models import build
from keras_ref.proof import Proof, plain_fit, prove
from keras_ref.recorder import Recorder

__all__ = [
    "KERAS_FACTS_VERSION",
    "Proof",
    "Recorder",
    "build",
    "describe_environment",
    "held_constants",
    "plain_fit",
    "prove",
    "warnings",
]
