"""Mistakes in the loss and its gradient, together or in the gradient alone."""
# ruff: noqa: ARG005  all pieces of a kind are handed the same, used or not

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.problems import Problem
from comparisons.runs.trainers import Array
from scratch import activations
from scratch.layers import Dense
from scratch.losses import (
    BinaryCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
    class_numbers,
)

#: Where a wrong epsilon stands instead of Keras's 1e-7.
_OTHER_EPSILON = 1e-15

#: Losses whose value is also a mean over the outputs.
OVER_OUTPUTS = MeanSquaredError | MeanAbsoluteError | BinaryCrossentropy


def faults(problem: Problem) -> Iterator[Fault]:
    """Yield the mistakes that the loss of a problem can have."""
    loss = problem.network.loss
    last = [layer.name for layer in problem.network.layers if isinstance(layer, Dense)][-1]
    gradient = f"backward/{last}/kernel"
    yield _fault(
        "sign flipped", gradient, _scaled(1, -1),
        "The gradient of the loss has the wrong sign: the loss climbs.",
        "The derivative of (p - y)² is 2 (p - y), and that of a cross-entropy p - y.",
        "classification",
    )  # fmt: skip
    yield Fault(
        "loss taken after the update",
        "loss/value",
        {"report": lambda value, afterwards: afterwards()},
        "The loss is computed with the parameters that the step has just changed.",
        "Compute it from the prediction that the gradients were formed with.",
        "regression",
    )
    yield from _in_means(problem, loss, gradient)
    if isinstance(loss, MeanSquaredError):
        yield from _in_squared_error(problem, gradient)
    if isinstance(loss, MeanAbsoluteError):
        yield _fault(
            "squared in place of absolute error", "loss/value",
            lambda _, y, p: MeanSquaredError()(y, p),
            "The errors are squared.",
            "The mean absolute error is mean(|p - y|), its gradient sign(p - y) / p.size.",
            "absolute_error",
        )  # fmt: skip
    if isinstance(loss, BinaryCrossentropy):
        yield from _in_binary(problem, gradient)
    if getattr(loss, "label_smoothing", 0):
        yield _fault(
            "label smoothing left out", "loss/value",
            lambda textbook, y, p: replace(textbook, label_smoothing=0.0)(y, p),
            "The targets are used as they stand, without label smoothing.",
            "Smooth them first: y (1 - s) + s / classes.",
            "softmax_smoothed",
        )  # fmt: skip


def _fault(
    kind: str, site: str, formula: Callable[..., Any], *text: str, of_the_batch: bool = False
) -> Fault:
    wrong, mend, shown_by = text
    pieces = {"loss": formula}
    return Fault(kind, site, pieces, wrong, mend, shown_by, of_the_batch=of_the_batch)


def _scaled(value: float, gradient: float) -> Callable[[Loss, Array, Array], tuple[Any, Array]]:
    """Return the loss with its value and its gradient multiplied."""

    def scaled(textbook: Loss, y: Array, p: Array) -> tuple[Any, Array]:
        v, g = textbook(y, p)
        return v * value, g * gradient

    return scaled


def _in_means(problem: Problem, loss: Loss, gradient: str) -> Iterator[Fault]:
    yield _fault(
        "sum over the batch", "loss/value", _summed(batch=True),
        "The loss and its gradient are summed over the batch where the mean is meant.",
        "Divide by the number of samples in the batch.",
        "several_outputs",
    )  # fmt: skip
    yield _fault(
        "gradient not divided by the batch", gradient, _summed(batch=True, value=False),
        "The loss is a mean over the batch and its gradient is a sum.",
        "Divide the gradient by what the loss is divided by.",
        "short_last_batch",
        of_the_batch=True,
    )  # fmt: skip
    if problem.y.shape[-1] > 1 and isinstance(loss, OVER_OUTPUTS):
        yield _fault(
            "sum over the outputs", "loss/value", _summed(outputs=True),
            "The loss and its gradient are summed over the outputs where the mean is meant.",
            "Divide by the number of outputs too.",
            "several_outputs",
        )  # fmt: skip
        yield _fault(
            "sum over batch and outputs", "loss/value", _summed(batch=True, outputs=True),
            "The loss and its gradient are sums over all values where the mean is meant.",
            "Divide by the number of values, p.size.",
            "several_outputs",
        )  # fmt: skip
    if problem.order.shape[1] % problem.batch_size:
        full = problem.batch_size

        def by_full_batch(textbook: Loss, y: Array, p: Array) -> tuple[Any, Array]:
            v, g = textbook(y, p)
            return v * len(p) / full, g * len(p) / full

        yield _fault(
            "short batch divided by the full batch size", "loss/value", by_full_batch,
            "The last batch has fewer rows and is divided by the size of a full one.",
            "Divide by the rows that are there: len(p).",
            "short_last_batch",
        )  # fmt: skip


def _summed(
    *, batch: bool = False, outputs: bool = False, value: bool = True
) -> Callable[[Loss, Array, Array], tuple[Any, Array]]:
    def summed(textbook: Loss, y: Array, p: Array) -> tuple[Any, Array]:
        times = (len(p) if batch else 1) * (p.shape[-1] if outputs else 1)
        return _scaled(times if value else 1, times)(textbook, y, p)

    return summed


