"""Mistakes around the step: which batch, what is carried over, what is kept."""

from collections.abc import Iterator

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.causes.pieces import Piece
from comparisons.problems import Problem
from comparisons.runs.trainers import Array
from scratch.layers import Dense


def faults(problem: Problem) -> Iterator[Fault]:
    """Yield the mistakes that the loop over a problem's batches can have."""
    dense = [layer.name for layer in problem.network.layers if isinstance(layer, Dense)]
    yield Fault(
        "gradients never cleared",
        f"backward/{dense[-1]}/kernel",
        {"gradient": lambda now, last: now if last is None else last + now},
        "Each step's gradients are added to those of the steps before.",
        "Set the gradients to 0 before each backward pass.",
        "regression",
        remembers=True,
    )
    if problem.dtype == "float64":
        yield Fault(
            "parameters kept in float32",
            f"update/{dense[0]}/kernel",
            {"stored": lambda w: w.astype(np.float32).astype(w.dtype)},
            "The parameters are rounded to float32 between the steps.",
            "Create them in the dtype of the run.",
            "regression_asymmetric",
            dtype="float64",
        )
    yield from _in_order(problem, f"forward/{dense[0]}/output")


def _in_order(problem: Problem, site: str) -> Iterator[Fault]:
    order, size = problem.order, problem.batch_size

    def fault(kind: str, batches: list[Array], *text: str) -> Fault:
        wrong, mend, shown_by = text
        pieces = {"batch": _from(problem, batches)}
        return Fault(kind, site, pieces, wrong, mend, shown_by, of_the_loop=True)

    draw = np.random.RandomState(0)
    yield fault(
        "batches shuffled",
        _cut(np.stack([draw.permutation(epoch) for epoch in order]), size),
        "The rows of each epoch are shuffled (here: by NumPy's RandomState(0)).",
        "Train in the order given; with Keras, fit(shuffle=False).",
        "short_last_batch",
    )
    yield fault(
        "rows in reverse",
        _cut(order[:, ::-1], size),
        "Each epoch runs through its rows from the last to the first.",
        "Begin with the first row.",
        "regression",
    )
    yield fault(
        "rows shifted by one",
        _cut(np.roll(order, -1, axis=1), size),
        "Each epoch begins with its second row.",
        "Begin with the first row: indices count from 0.",
        "short_last_batch",
    )
    in_order = np.tile(np.sort(order[0]), (len(order), 1))
    if not np.array_equal(in_order, order):
        yield fault(
            "given order ignored",
            _cut(in_order, size),
            "The rows are taken as they stand in the data, whatever the order given.",
            "Index with the order: x[order].",
            "shuffled",
        )
        yield fault(
            "first epoch's order kept",
            _cut(np.tile(order[0], (len(order), 1)), size),
            "Every epoch uses the order of the first.",
            "Take a new order at the start of each epoch.",
            "shuffled",
        )
    if order.shape[1] % size and order.shape[1] > size:
        yield fault(
            "short last batch dropped",
            [rows for rows in _cut(order, size) if len(rows) == size],
            "The rows left over at the end of an epoch are skipped.",
            "Keep the short batch, and divide by its own rows.",
            "short_last_batch",
        )


def _cut(order: Array, size: int) -> list[Array]:
    return [epoch[i : i + size] for epoch in order for i in range(0, len(epoch), size)]


def _from(problem: Problem, batches: list[Array]) -> Piece:
    """Return the piece that takes its batches from the data itself, in turn."""

    def batch(number: int, x: Array, y: Array) -> tuple[Array, Array]:
        del x, y
        rows = batches[number % len(batches)]
        return problem.x[rows], problem.y[rows]

    return batch
