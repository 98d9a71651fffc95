"""Losses: each returns its value for a batch and ``dL/dy_pred``, together.

A loss is first computed for each sample (a mean or a sum over the last axis, as each
docstring says) and then reduced over the batch: ``sum_over_batch_size``, the default,
divides the sum by the number of samples (of all axes but the last), ``sum`` does not.

The cross-entropies read ``y_pred`` as probabilities, clipped to ``[1e-7, 1 - 1e-7]`` as
Keras clips them, or with ``from_logits=True`` as logits, where nothing can overflow and
nothing needs a clip.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from scratch.arrays import Array
from scratch.configuration import Configured, by_name, resolve

#: Keras's ``backend.epsilon()``.
EPSILON = 1e-7


class Loss(Configured):
    """What all losses share: the reduction over the batch."""

    module: ClassVar[str] = "keras.losses"
    reduction: str

    def __post_init__(self) -> None:
        """Refuse a reduction that scratch does not compute."""
        super().__post_init__()
        if self.reduction not in {"sum_over_batch_size", "sum"}:
            message = (
                f"{type(self).__name__}: reduction must be 'sum_over_batch_size' or 'sum', "
                f"not {self.reduction!r}"
            )
            raise ValueError(message)

    def divisor(self, samples: int) -> int:
        """Return what the sum over that many samples is divided by."""
        return 1 if self.reduction == "sum" else samples

    def terms(self, y_pred: Array) -> int:
        """Return what the sum over all outputs of all samples is divided by."""
        outputs: int = y_pred.shape[-1]
        return outputs * self.divisor(y_pred.size // outputs)

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        """Return the loss of the batch, a scalar, and its gradient, shaped like ``y_pred``.

        Both are in the dtype of ``y_pred``. Raises ``ValueError`` for targets of another shape.
        """
        raise NotImplementedError


def targets(y_true: Array, y_pred: Array) -> Array:
    """Return ``y_true`` in the dtype of ``y_pred``, whose shape it must have.

    Broadcast, (n,) against (n, 1) would be (n, n): the loss of every pair.
    """
    if y_true.shape != y_pred.shape:
        message = (
            f"y_true must have the shape of y_pred, {y_pred.shape}, received {y_true.shape}"
            " (class numbers are for SparseCategoricalCrossentropy)"
        )
        raise ValueError(message)
    return y_true if y_true.dtype == y_pred.dtype else y_true.astype(y_pred.dtype)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """``(y_pred - y_true)**2``: the mean over the last axis, then over the batch.

    Both means divide, so the gradient is ``2 (y_pred - y_true) / y_pred.size``; with the
    reduction ``sum`` only the first does.
    """

    reduction: str = "sum_over_batch_size"

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        """Return the loss and ``dL/dy_pred``; both arrays are (batch, …, outputs)."""
        error = y_pred - targets(y_true, y_pred)
        terms = self.terms(y_pred)
        return (error * error).sum() / terms, 2 * error / terms


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """``|y_pred - y_true|``: the mean over the last axis, then over the batch.

    The derivative at 0, where there is none, is 0.
    """

    reduction: str = "sum_over_batch_size"

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        """Return the loss and ``dL/dy_pred``; both arrays are (batch, …, outputs)."""
        error = y_pred - targets(y_true, y_pred)
        terms = self.terms(y_pred)
        return np.abs(error).sum() / terms, np.sign(error) / terms


@dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """``-(y log p + (1 - y) log(1 - p))``: the mean over the last axis, then over the batch.

    ``y_true`` holds 0 and 1 (``label_smoothing`` s moves it to ``y (1 - s) + s / 2``) and
    ``y_pred`` holds ``p``, or with ``from_logits`` ``z`` where ``p = sigmoid(z)``. From
    logits the loss is written ``max(z, 0) - z y + log1p(exp(-|z|))``, and its derivative is
    the famous ``p - y``, written so that ``p`` near 1 does not swallow ``1 - p``.
    """

    from_logits: bool = False
    label_smoothing: float = 0.0
    reduction: str = "sum_over_batch_size"

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        """Return the loss and ``dL/dy_pred``; both arrays are (batch, …, outputs)."""
        y = targets(y_true, y_pred)
        if self.label_smoothing:
            y = y * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        formula = _binary_from_logits if self.from_logits else _binary_from_probabilities
        losses, gradient = formula(y, y_pred)
        terms = self.terms(y_pred)
        return losses.sum() / terms, gradient / terms


def _binary_from_logits(y: Array, z: Array) -> tuple[Array, Array]:
    e = np.exp(-np.abs(z))
    losses = np.maximum(z, 0) - z * y + np.log1p(e)
    away = e / (1 + e)  # sigmoid(-|z|): what p lacks of 1, or has above 0
    return losses, np.where(z > 0, 1 - y - away, away - y)


def _binary_from_probabilities(y: Array, p: Array) -> tuple[Array, Array]:
    clipped = np.clip(p, EPSILON, 1 - EPSILON)
    losses = -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped))
    # A clipped value does not move with p: its derivative is 0.
    return losses, ((1 - y) / (1 - clipped) - y / clipped) * _inside(p)


def _inside(p: Array) -> Array:
    """Return where the clip leaves ``p`` alone, its bounds included."""
    low, high = p.dtype.type(EPSILON), p.dtype.type(1 - EPSILON)
    inside: Array = (p >= low) & (p <= high)
    return inside


@dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """``-sum_c y_c log p_c`` over the classes (the last axis), then the mean over the batch.

    ``y_true`` is one-hot (``label_smoothing`` s moves it to ``y (1 - s) + s / classes``).
    ``y_pred`` holds ``p``, divided by its sum before the clip; or with ``from_logits`` it
    holds ``z`` where ``p = softmax(z)``, and the derivative is ``p - y``. That is the slope where
    each row of ``y`` sums to 1 (else it would be ``p sum(y) - y``), and what TensorFlow takes.
    """

    from_logits: bool = False
    label_smoothing: float = 0.0
    reduction: str = "sum_over_batch_size"

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        """Return the loss and ``dL/dy_pred``; both arrays are (batch, …, classes)."""
        y, classes = targets(y_true, y_pred), y_pred.shape[-1]
        if self.label_smoothing:
            y = y * (1 - self.label_smoothing) + self.label_smoothing / classes
        formula = _categorical_from_logits if self.from_logits else _categorical_from_probabilities
        losses, gradient = formula(y, y_pred)
        terms = self.divisor(losses.size)
        return losses.sum() / terms, gradient / terms


def _categorical_from_logits(y: Array, z: Array) -> tuple[Array, Array]:
    surprise, p = _surprise(z)
    return (y * surprise).sum(axis=-1), p - y


def _surprise(z: Array) -> tuple[Array, Array]:
    """Return ``-log p``, and ``p = softmax(z)`` itself, over the last axis."""
    shifted = z - z.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=-1, keepdims=True)
    return np.log(total) - shifted, e / total


def _categorical_from_probabilities(y: Array, p: Array) -> tuple[Array, Array]:
    total = p.sum(axis=-1, keepdims=True)
    share = p / total
    clipped = np.clip(share, EPSILON, 1 - EPSILON)
    dshare = -y / clipped * _inside(share)
    # share = p / sum(p): the pullback of a division by one's own sum.
    dp = (dshare - (dshare * share).sum(axis=-1, keepdims=True)) / total
    return -(y * np.log(clipped)).sum(axis=-1), dp


@dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """``-log p_c`` of the true class ``c``, then the mean over the batch.

    ``y_true`` holds class numbers, (batch, …) or (batch, …, 1). ``y_pred`` holds
    probabilities or, with ``from_logits``, logits. Keras clips probabilities and then feeds
    ``log p`` to the formula for logits, which divides by the sum after the clip.
    """

    from_logits: bool = False
    reduction: str = "sum_over_batch_size"

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        """Return the loss and ``dL/dy_pred``, which is (batch, …, classes).

        Raises ``ValueError`` for what are no class numbers.
        """
        labels = class_numbers(y_true, y_pred)
        if self.from_logits:
            losses, gradient = _sparse_from_logits(labels, y_pred)
        else:
            clipped = np.clip(y_pred, EPSILON, 1 - EPSILON)
            losses, dlogits = _sparse_from_logits(labels, np.log(clipped))
            gradient = dlogits / clipped * _inside(y_pred)
        terms = self.divisor(losses.size)
        return losses.sum() / terms, gradient / terms


def class_numbers(y_true: Array, y_pred: Array) -> Array:
    """Return ``y_true`` as (batch, …, 1) class numbers of ``y_pred``, (batch, …, classes)."""
    *samples, classes = y_pred.shape
    if y_true.shape not in {(*samples,), (*samples, 1)}:
        message = (
            f"class numbers must have the shape {(*samples,)} or {(*samples, 1)}, "
            f"received {y_true.shape} (one-hot rows are for CategoricalCrossentropy)"
        )
        raise ValueError(message)
    right = (y_true >= 0) & (y_true < classes) & (y_true == np.floor(y_true))
    if not right.all():
        message = (
            f"class numbers must be whole, from 0 to {classes - 1}, "
            f"received {y_true[~right].flat[0]}"
        )
        raise ValueError(message)
    return y_true.reshape(*samples, 1).astype(np.intp)


def _sparse_from_logits(labels: Array, z: Array) -> tuple[Array, Array]:
    surprise, p = _surprise(z)
    one_hot = labels == np.arange(z.shape[-1])
    # Only the true class is looked at: beside it a logit may be -inf.
    return np.take_along_axis(surprise, labels, axis=-1), p - one_hot


LOSSES: dict[str, type[Loss]] = by_name(
    MeanSquaredError,
    MeanAbsoluteError,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    mse=MeanSquaredError,
    MSE=MeanSquaredError,
    mae=MeanAbsoluteError,
    MAE=MeanAbsoluteError,
    bce=BinaryCrossentropy,
    BCE=BinaryCrossentropy,
)


def get(identifier: str | Mapping[str, Any] | Loss) -> Loss:
    """Return the loss meant by a name or a config; raises ``ValueError`` if unknown."""
    return resolve(Loss, LOSSES, identifier)
