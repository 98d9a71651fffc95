"""Kinks: places where rounding alone decides which branch a function takes.

Where a relu's input is 0 within rounding, one honest side may take the slope 0 and the other
the slope 1, and everything behind it differs by far more than rounding. Such a place is
undecided: it is reported, and the budget there covers both branches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from comparisons.verdicts.values import Array, Values
from scratch.layers import Activation, Dense
from scratch.losses import (
    EPSILON,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    SparseCategoricalCrossentropy,
)
from scratch.training import Network


@dataclass(frozen=True)
class Kink:
    """A function with a kink: the site that it shapes, and which branch each element takes.

    ``branch`` is told from the site that it ``reads``.
    """

    site: str
    reads: str
    branch: Callable[[Values, Array], Array]


@dataclass(frozen=True)
class Undecided:
    """An element whose branch rounding decides; ``step`` counts from 1."""

    step: int
    site: str
    index: tuple[int, ...]


def kinks_of(network: Network) -> list[Kink]:
    """Return the kinks of a network's activations and loss, in causal order."""
    found = []
    for layer in network.layers:
        site = f"forward/{layer.name}/output"
        if isinstance(layer, Dense | Activation) and _has_kink(layer.activation):
            found.append(Kink(site, site, _positive(site)))
    prediction = f"forward/{(network.predicted_by or (network.layers[-1].name,))[-1]}/output"
    entropies = (BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy)
    if isinstance(network.loss, MeanAbsoluteError):
        found.append(Kink("loss/value", prediction, _above_target(prediction)))
    elif isinstance(network.loss, entropies) and not network.loss.from_logits:
        found.append(Kink("loss/value", prediction, _clipped(prediction)))
    return found


def _has_kink(activation: object) -> bool:
    # A leaky_relu with the slope that Keras holds is a partial of the function.
    name = activation if isinstance(activation, str) else getattr(activation, "func", activation)
    return getattr(name, "__name__", name) in {"relu", "leaky_relu"}


def _positive(site: str) -> Callable[[Values, Array], Array]:
    return lambda values, _: np.asarray(values[site]) > 0


def _above_target(site: str) -> Callable[[Values, Array], Array]:
    return lambda values, y: np.sign(np.asarray(values[site]) - y)


def _clipped(site: str) -> Callable[[Values, Array], Array]:
    def outside(values: Values, _: Array) -> Array:
        p = np.asarray(values[site])
        return np.where(p < EPSILON, -1, np.where(p > 1 - EPSILON, 1, 0))

    return outside
