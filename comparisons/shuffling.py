"""Train a problem again with its rows in other orders."""

from collections.abc import Callable

import numpy as np

from comparisons.comparing import Array, epoch_losses
from comparisons.problems import Problem
from comparisons.runs import ScratchTrainer


def last_losses(
    problem: Problem,
    orders: int,
    rng: np.random.Generator,
    on_order: Callable[[int], object] = lambda _: None,
) -> tuple[float, Array]:
    """Return the last epoch's loss in the problem's own order, and with rows shuffled.

    The second is an array of ``orders`` numbers: each is a training from the problem's start
    in which every epoch has its rows in a new order, as Keras's ``fit`` does with
    ``shuffle=True`` and no seed. A loss is what ``fit`` reports: the mean over the epoch's rows
    of the losses before each update. ``on_order`` is told of each that is done, with the number 1.
    """
    shuffled = np.empty(orders)
    for k in range(orders):
        shuffled[k] = _last_loss(problem, rng.permuted(problem.order, axis=1))
        on_order(1)
    return _last_loss(problem, problem.order), shuffled


def _last_loss(problem: Problem, order: Array) -> float:
    """Return the loss that ``fit`` reports for the last epoch of an ``order`` (epochs, rows)."""
    trainer, size = ScratchTrainer(problem.network), problem.batch_size
    state = trainer.init(problem.weights)
    losses = []
    for epoch in order:
        for start in range(0, len(epoch), size):
            rows = epoch[start : start + size]
            state, record = trainer.step(state, problem.x[rows], problem.y[rows])
            losses.append(record["loss/value"])
    return epoch_losses(problem, np.array(losses))[-1]
