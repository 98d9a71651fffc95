"""The pieces of a training step, as the textbook has them: what a fault puts another in place of.

Each piece is a pure function of what it is handed. Pieces that a layer has of its own are
known by the layer's name (``slope/dense``), the others by their own (``loss``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from comparisons.runs.trainers import Array
from scratch.arrays import ActivationFunction, ActivationPullback, Params
from scratch.losses import Loss
from scratch.optimizers import Optimizer, Slots

Piece = Callable[..., Any]


class Seen(NamedTuple):
    """What a Dense has seen on the way up: input ``x``, logits ``z`` and output ``y``, in rows."""

    x: Array
    z: Array
    y: Array


class Passing(NamedTuple):
    """What an error is passed down with: all layers' parameters, and this layer's after its step.

    ``dz`` is (batch, units) and belongs to ``layer``.
    """

    dz: Array
    layer: str
    params: Mapping[str, Params]
    updated: Params


class Updating(NamedTuple):
    """What a parameter is updated with.

    ``before`` are the layer's parameters at the start of the step, and ``updated`` those that
    already have their new values: the kernel comes before the bias.
    """

    rule: Optimizer
    tensor: str
    before: Params
    updated: Params
    gradient: Array
    slots: Slots
    t: int


def batch(number: int, x: Array, y: Array) -> tuple[Array, Array]:
    """The batch of step ``number``, counted from 0: the one that was handed in."""
    del number
    return x, y


def affine(params: Params, x: Array) -> Array:
    """``z = x @ kernel + bias``."""
    z: Array = x @ params["kernel"]
    return z + params["bias"] if "bias" in params else z


def activation(function: ActivationFunction, z: Array) -> tuple[Array, ActivationPullback]:
    """``y = f(z)`` and its pullback."""
    return function(z)


def slope(pullback: ActivationPullback, dy: Array, seen: Seen) -> Array:
    """``dz``: ``dy`` times the activation's derivative."""
    del seen
    return pullback(dy)


def kernel_gradient(seen: Seen, dz: Array) -> Array:
    """``xᵀ @ dz``."""
    gradient: Array = seen.x.T @ dz
    return gradient


def bias_gradient(dz: Array) -> Array:
    """The sum of ``dz`` over the batch."""
    gradient: Array = np.add.reduce(dz, axis=0)
    return gradient


def input_gradient(down: Passing) -> Array:
    """``dz @ kernelᵀ``, with the kernel that made the output."""
    gradient: Array = down.dz @ down.params[down.layer]["kernel"].T
    return gradient


def loss(textbook: Loss, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
    """The value and the gradient of the loss."""
    return textbook(y_true, y_pred)


def value(computed: Any, textbook: Loss, y_true: Array, y_pred: Array) -> Any:
    """The value of the loss that is shown, which no gradient depends on: the one computed."""
    del textbook, y_true, y_pred
    return computed


def report(value: Any, afterwards: Callable[[], Any]) -> Any:
    """The loss that is reported: before the update; ``afterwards`` computes the other."""
    del afterwards
    return value


def shown(value: Any, rows: int, before: Sequence[tuple[Any, int]]) -> Any:
    """The loss that is shown: the step's own, and nothing of those ``before``, with their rows."""
    del rows, before
    return value


def gradient(now: Array, last: Array | None) -> Array:
    """The gradient that the rule is given; ``last`` is that of the step before, if any."""
    del last
    return now


def constants(optimizer: Optimizer) -> Optimizer:
    """The update rule with the constants that Keras holds."""
    return optimizer


def epsilon(optimizer: Optimizer) -> Optimizer:
    """The update rule with its epsilon."""
    return optimizer


def rule(optimizer: Optimizer) -> Optimizer:
    """The update rule."""
    return optimizer


def update(one: Updating) -> tuple[Array, Slots]:
    """The new parameter and its slots, by the rule."""
    return one.rule.update(one.before[one.tensor], one.gradient, one.slots, one.t)


def stored(w: Array) -> Array:
    """What is kept of a new parameter: all of it."""
    return w


#: Every piece by its name, without the layer's.
TEXTBOOK: dict[str, Piece] = {
    piece.__name__: piece
    for piece in (
        batch,
        affine,
        activation,
        slope,
        kernel_gradient,
        bias_gradient,
        input_gradient,
        loss,
        value,
        report,
        shown,
        gradient,
        constants,
        epsilon,
        rule,
        update,
        stored,
    )
}
