"""Random healthy networks: nothing is wrong with them, so none may raise an alarm."""

import numpy as np

from comparisons.problems import Problem
from comparisons.problems.catalogue import define
from scratch import Dense
from scratch.layers import Layer
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus")


def healthy(seed: int) -> Problem:
    """Return a random problem: depth, widths, activations, loss, optimizer, batch and data."""
    rng = np.random.default_rng(seed)
    rows, features, outputs = (int(rng.integers(*span)) for span in ((3, 13), (1, 6), (1, 4)))
    x = rng.normal(size=(rows, features)) * rng.choice([0.3, 1.0, 5.0])
    loss, activation, y = _task(rng, rows, outputs)
    hidden: list[Layer] = [
        Dense(int(rng.integers(1, 9)), str(rng.choice(ACTIVATIONS)))
        for _ in range(int(rng.integers(0, 4)))
    ]
    epochs = int(rng.integers(3, 9))
    return define(
        f"healthy_{seed}",
        "Does an honest network raise no alarm?",
        [*hidden, Dense(y.shape[1] if activation != "softmax" else 4, activation)],
        loss,
        _optimizer(rng),
        (x, y),
        weights=float(rng.choice([0.3, 0.8, 1.5])),
        epochs=epochs,
        batch_size=int(rng.integers(1, rows + 1)),
        order=np.stack([rng.permutation(rows) for _ in range(epochs)]),
    )


def _task(rng: np.random.Generator, rows: int, outputs: int) -> tuple[Loss, str, np.ndarray]:
    kind = rng.integers(7)
    labels = rng.integers(0, 2, (rows, outputs)).astype(float)
    classes = rng.integers(0, 4, (rows, 1))
    match kind:
        case 0 | 1:
            return (
                MeanSquaredError(),
                str(rng.choice(ACTIVATIONS)),
                rng.normal(size=(rows, outputs)),
            )
        case 2:
            return MeanAbsoluteError(), "linear", rng.normal(size=(rows, outputs))
        case 3:
            return BinaryCrossentropy(), "sigmoid", labels
        case 4:
            return BinaryCrossentropy(from_logits=True, label_smoothing=0.1), "linear", labels
        case 5:
            return SparseCategoricalCrossentropy(), "softmax", classes
        case _:
            return CategoricalCrossentropy(), "softmax", np.eye(4)[classes[:, 0]]


def _optimizer(rng: np.random.Generator) -> Optimizer:
    rate = float(rng.choice([0.001, 0.01, 0.05]))
    rules: list[Optimizer] = [
        SGD(rate),
        SGD(rate, momentum=0.9),
        SGD(rate, momentum=0.8, nesterov=True),
        RMSprop(rate),
        RMSprop(rate, momentum=0.5, centered=True),
        Adam(rate),
        Adam(rate, amsgrad=True),
        AdamW(rate),
    ]
    return rules[int(rng.integers(len(rules)))]
