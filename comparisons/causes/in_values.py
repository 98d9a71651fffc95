"""Mistakes in the loss that is shown: its gradient is right, and all that it moves."""
# ruff: noqa: ARG001, ARG005  all pieces of a kind are handed the same, used or not

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.causes.in_losses import OVER_OUTPUTS, of_ones, probabilities, squared_error
from comparisons.causes.pieces import Piece
from comparisons.problems import Problem
from comparisons.runs.trainers import Array
from scratch.losses import BinaryCrossentropy, Loss, MeanAbsoluteError, MeanSquaredError

#: What is added in a logarithm so that it never sees 0. Smaller ones are lost in 0.5.
_ADDED = (1e-7, 1e-8, 1e-9, 1e-10, 1e-12)


def faults(problem: Problem) -> Iterator[Fault]:
    """Yield the mistakes that a problem's loss can have in its value alone."""
    loss = problem.network.loss
    yield _shown(
        "loss shown as a sum over the batch", _times(len),
        "The loss shown is the sum over the batch; the gradients are right.",
        "Divide the loss by the number of samples in the batch.",
        "several_outputs",
        of_the_batch=True,
    )  # fmt: skip
    if problem.y.shape[-1] > 1 and isinstance(loss, OVER_OUTPUTS):
        yield _shown(
            "loss shown as a sum over the outputs", _times(lambda p: p.shape[-1]),
            "The loss shown is summed over the outputs; the gradients are right.",
            "Divide the loss by the number of outputs too.",
            "several_outputs",
        )  # fmt: skip
        yield _shown(
            "loss shown as a sum over batch and outputs", _times(lambda p: p.size),
            "The loss shown is a sum over all values; the gradients are right.",
            "Divide the loss by the number of values, p.size.",
            "several_outputs",
        )  # fmt: skip
    yield from _in_mean_so_far(problem)
    if isinstance(loss, MeanSquaredError):
        yield from _in_squared_value()
    elif isinstance(loss, MeanAbsoluteError):
        yield _shown(
            "squared error shown as the loss",
            lambda value, textbook, y, p: squared_error(textbook, y, p)[0],
            "The loss shown is the squared error; the gradients are right.",
            "Show mean(|p - y|).",
            "absolute_error",
        )  # fmt: skip
    else:
        yield from _in_cross_entropy_value(loss)


def _shown(
    kind: str,
    formula: Piece,
    *text: str,
    dtype: str | None = None,
    of_the_batch: bool = False,
) -> Fault:
    wrong, mend, shown_by = text
    pieces = {"value": formula}
    return Fault(
        kind, "loss/value", pieces, wrong, mend, shown_by, dtype=dtype, of_the_batch=of_the_batch
    )


def _in_mean_so_far(problem: Problem) -> Iterator[Fault]:
    """Yield what is shown by those who add up the losses of an epoch, where it has several."""
    steps = problem.steps_per_epoch
    if steps == 1:
        return
    yield Fault(
        "loss shown averaged over the batches so far", "loss/value",
        {"shown": partial(_mean_so_far, steps, by_row=False)},
        "The loss shown is a mean over the epoch's batches so far, in which a short batch counts "
        "like a full one.",
        "Show each step's own loss; that of an epoch weighs each by its rows, as fit does.",
        "short_last_batch", remembers=True,
    )  # fmt: skip
    if problem.order.shape[1] % problem.batch_size:
        yield Fault(
            "loss shown averaged over the rows so far", "loss/value",
            {"shown": partial(_mean_so_far, steps, by_row=True)},
            "The loss shown is a mean over the epoch's rows so far.",
            "Show each step's own loss; this is what fit shows at the end of an epoch.",
            "short_last_batch", remembers=True,
        )  # fmt: skip


def _mean_so_far(
    steps: int, value: Any, rows: int, before: Sequence[tuple[Any, int]], *, by_row: bool
) -> Any:
    """The mean of the epoch's losses so far, this one included."""
    epoch = [*before[len(before) // steps * steps :], (value, rows)]
    weights = [n if by_row else 1 for _, n in epoch]
    return sum(v * n for (v, _), n in zip(epoch, weights, strict=True)) / sum(weights)


def _times(factor: Callable[[Array], float]) -> Piece:
    """Return what multiplies the value, by what depends on the prediction's shape."""
    return lambda value, textbook, y, p: value * factor(p)


def _in_squared_value() -> Iterator[Fault]:
    yield _shown(
        "loss shown halved", _times(lambda p: 0.5),
        "The loss shown is half the squared error; the gradients are right.",
        "Keras's mean squared error has no factor ½.",
        "regression",
    )  # fmt: skip
    yield _shown(
        "loss shown as its root",
        lambda value, textbook, y, p: np.sqrt(value),
        "The loss shown is the root of the squared error; the gradients are right.",
        "Leave the root out: mean((p - y)²).",
        "regression",
    )  # fmt: skip
    yield _shown(
        "absolute error shown as the loss",
        lambda value, textbook, y, p: MeanAbsoluteError(textbook.reduction)(y, p)[0],
        "The loss shown is the absolute error; the gradients are right.",
        "Show mean((p - y)²).",
        "regression",
    )  # fmt: skip


def _in_cross_entropy_value(loss: Loss) -> Iterator[Fault]:
    yield _shown(
        "loss shown with the wrong sign", _times(lambda p: -1),
        "The loss shown lacks its minus sign; the gradients are right.",
        "A logarithm of a probability is negative, and the loss is its negative.",
        "classification",
    )  # fmt: skip
    yield _shown(
        "loss shown in log2", _times(lambda p: 1 / np.log(2)),
        "The loss shown is computed with log2; the gradients are right.",
        "Use the natural logarithm, np.log.",
        "classification",
    )  # fmt: skip
    yield _shown(
        "squared error shown as the loss",
        lambda value, textbook, y, p: squared_error(textbook, y, p)[0],
        "The loss shown is the squared error; the gradients are right.",
        "Show the cross-entropy, whose gradient this is.",
        "classification",
    )  # fmt: skip
    if isinstance(loss, BinaryCrossentropy):
        yield _shown(
            "loss shown of the ones only",
            lambda value, textbook, y, p: of_ones(textbook, y, p)[0],
            "The loss shown is y log p without its other half; the gradients are right.",
            "Add it: -(y log p + (1 - y) log(1 - p)).",
            "classification",
        )  # fmt: skip
    else:
        yield _shown(
            "loss shown as a mean over the classes", _times(lambda p: 1 / p.shape[-1]),
            "The loss shown is divided by the number of classes; the gradients are right.",
            "Sum over the classes: -sum(y log p), and divide by the samples only.",
            "softmax_sparse",
        )  # fmt: skip
    for added in _ADDED:
        yield _shown(
            f"{added:g} added in the logarithm",
            partial(_with_added, added),
            f"The loss shown is computed with log(p + {added:g}); the gradients are right.",
            "Keras adds nothing: clip p where it may be 0.",
            "classification",
            dtype="float64",
        )  # fmt: skip


def _with_added(added: float, value: Any, textbook: Any, y: Array, p: Array) -> Any:
    y, p = probabilities(textbook, y, p)
    s, classes = getattr(textbook, "label_smoothing", 0), p.shape[-1]
    if isinstance(textbook, BinaryCrossentropy):
        y = y * (1 - s) + s / 2
        losses = -(y * np.log(p + added) + (1 - y) * np.log(1 - p + added))
        return losses.sum() / textbook.terms(p)
    y = y * (1 - s) + s / classes
    return -(y * np.log(p + added)).sum() / textbook.divisor(p.size // classes)
