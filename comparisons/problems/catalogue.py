"""The catalogue: small problems that each ask one question.

Drawn weights and data come from ``RandomState``, whose streams NumPy has frozen for good, and
are rounded to a few decimals, so that a problem is the same numbers everywhere.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems.defining import define
from comparisons.problems.errors import ProblemError
from comparisons.problems.problem import Problem
from scratch import Activation, Dense, Flatten
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

Array = npt.NDArray[Any]

#: The notes' students: cgpa and profile score; then lpa, and whether they were placed.
STUDENTS_LPA = np.array([[8, 8, 4], [7, 9, 5], [6, 10, 6], [5, 12, 7]], float)
STUDENTS_PLACED = np.array([[8, 8, 1], [7, 9, 1], [6, 10, 0], [5, 5, 0]], float)

#: Six students with features around 0, for the problems that are not the notes' own.
FEATURES = np.array(
    [[0.5, -1.2], [-0.3, 0.8], [1.1, 0.4], [-0.9, -0.6], [0.2, 1.5], [-1.4, 0.1], [0.7, -0.5]]
)
TARGETS = np.array([[0.9], [-0.4], [1.3], [-1.1], [0.6], [-0.7], [0.3]])
LABELS = (TARGETS > 0).astype(float)
CLASSES = np.array([[2], [0], [1], [0], [1], [2], [2]])


def _tenths() -> list[Array]:
    """Return the notes' start for 2-2-1: every weight 0.1 and every bias 0."""
    return [np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)]


_ASYMMETRIC = [[[0.11, -0.07], [0.05, 0.13]], [0.02, -0.03], [[0.09], [-0.12]], [0.04]]


def _regression() -> Problem:
    return define(
        "regression",
        "Does the notes' regression (LPA from CGPA and profile score) go through Keras's numbers?",
        [Dense(2), Dense(1)],
        MeanSquaredError(),
        SGD(0.001),
        (STUDENTS_LPA[:, :2], STUDENTS_LPA[:, 2:]),
        weights=_tenths(),
        epochs=5,
    )


def _classification() -> Problem:
    return define(
        "classification",
        "Does the notes' classification (placed or not) go through Keras's numbers?",
        [Dense(2, "sigmoid"), Dense(1, "sigmoid")],
        BinaryCrossentropy(),
        SGD(0.0001),
        (STUDENTS_PLACED[:, :2], STUDENTS_PLACED[:, 2:]),
        weights=_tenths(),
        epochs=50,
    )


def _regression_asymmetric() -> Problem:
    return define(
        "regression_asymmetric",
        "Same network and data, but no two weights alike: is every kernel the right way round?",
        [Dense(2), Dense(1)],
        MeanSquaredError(),
        SGD(0.001),
        (STUDENTS_LPA[:, :2], STUDENTS_LPA[:, 2:]),
        weights=_ASYMMETRIC,
        epochs=5,
    )


def _classification_asymmetric() -> Problem:
    return define(
        "classification_asymmetric",
        "Same network and data, but no two weights alike: is every unit's own delta used?",
        [Dense(2, "sigmoid"), Dense(1, "sigmoid")],
        BinaryCrossentropy(),
        SGD(0.05),
        (STUDENTS_PLACED[:, :2], STUDENTS_PLACED[:, 2:]),
        weights=_ASYMMETRIC,
        epochs=50,
    )


def _short_last_batch() -> Problem:
    return define(
        "short_last_batch",
        "What is a short last batch divided by, and how much does it count in the epoch's loss?",
        [Dense(3, "tanh"), Dense(1)],
        MeanSquaredError(),
        SGD(0.05),
        (FEATURES, TARGETS),
        weights=0.8,
        epochs=10,
        batch_size=3,
    )


def _shuffled() -> Problem:
    draw = np.random.RandomState(7)
    return define(
        "shuffled",
        "Given the order of the rows, another one each epoch, do both sides train in that order?",
        [Dense(3, "sigmoid"), Dense(1)],
        MeanSquaredError(),
        SGD(0.1),
        (FEATURES, TARGETS),
        weights=0.8,
        epochs=8,
        batch_size=2,
        order=np.stack([draw.permutation(len(FEATURES)) for _ in range(8)]),
    )


