"""Layers: each is a value that holds hyperparameters and nothing else.

Parameters come in; the output and its pullback come out::

    y, pullback = layer(params, x)
    promise, dparams = pullback(dy)  # dy = dL/dy
    dx = promise()  # dL/dx, computed only now

so there is no cache to go stale and no backward pass before a forward pass. Shapes called
``input_shape`` and ``output_shape`` are those of one sample, without the batch axis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from scratch import activations, initializers
from scratch.arrays import Activation as ActivationFunction
from scratch.arrays import Array, Params, Pullback
from scratch.configuration import Configured, by_name, resolve

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer(Configured):
    """What all layers share. ``name`` may stay empty until a ``Sequential`` gives one."""

    module: ClassVar[str] = "keras.layers"
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse an activation that scratch does not have."""
        activations.get(getattr(self, "activation", None))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one sample's output."""
        return input_shape

    def build(self, input_shape: Shape, dtype: npt.DTypeLike, rng: np.random.Generator) -> Params:
        """Return new parameters for samples of that shape; most layers have none."""
        del input_shape, dtype, rng
        return {}

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        """Return the output for a batch ``x``, batch first, and its pullback."""
        raise NotImplementedError


@dataclass(frozen=True)
class InputLayer(Layer):
    """Says which shape a sample has, as ``batch_shape = (None, …)``, and passes it on."""

    batch_shape: tuple[int | None, ...]

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        return x, lambda dy: (lambda: dy, {})


def Input(shape: Shape, name: str = "") -> InputLayer:  # noqa: N802  Keras's name
    """Return the layer that says which shape one sample has."""
    return InputLayer(batch_shape=(None, *shape), name=name)


@dataclass(frozen=True)
class Dense(Layer):
    """``y = activation(x @ kernel + bias)``.

    ``x`` is (batch, …, inputs), ``kernel`` (inputs, units), ``bias`` (units,) and ``y``
    (batch, …, units). With ``z = x @ kernel + bias`` and ``dz = dL/dz``::

        dL/dkernel = xᵀ @ dz      dL/dbias = sum of dz over the batch      dL/dx = dz @ kernelᵀ

    The sums run over the batch because every sample goes through the same parameters.
    """

    units: int
    activation: str | ActivationFunction | None = None
    use_bias: bool = True
    kernel_initializer: str | Mapping[str, Any] | initializers.Initializer = "glorot_uniform"
    bias_initializer: str | Mapping[str, Any] | initializers.Initializer = "zeros"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one sample's output: ``units`` in place of the last axis."""
        return (*input_shape[:-1], self.units)

    def build(self, input_shape: Shape, dtype: npt.DTypeLike, rng: np.random.Generator) -> Params:
        """Return a new kernel and, with ``use_bias``, a new bias."""
        kernel = initializers.get(self.kernel_initializer)
        params = {"kernel": kernel((input_shape[-1], self.units), dtype, rng)}
        if self.use_bias:
            params["bias"] = initializers.get(self.bias_initializer)((self.units,), dtype, rng)
        return params

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        """Return ``y`` and the pullback of ``dy`` to ``dx``, ``kernel`` and ``bias``."""
        kernel = params["kernel"]
        # Axes between the batch and the last one hold more samples of the same map.
        rows = x.reshape(-1, x.shape[-1])
        z = rows @ kernel
        if self.use_bias:
            z = z + params["bias"]
        y, activation_pullback = activations.get(self.activation)(z)

        def pullback(dy: Array) -> tuple[Any, Params]:
            dz = activation_pullback(dy.reshape(z.shape))
            dparams = {"kernel": rows.T @ dz}
            if self.use_bias:
                dparams["bias"] = np.add.reduce(dz, axis=0)
            return lambda: (dz @ kernel.T).reshape(x.shape), dparams

        return y.reshape(*x.shape[:-1], self.units), pullback


@dataclass(frozen=True)
class Activation(Layer):
    """``y = activation(x)``, a layer of its own."""

    activation: str | ActivationFunction

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        """Return ``y`` and the pullback of ``dy`` to ``dx``; there are no parameters."""
        y, activation_pullback = activations.get(self.activation)(x)
        return y, lambda dy: (lambda: activation_pullback(dy), {})


@dataclass(frozen=True)
class Flatten(Layer):
    """Each sample's values in one row, last axis fastest."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the number of values of one sample, as a shape."""
        return (prod(input_shape),)

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        """Return ``x`` as (batch, values) and the pullback that gives it its shape back."""
        return x.reshape(len(x), -1), lambda dy: (lambda: dy.reshape(x.shape), {})


LAYERS: dict[str, type[Layer]] = by_name(InputLayer, Dense, Activation, Flatten)


def get(identifier: Mapping[str, Any] | Layer) -> Layer:
    """Return the layer that a config describes; raises ``ValueError`` if scratch has none."""
    return resolve("layer", LAYERS, identifier)
