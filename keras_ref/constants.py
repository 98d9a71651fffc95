"""The constants that Keras really holds, which are not always those it was given.

On TensorFlow, ``ops.cast(0.9, "float64")`` goes through float32 and gives 0.8999999761581421.
What passes through such a cast differs from the textbook by up to 3e-8 even in float64;
what does not (the learning rate variable, every epsilon, ``1 - beta``) is exact.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

#: Arguments that Keras casts in this way, by optimizer. Every optimizer casts weight_decay.
_CAST: dict[str, tuple[str, ...]] = {"SGD": ("momentum",)}

#: Arguments of which Keras casts only the base of ``beta**t``; ``1 - beta`` stays exact.
_CAST_IN_POWERS: dict[str, tuple[str, ...]] = {
    "Adam": ("beta_1", "beta_2"),
    "AdamW": ("beta_1", "beta_2"),
}

#: The negative slope of the function ``leaky_relu``, an attribute of a float32 kernel.
LEAKY_RELU_SLOPE = 0.2


def through_float32(value: float) -> float:
    """Return the float64 nearest to ``value`` rounded to float32."""
    return float(np.float32(value))


def held_constants(optimizer: Mapping[str, Any]) -> dict[str, float]:
    """Return the constants that a model holds otherwise than its configs say.

    ``optimizer`` is a serialized optimizer. The keys are its arguments (``momentum``), with
    ``_in_powers`` behind those of which only the base of a power is meant
    (``beta_1_in_powers``), and ``leaky_relu_slope``. They hold for float32 and float64 alike:
    in float32 the rounding happens anyhow.
    """
    name, config = optimizer["class_name"], optimizer["config"]
    held = {"leaky_relu_slope": through_float32(LEAKY_RELU_SLOPE)}
    for argument in (*_CAST.get(name, ()), "weight_decay"):
        if config.get(argument) is not None:
            held[argument] = through_float32(config[argument])
    for argument in _CAST_IN_POWERS.get(name, ()):
        if argument in config:
            held[f"{argument}_in_powers"] = through_float32(config[argument])
    return held
