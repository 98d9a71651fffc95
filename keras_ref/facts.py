"""Which Keras this is, and whether it still computes what this project knows of it.

``tests/keras_ref`` holds every fact relied upon. A few that decide all numbers are also small
enough to be checked at run time, when the installed Keras is not the one they were measured on.
"""

import os
import platform
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_ref.constants import through_float32
from keras_ref.libraries import keras, tf
from keras_ref.models import everything_in

#: The version that the facts were measured on.
KERAS_FACTS_VERSION = "3.15.1"


def describe_environment() -> dict[str, str]:
    """Return what decides the numbers: versions, backend, device and settings."""
    devices = {device.device_type for device in tf.config.get_visible_devices()}
    return {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": "gpu" if "GPU" in devices else "cpu",
        "machine": platform.machine(),
        "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"],
    }


def warnings() -> list[str]:
    """Return a sentence for each way in which this Keras may not be the one that is known."""
    if keras.__version__ == KERAS_FACTS_VERSION:
        return []
    known = f"this is Keras {keras.__version__}; what it computes is known of {KERAS_FACTS_VERSION}"
    differing = [fact for fact, holds in FACTS.items() if not holds()]
    if not differing:
        return [f"{known}, and the {len(FACTS)} facts checked still hold"]
    return [f"{known}, and here it is no longer true that {fact}" for fact in differing]


def _casts_pass_through_float32() -> bool:
    return float(keras.ops.cast(0.9, "float64")) == through_float32(0.9)


def _learning_rate_is_exact() -> bool:
    with everything_in("float64"):
        return float(keras.optimizers.SGD(0.001).learning_rate) == 0.001


def _sigmoid_carries_its_logits() -> bool:
    return hasattr(keras.activations.sigmoid(tf.zeros([1, 1])), "_keras_logits")


def _loss(loss: Any, y: list[list[float]], p: list[list[float]]) -> float:
    with everything_in("float64"):
        return float(loss(tf.constant(y, "float64"), tf.constant(p, "float64")))


def _probabilities_are_clipped() -> bool:
    loss = _loss(keras.losses.BinaryCrossentropy(dtype="float64"), [[1.0]], [[0.0]])
    return bool(np.isclose(loss, -np.log(1e-7), rtol=1e-12))


def _means_divide_by_outputs() -> bool:
    loss = _loss(
        keras.losses.MeanSquaredError(dtype="float64"), [[0.0, 0.0]] * 2, [[1.0, 2.0], [3.0, 4.0]]
    )
    return loss == 7.5


def _slope(function: Callable[[Any], Any]) -> float:
    x = tf.constant([0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return float(tape.gradient(y, x)[0])


def _kinks_are_known() -> bool:
    leaky = _slope(keras.activations.leaky_relu)
    return _slope(keras.activations.relu) == 0 and leaky == float(np.float32(0.2))


def _after_one_step(optimizer: Any) -> float:
    """Return where a parameter at 1 with the gradient 2 stands after one step."""
    variable = keras.Variable(np.array([1.0]), dtype="float64")
    optimizer.apply([tf.constant([2.0], "float64")], [variable])
    return float(variable.value[0])


def _rules_are_known() -> bool:
    with everything_in("float64"):
        nesterov = _after_one_step(keras.optimizers.SGD(0.1, momentum=0.5, nesterov=True))
        rmsprop = _after_one_step(keras.optimizers.RMSprop(0.1, rho=0.5, epsilon=2.0))
        adam = _after_one_step(keras.optimizers.Adam(0.1, beta_1=0.5, beta_2=0.5, epsilon=1.0))
    adam_wanted = 1 - 1 * 0.1 * np.sqrt(0.5) / 0.5 / (np.sqrt(2) + 1)
    wanted = [1 - 0.1 * 2 * 1.5, 1 - 0.2 / np.sqrt(2 + 2.0), adam_wanted]
    return bool(np.allclose([nesterov, rmsprop, adam], wanted, rtol=1e-12))


#: What must be true for a comparison to mean what it says, each with its check.
FACTS: dict[str, Callable[[], bool]] = {
    "a Python number cast to float64 passes through float32": _casts_pass_through_float32,
    "the learning rate is held exactly in float64": _learning_rate_is_exact,
    "the crossentropy after a sigmoid is computed from its logits": _sigmoid_carries_its_logits,
    "a crossentropy clips probabilities at 1e-7": _probabilities_are_clipped,
    "a mean squared error is a mean over outputs and batch": _means_divide_by_outputs,
    "relu has the slope 0 at 0, and leaky_relu 0.2": _kinks_are_known,
    "Nesterov, RMSprop and Adam follow the rules in scratch": _rules_are_known,
}
