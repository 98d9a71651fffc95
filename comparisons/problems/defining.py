"""``define``: a problem from layers, data and a start, with everything else filled in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems.configs import compiled
from comparisons.problems.errors import is_count, numbers, refusal, seen
from comparisons.problems.problem import Problem, shapes_of
from scratch import Input
from scratch.layers import InputLayer, Layer
from scratch.losses import Loss
from scratch.optimizers import Optimizer

Array = npt.NDArray[Any]
Shapes = Mapping[str, tuple[int, ...]]


def define(
    name: str,
    question: str,
    layers: Sequence[Layer],
    loss: Loss | str,
    optimizer: Optimizer | str,
    data: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    weights: Sequence[Any] | float,
    epochs: int,
    batch_size: int = 1,
    order: npt.ArrayLike | None = None,
    dtype: str = "float64",
) -> Problem:
    """Return a problem of layers, data and a start.

    ``layers`` are scratch's, without an ``Input``: its shape is that of a row of ``x``, the first
    of the ``data``. ``weights`` are the initial parameters in Keras's order, or a number: then
    they are drawn uniformly between minus and plus that number. Rows come in order unless
    ``order`` (epochs, rows) says otherwise.

    Raises ``ProblemError`` for what does not fit together.
    """
    _check_layers(name, layers)
    if not isinstance(data, list | tuple) or len(data) != 2:
        raise refusal(name, f"data must be a pair of arrays, (x, y), received {seen(data)}")
    if not is_count(epochs):
        raise refusal(name, f"epochs must be a whole number from 1 on, received {seen(epochs)}")
    x = _rows(name, data[0])
    model = {"name": name, "layers": [Input(x.shape[1:]), *layers]}
    training = {"optimizer": optimizer, "loss": loss}
    shapes = shapes_of(compiled(name, model, training, "float64"))
    in_order = np.tile(np.arange(len(x)), (epochs, 1))
    problem = Problem(
        name=name,
        question=question,
        model=model,
        training=training,
        x=x,
        y=numbers(name, "y", data[1]),
        weights=_start(name, shapes, weights),
        order=in_order if order is None else numbers(name, "order", order),
        batch_size=batch_size,
        dtype=dtype,
    )
    if problem.epochs != epochs:
        raise refusal(
            name, f"order must have a row for each of {epochs} epochs, received {problem.epochs}"
        )
    return problem


def _check_layers(name: str, layers: object) -> None:
    if not isinstance(layers, list | tuple):
        raise refusal(name, f"layers must be a list of scratch layers, received {seen(layers)}")
    for layer in layers:
        if not isinstance(layer, Layer):
            home = type(layer).__module__.partition(".")[0]
            raise refusal(
                name,
                "layers must be scratch's own, such as scratch.Dense(2), "
                f"received {seen(layer)} of {home}",
            )
        if isinstance(layer, InputLayer):
            raise refusal(name, "layers must be without an Input: its shape is that of a row of x")


def _rows(name: str, x: npt.ArrayLike) -> Array:
    """Return ``x`` as an array, whose rows have a shape that an ``Input`` can name."""
    rows = numbers(name, "x", x)
    if rows.ndim < 2 or rows.size == 0:
        hint = " (reshape it to one column)" if rows.ndim == 1 and rows.size else ""
        raise refusal(
            name,
            "x must have shape (rows, features), with at least one of each, "
            f"received {rows.shape}{hint}",
        )
    return rows


def _start(name: str, shapes: Shapes, weights: object) -> dict[str, Any]:
    """Return the initial parameters by name, drawn where only their size is given."""
    if isinstance(weights, int | float | np.integer | np.floating) and not isinstance(
        weights, bool
    ):
        if not np.isfinite(weights):
            raise refusal(name, f"weights as a number must be finite, received {weights}")
        return dict(zip(shapes, _drawn(shapes, float(weights)), strict=True))
    if not isinstance(weights, list | tuple):
        raise refusal(
            name,
            "weights must be a list of arrays in Keras's order, or a number to draw them within, "
            f"received {seen(weights)}",
        )
    if len(weights) != len(shapes):
        wanted = ", ".join(f"{path} {shape}" for path, shape in shapes.items())
        raise refusal(
            name, f"weights must be {len(shapes)} arrays, {wanted}, received {len(weights)}"
        )
    return dict(zip(shapes, weights, strict=True))


def _drawn(shapes: Shapes, spread: float) -> list[Array]:
    draw = np.random.RandomState(len(shapes))
    return [draw.uniform(-spread, spread, shape).round(3) for shape in shapes.values()]
