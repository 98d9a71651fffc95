"""Build a compiled Keras model from configs and given weights, in one dtype throughout."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_ref.libraries import keras

Array = npt.NDArray[Any]


@contextmanager
def everything_in(dtype: str) -> Iterator[None]:
    """Make ``dtype`` Keras's float type and dtype policy, and put both back afterwards.

    Both, and before the first layer: ``set_floatx`` alone leaves the layers at the policy that
    the first layer of the process fixed, while loss and learning rate follow ``floatx``.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def build(
    model_config: Mapping[str, Any],
    compile_config: Mapping[str, Any],
    weights: Sequence[Array],
    dtype: str,
) -> Any:
    """Return a compiled ``keras.Sequential`` that holds exactly these weights.

    A config that Keras wrote names the dtype of every layer; ``dtype`` takes the place of all.
    ``weights`` are in the order of ``set_weights``: by layer, the kernel before the bias. They
    are set as arrays and never by an initializer, since Keras rounds a ``Constant(0.1)`` to
    float32 even in a float64 model. XLA is off, as it is by default on a CPU.
    """
    with everything_in(dtype):
        model = keras.Sequential.from_config(_without_dtypes(model_config))
        model.set_weights([np.asarray(w, dtype) for w in weights])
        model.compile(
            optimizer=_read(keras.optimizers, compile_config["optimizer"]),
            loss=_read(keras.losses, compile_config["loss"]),
            jit_compile=False,
        )
        model.optimizer.build(model.trainable_variables)
    return model


def _without_dtypes(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's config in which no layer names a dtype of its own."""
    layers = [
        {**layer, "config": {k: v for k, v in layer["config"].items() if k != "dtype"}}
        for layer in model["layers"]
    ]
    return {**model, "layers": layers}


def _read(kind: Any, config: str | Mapping[str, Any]) -> Any:
    """Return the loss or optimizer meant by a name or a serialized config."""
    if isinstance(config, str):
        return kind.get(config)
    return keras.saving.deserialize_keras_object(dict(config))