def _several_outputs() -> Problem:
    targets = np.hstack([TARGETS, -2 * TARGETS + 0.5, TARGETS**2])
    return define(
        "several_outputs",
        "With several outputs, does the mean run over outputs as well as over the batch?",
        [Dense(4, "tanh"), Dense(3)],
        MeanSquaredError(),
        SGD(0.05),
        (FEATURES, targets),
        weights=0.7,
        epochs=8,
        batch_size=4,
    )


def _deep_tanh() -> Problem:
    return define(
        "deep_tanh",
        "Through eight tanh layers gradients vanish: are the smallest still Keras's?",
        [*(Dense(3, "tanh") for _ in range(8)), Dense(1)],
        MeanSquaredError(),
        SGD(0.1),
        (FEATURES, TARGETS),
        weights=0.6,
        epochs=6,
        batch_size=2,
    )


def _saturated_sigmoid() -> Problem:
    return define(
        "saturated_sigmoid",
        "Where sigmoids are near 0 or 1 and A (1 - A) near 0, what is left of the gradients?",
        [Dense(3, "sigmoid"), Dense(3, "sigmoid"), Dense(1, "sigmoid")],
        BinaryCrossentropy(),
        SGD(0.5),
        (6 * FEATURES, LABELS),
        weights=3.0,
        epochs=8,
    )


def _relu_kinks() -> Problem:
    # The second and third units meet 0 exactly at the first and second row.
    kernel = [[0.6, 1.0, 0.0, -0.4], [0.3, 0.0, 2.0, 0.5]]
    x = np.array([[0.0, 0.5], [0.75, 0.0], [-0.5, 0.25], [1.0, -1.5]])
    return define(
        "relu_kinks",
        "What is the derivative of relu at exactly 0?",
        [Dense(4, "relu"), Dense(1)],
        MeanSquaredError(),
        SGD(0.01),
        (x, TARGETS[:4]),
        weights=[kernel, np.zeros(4), [[0.7], [-0.6], [0.4], [0.9]], [0.1]],
        epochs=6,
    )


def _softmax_sparse() -> Problem:
    return define(
        "softmax_sparse",
        "Softmax with class numbers: is the gradient at the logits softmax minus one-hot?",
        [Dense(4, "tanh"), Dense(3, "softmax")],
        SparseCategoricalCrossentropy(),
        SGD(0.2),
        (FEATURES, CLASSES),
        weights=0.8,
        epochs=8,
        batch_size=3,
    )


def _softmax_smoothed() -> Problem:
    return define(
        "softmax_smoothed",
        "Softmax with one-hot targets and label smoothing: where does the smoothing go?",
        [Dense(4, "elu"), Dense(3, "softmax")],
        CategoricalCrossentropy(label_smoothing=0.1),
        SGD(0.2),
        (FEATURES, np.eye(3)[CLASSES[:, 0]]),
        weights=0.8,
        epochs=8,
        batch_size=3,
    )


def _softmax_clipped() -> Problem:
    return define(
        "softmax_clipped",
        "Behind a Flatten, Keras sees probabilities and not logits: are they clipped alike?",
        [Dense(4, "softplus"), Dense(3, "softmax"), Flatten()],
        CategoricalCrossentropy(),
        SGD(0.1),
        (FEATURES, np.eye(3)[CLASSES[:, 0]]),
        weights=0.8,
        epochs=8,
        batch_size=3,
    )


def _sigmoid_clipped() -> Problem:
    # Sigmoids of about ±20: behind the clip the loss is flat and the gradient 0.
    return define(
        "sigmoid_clipped",
        "When a probability lies outside the clip at 1e-7, is its gradient 0?",
        [Dense(2, "tanh"), Dense(1, "sigmoid"), Flatten()],
        BinaryCrossentropy(),
        SGD(0.1),
        (FEATURES, LABELS),
        weights=[[[2.0, 0.7], [-1.0, 1.6]], [0.1, -0.2], [[19.0], [-9.0]], [0.4]],
        epochs=8,
    )


def _logits() -> Problem:
    return define(
        "logits",
        "From logits of several hundred, do loss and gradient stay finite and right?",
        [Dense(3, "leaky_relu"), Dense(2)],
        BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
        SGD(0.01),
        (40 * FEATURES, np.hstack([LABELS, 1 - LABELS])),
        weights=2.5,
        epochs=8,
        batch_size=2,
    )


