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
from scratch.arrays import ActivationFunction, Array, Params, Promise, Pullback
from scratch.configuration import Configured, by_name, resolve

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer(Configured):
    """What all layers share. ``name`` may stay empty until a ``Sequential`` gives one."""

    module: ClassVar[str] = "keras.layers"
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse a name that could not be part of a site's."""
        super().__post_init__()
        if self.name is None:
            self._set("name", "")
        if not isinstance(self.name, str) or "/" in self.name:
            message = f"a layer's name must be text without '/', received {self.name!r}"
            raise ValueError(message)

    def get_config(self) -> dict[str, Any]:
        """Return the fields in the form of Keras's ``get_config``, the name once there is one."""
        config = super().get_config()
        return config if self.name else {k: v for k, v in config.items() if k != "name"}

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

    def __post_init__(self) -> None:
        """Refuse an open size of any axis but the batch's."""
        super().__post_init__()
        whole = (int(n) if isinstance(n, np.integer) else n for n in self.batch_shape)
        self._set("batch_shape", tuple(whole))
        sizes = self.batch_shape[1:]
        if not sizes or not all(type(size) is int and size > 0 for size in sizes):
            message = (
                "scratch needs the size of every axis of a sample, at least one, from 1 on; "
                f"received the shape {sizes}"
            )
            raise ValueError(message)

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

    The sums run over the batch, and over any axes between it and the last one, because all of
    these go through the same parameters.
    """

    units: int
    activation: str | ActivationFunction | None = None
    use_bias: bool = True
    kernel_initializer: str | Mapping[str, Any] | initializers.Initializer = "glorot_uniform"
    bias_initializer: str | Mapping[str, Any] | initializers.Initializer = "zeros"

    def __post_init__(self) -> None:
        """Refuse what no layer can be made of, now and not when it is built."""
        super().__post_init__()
        if type(self.units) is not int or self.units < 1:
            message = f"units must be a whole number from 1 on, received {self.units!r}"
            raise ValueError(message)
        self._set("activation", activations.named(self.activation))
        self._set("kernel_initializer", _initializer(self.kernel_initializer))
        self._set("bias_initializer", _initializer(self.bias_initializer))

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

        def pullback(dy: Array) -> tuple[Promise, Params]:
            dz = activation_pullback(dy.reshape(z.shape))
            dparams = {"kernel": rows.T @ dz}
            if self.use_bias:
                dparams["bias"] = dz.sum(axis=0)
            return lambda: (dz @ kernel.T).reshape(x.shape), dparams

        return y.reshape(*x.shape[:-1], self.units), pullback


@dataclass(frozen=True)
class Activation(Layer):
    """``y = activation(x)``, a layer of its own."""

    activation: str | ActivationFunction | None

    def __post_init__(self) -> None:
        """Refuse an activation that scratch does not have."""
        super().__post_init__()
        self._set("activation", activations.named(self.activation))

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
    return resolve(Layer, LAYERS, identifier)


def _initializer(
    identifier: str | Mapping[str, Any] | initializers.Initializer,
) -> str | initializers.Initializer:
    """Return the name of an initializer, if that was given, or else the initializer itself."""
    found = initializers.get(identifier)
    return identifier if isinstance(identifier, str) else found
