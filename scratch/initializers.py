"""Initializers: how a kernel or a bias starts.

Each is called with a shape, a dtype and a NumPy ``Generator``, and draws from the
distribution that Keras documents under the same name. The stream of random numbers is
NumPy's: to start two libraries from the same weights, hand both the same arrays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from scratch.arrays import Array
from scratch.configuration import Configured, by_name, resolve

# The standard deviation of a standard normal cut off at ±2.
_STDDEV_OF_TRUNCATED = 0.87962566103423978


class Initializer(Configured):
    """Something that fills a new parameter."""

    module: ClassVar[str] = "keras.initializers"

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        """Return a new array of that shape and dtype."""
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Initializer):
    """Every value is ``value``."""

    value: float = 0.0

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return np.full(shape, self.value, dtype)


@dataclass(frozen=True)
class Zeros(Initializer):
    """Every value is 0."""

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return np.zeros(shape, dtype)


@dataclass(frozen=True)
class Ones(Initializer):
    """Every value is 1."""

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return np.ones(shape, dtype)


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Normal with the given mean and standard deviation."""

    mean: float = 0.0
    stddev: float = 0.05

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return rng.normal(self.mean, self.stddev, shape).astype(dtype)


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Uniform between ``minval`` and ``maxval``."""

    minval: float = -0.05
    maxval: float = 0.05

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return rng.uniform(self.minval, self.maxval, shape).astype(dtype)


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Return how many values feed one unit (fan in) and how many it feeds (fan out)."""
    if len(shape) < 2:
        size = float(prod(shape))
        return size, size
    receptive_field = prod(shape[:-2])
    return float(shape[-2] * receptive_field), float(shape[-1] * receptive_field)


def _uniform(variance: float, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw from the uniform distribution around 0 that has this variance."""
    limit = sqrt(3 * variance)
    return rng.uniform(-limit, limit, shape)


def _truncated_normal(variance: float, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw from the normal distribution cut off at two deviations that has this variance."""
    draw = rng.normal(size=shape)
    while (outside := np.abs(draw) > 2).any():
        draw[outside] = rng.normal(size=np.count_nonzero(outside))
    return draw * (sqrt(variance) / _STDDEV_OF_TRUNCATED)


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Uniform with variance ``1 / mean(fan in, fan out)``: Xavier initialization.

    Signals then keep their size through a layer in both directions, nearly: Glorot and
    Bengio (2010), equation 16.
    """

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return _uniform(2 / max(2.0, sum(fans(shape))), shape, rng).astype(dtype)


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """Truncated normal with the variance of ``GlorotUniform``."""

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return _truncated_normal(2 / max(2.0, sum(fans(shape))), shape, rng).astype(dtype)


@dataclass(frozen=True)
class HeUniform(Initializer):
    """Uniform with variance ``2 / fan in``, since a relu silences half of its inputs.

    He et al. (2015), equation 10.
    """

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return _uniform(2 / max(1.0, fans(shape)[0]), shape, rng).astype(dtype)


@dataclass(frozen=True)
class HeNormal(Initializer):
    """Truncated normal with the variance of ``HeUniform``."""

    def __call__(
        self, shape: tuple[int, ...], dtype: npt.DTypeLike, rng: np.random.Generator
    ) -> Array:
        return _truncated_normal(2 / max(1.0, fans(shape)[0]), shape, rng).astype(dtype)


INITIALIZERS: dict[str, type[Initializer]] = by_name(
    Constant,
    Zeros,
    Ones,
    RandomNormal,
    RandomUniform,
    GlorotUniform,
    GlorotNormal,
    HeUniform,
    HeNormal,
)


def get(identifier: str | Mapping[str, Any] | Initializer) -> Initializer:
    """Return the initializer meant by a name or a config; raises ``ValueError`` if unknown."""
    return resolve(Initializer, INITIALIZERS, identifier)