def _absolute_error() -> Problem:
    return define(
        "absolute_error",
        "Does the mean absolute error give every sample a gradient of the same size?",
        [Dense(3, "softplus"), Dense(2)],
        MeanAbsoluteError(),
        SGD(0.02),
        (FEATURES, np.hstack([TARGETS, 1 - TARGETS])),
        weights=0.7,
        epochs=8,
        batch_size=3,
    )


def _flatten() -> Problem:
    x = np.concatenate([FEATURES, FEATURES[::-1] ** 2], axis=1).reshape(-1, 2, 2)
    return define(
        "flatten",
        "A Dense on every row of a matrix, then Flatten: are axes and shared gradients right?",
        [Dense(3, use_bias=False), Activation("leaky_relu"), Flatten(), Dense(1, "linear")],
        MeanSquaredError(),
        SGD(0.02),
        (x, TARGETS),
        weights=0.7,
        epochs=8,
        batch_size=3,
    )


def _optimizer(name: str, question: str, rule: Optimizer) -> Problem:
    return define(
        name,
        question,
        [Dense(3, "tanh"), Dense(1)],
        MeanSquaredError(),
        rule,
        (FEATURES, TARGETS),
        weights=0.8,
        epochs=10,
        batch_size=2,
    )


def _momentum() -> Problem:
    return _optimizer(
        "momentum",
        "Does the learning rate stand inside the momentum?",
        SGD(0.05, momentum=0.9),
    )


def _nesterov() -> Problem:
    return _optimizer(
        "nesterov",
        "Which look-ahead does Keras call Nesterov?",
        SGD(0.05, momentum=0.9, nesterov=True),
    )


def _rmsprop() -> Problem:
    return _optimizer(
        "rmsprop",
        "Does RMSprop's epsilon stand inside the root, and the learning rate inside its momentum?",
        RMSprop(0.01, momentum=0.5, centered=True),
    )


def _adam() -> Problem:
    return _optimizer(
        "adam",
        "Where does Adam's epsilon stand, and from which step do its corrections count?",
        Adam(0.01),
    )


def _adamw() -> Problem:
    return _optimizer(
        "adamw",
        "Does AdamW shrink the weights before its rule, and the biases too?",
        AdamW(0.01, weight_decay=0.1),
    )


def _overflow() -> Problem:
    return define(
        "overflow",
        "With a learning rate far too large, do both sides overflow at the same step and place?",
        [Dense(2), Dense(1)],
        MeanSquaredError(),
        SGD(0.5),
        (STUDENTS_LPA[:, :2], STUDENTS_LPA[:, 2:]),
        weights=_ASYMMETRIC,
        epochs=5,
    )


#: The two problems of the notes, which a comparison runs unless told otherwise.
CLASSIC = ("regression", "classification")

_MAKERS: dict[str, Callable[[], Problem]] = {
    maker.__name__[1:]: maker
    for maker in (
        _regression,
        _classification,
        _regression_asymmetric,
        _classification_asymmetric,
        _short_last_batch,
        _shuffled,
        _several_outputs,
        _deep_tanh,
        _saturated_sigmoid,
        _relu_kinks,
        _softmax_sparse,
        _softmax_smoothed,
        _softmax_clipped,
        _sigmoid_clipped,
        _logits,
        _absolute_error,
        _flatten,
        _momentum,
        _nesterov,
        _rmsprop,
        _adam,
        _adamw,
        _overflow,
    )
}


def names() -> tuple[str, ...]:
    """Return the names of the catalogue's problems, the classic ones first."""
    return tuple(_MAKERS)


def problem_of(problem: Problem | str) -> Problem:
    """Return a problem, of the catalogue and in float64 where its name is given.

    Raises ``ProblemError`` for an unknown name, and ``TypeError`` for what is no problem.
    """
    if isinstance(problem, str):
        return get(problem)
    if not isinstance(problem, Problem):
        message = f"a problem is wanted, by its name or as a Problem, received {problem!r:.80}"
        raise TypeError(message)
    return problem


@cache
def get(name: str) -> Problem:
    """Return a problem of the catalogue, in float64; raises ``ProblemError`` if unknown."""
    if name not in _MAKERS:
        like = get_close_matches(name.lower(), _MAKERS, 1)
        hint = f"did you mean {like[0]!r}?" if like else f"the catalogue has {', '.join(_MAKERS)}"
        message = f"there is no problem {name!r}; {hint}"
        raise ProblemError(message)
    return _MAKERS[name]()