def _in_squared_error(problem: Problem, gradient: str) -> Iterator[Fault]:
    yield _fault(
        "factor 2 missing", gradient, _scaled(1, 0.5),
        "The gradient of the squared error lacks its factor 2.",
        "The derivative of (p - y)² is 2 (p - y).",
        "regression",
    )  # fmt: skip
    yield _fault(
        "squared error halved", "loss/value", _scaled(0.5, 0.5),
        "Half the squared error is minimised, as in the delta rule.",
        "Keras's mean squared error has no factor ½, and its gradient is 2 (p - y) / p.size.",
        "regression",
    )  # fmt: skip
    yield _fault(
        "root of the squared error", "loss/value", _rooted,
        "The root of the mean squared error is minimised.",
        "Leave the root out: mean((p - y)²).",
        "regression",
    )  # fmt: skip
    if problem.y.shape[1:] == (1,):
        yield _fault(
            "(n,) against (n, 1)", "loss/value", _broadcast,
            "Targets of shape (n,) against predictions of shape (n, 1) give n × n differences.",
            "Give both the same shape: y.reshape(-1, 1).",
            "short_last_batch",
            of_the_batch=True,
        )  # fmt: skip


def _rooted(textbook: Loss, y: Array, p: Array) -> tuple[Any, Array]:
    value, gradient = textbook(y, p)
    root = np.sqrt(value)
    return root, gradient / (2 * root)


def _broadcast(_: Loss, y: Array, p: Array) -> tuple[Any, Array]:
    error = p - y[:, 0]
    return np.mean(error * error), 2 * error.sum(axis=1, keepdims=True) / error.size


def _in_binary(problem: Problem, gradient: str) -> Iterator[Fault]:
    from_logits = problem.network.loss.from_logits  # type: ignore[attr-defined]
    yield _fault(
        "gradient of the squared error", gradient,
        lambda textbook, y, p: (textbook(y, p)[0], squared_error(textbook, y, p)[1]),
        "The loss is the cross-entropy and its gradient that of the squared error, "
        "2 (p - y) p (1 - p) behind the sigmoid.",
        "With a cross-entropy dz = p - y, divided as the loss is.",
        "classification",
    )  # fmt: skip
    yield _fault(
        "squared error in place of the cross-entropy", "loss/value", squared_error,
        "The squared error is minimised, its gradient 2 (p - y) p (1 - p) behind the sigmoid.",
        "The loss is -(y log p + (1 - y) log(1 - p)), and dz = p - y.",
        "classification",
    )  # fmt: skip
    yield _fault(
        "only the loss of the ones", "loss/value", of_ones,
        "Only y log p is counted, so samples labelled 0 teach nothing.",
        "Add the other half: -(y log p + (1 - y) log(1 - p)).",
        "classification",
    )  # fmt: skip
    if from_logits:
        yield _fault(
            "probabilities in place of logits", "loss/value", _from_probabilities,
            "The loss is computed from clipped probabilities, and Keras computes it from logits.",
            "Use max(z, 0) - z y + log1p(exp(-|z|)), whose derivative is p - y.",
            "logits",
        )  # fmt: skip
    else:
        yield _fault(
            "clipped at another epsilon", "loss/value", _clipped_elsewhere,
            f"Probabilities are clipped at {_OTHER_EPSILON:g}.",
            "Keras clips at 1e-7.",
            "sigmoid_clipped",
        )  # fmt: skip
        yield _fault(
            "gradient let through the clip", gradient, _through_clip,
            "A clipped probability still gets a gradient.",
            "What is clipped does not move: its gradient is 0.",
            "sigmoid_clipped",
        )  # fmt: skip


def of_ones(textbook: Loss, y: Array, p: Array) -> tuple[Any, Array]:
    """The textbook's loss where y is 1, and 0 elsewhere; a sample at a time gives its share."""
    value, gradient = 0.0, np.zeros_like(p)
    for place in zip(*np.nonzero(y), strict=True):
        v, g = textbook(y[place].reshape(1, 1), p[place].reshape(1, 1))
        value, gradient[place] = value + v / p.size, g[0, 0] / p.size
    return value, gradient


def _from_probabilities(textbook: Any, y: Array, z: Array) -> tuple[Any, Array]:
    p, pullback = activations.sigmoid(z)
    value, gradient = replace(textbook, from_logits=False)(y, p)
    return value, pullback(gradient)


def _clipped_elsewhere(_: Loss, y: Array, p: Array) -> tuple[Any, Array]:
    clipped = np.clip(p, _OTHER_EPSILON, 1 - _OTHER_EPSILON)
    losses = -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped))
    return losses.mean(), ((1 - y) / (1 - clipped) - y / clipped) / p.size


def _through_clip(textbook: Loss, y: Array, p: Array) -> tuple[Any, Array]:
    clipped = np.clip(p, 1e-7, 1 - 1e-7)
    return textbook(y, p)[0], ((1 - y) / (1 - clipped) - y / clipped) / p.size


def probabilities(textbook: Any, y: Array, p: Array) -> tuple[Array, Array]:
    """Return targets and predictions of a cross-entropy as probabilities, one a class."""
    binary = isinstance(textbook, BinaryCrossentropy)
    if isinstance(textbook, SparseCategoricalCrossentropy):
        y = (class_numbers(y, p) == np.arange(p.shape[-1])).astype(p.dtype)
    if textbook.from_logits:
        p, _ = (activations.sigmoid if binary else activations.softmax)(p)
    return y, p


def squared_error(textbook: Any, y: Array, p: Array) -> tuple[Any, Array]:
    """The squared error in place of any other loss; after logits it is that of a sigmoid."""
    if isinstance(textbook, BinaryCrossentropy) and textbook.from_logits:
        p, pullback = activations.sigmoid(p)
        value, gradient = MeanSquaredError(textbook.reduction)(y, p)
        return value, pullback(gradient)
    if not isinstance(textbook, MeanAbsoluteError):
        y, p = probabilities(textbook, y, p)
    return MeanSquaredError(textbook.reduction)(y, p)
