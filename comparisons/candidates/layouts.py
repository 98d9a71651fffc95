"""The order of an object's list of weights, and which way round each of them is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.candidates.errors import BindingError
from comparisons.candidates.forms import BIASES, described
from comparisons.candidates.numbers import MisfitError, numbers, shaped
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays

Array = npt.NDArray[Any]

#: Of the orders that fit a list of shapes, at most so many are tried.
MOST_ORDERS = 24


@dataclass(frozen=True)
class Layout:
    """How an object lists its weights.

    ``paths`` is in the object's order. A kernel is (inputs, units), or (units, inputs) with
    ``units_first``; ``bias`` is the shape of a bias.
    """

    paths: tuple[str, ...]
    units_first: bool = False
    bias: str = "(n,)"

    def put(self, weights: Arrays) -> list[Array]:
        """Return copies of parameters as the object takes them."""
        return [self._theirs(weights[path]).copy() for path in self.paths]

    def shapes(self, weights: Arrays) -> list[tuple[int, ...]]:
        """Return the shapes of the object's arrays."""
        return [self._theirs(weights[path]).shape for path in self.paths]

    def _theirs(self, w: Array) -> Array:
        if w.ndim == 1:
            return w.reshape({"(n,)": (-1,), "(n, 1)": (-1, 1), "(1, n)": (1, -1)}[self.bias])
        return w.T if self.units_first else w

    def take(self, values: Any, like: Arrays, dtype: str, what: str) -> dict[str, Array]:
        """Return copies of an object's arrays by path, in the shapes and order of ``like``.

        Raises ``MisfitError`` where there are more or fewer, or where a shape is another.
        """
        if isinstance(values, Mapping):
            own = set(values) >= set(self.paths)
            values = [values[path] for path in self.paths] if own else list(values.values())
        if not isinstance(values, list | tuple) or len(values) != len(self.paths):
            raise MisfitError(
                f"{what} returned {described(values)}, and a list of {len(self.paths)} arrays "
                "was wanted"
            )
        found = {}
        for path, value in zip(self.paths, values, strict=True):
            name = f"{path} of {what}"
            array = shaped(numbers(value, dtype, name), self._theirs(like[path]).shape, name)
            if like[path].ndim == 1:
                found[path] = array.reshape(-1)
            else:
                found[path] = (array.T if self.units_first else array).copy()
        return {path: found[path] for path in like}

    def as_returned(self, values: Sequence[Any], weights: Arrays) -> "Layout":
        """Return this layout with the order in which an object returned the weights it was given.

        Known by the values, which must differ from each other. Raises ``MisfitError`` where they
        are not the same numbers.
        """
        if len(values) != len(self.paths):
            raise MisfitError(
                f"get_weights returned {len(values)} arrays, and set_weights was given "
                f"{len(self.paths)}"
            )
        order: list[str] = []
        for value in values:
            flat = np.ravel(numbers(value, "float64", "what get_weights returned"))
            same = [
                path
                for path, w in zip(self.paths, self.put(weights), strict=True)
                if path not in order and _same(flat, w.ravel())
            ]
            if not same:
                raise MisfitError("get_weights does not return what set_weights was given")
            order.append(same[0])
        return replace(self, paths=tuple(order))

    def __str__(self) -> str:
        kernel = "(units, inputs)" if self.units_first else "(inputs, units)"
        return f"{', '.join(self.paths)}; kernels {kernel}; biases {self.bias}"


def _same(a: Array, b: Array) -> bool:
    """Return whether two flat arrays are the same, but for a rounding to float32."""
    return (
        a.shape == b.shape and a.dtype.kind in "fiu" and bool(np.allclose(a, b, rtol=1e-5, atol=0))
    )


def layouts(problem: Problem, held: Any, answer: str | None) -> list[Layout]:
    """Return the layouts that may be an object's, Keras's own first.

    ``held`` is what its ``get_weights`` returned before it was given any, and ``answer`` the order
    as the user has said it, with commas. Raises ``BindingError`` for an answer that is none.
    """
    like = problem.weights
    keras = tuple(like)
    shapes = shapes_in(held)
    if answer is not None:
        order = tuple(path.strip() for path in answer.split(","))
        if sorted(order) != sorted(keras):
            raise BindingError(
                f"names has 'weights': {answer!r}, and {', '.join(keras)} in some order were wanted"
            )
        found = [layout for layout in _ways(order) if shapes in ([], layout.shapes(like))]
        return found or [Layout(order)]
    found = [layout for layout in _ways(keras) if shapes == layout.shapes(like)]
    if not found and shapes:
        for way in _ways(keras):
            orders = _orders(way.shapes(like), shapes)
            found += [
                replace(way, paths=tuple(keras[i] for i in order))
                for order in islice(orders, MOST_ORDERS)
            ]
    return list(dict.fromkeys([*found, Layout(keras)]))


def _ways(paths: tuple[str, ...]) -> Iterator[Layout]:
    for units_first in (False, True):
        for bias in (BIASES[1], BIASES[0], BIASES[2]):
            yield Layout(paths, units_first, bias)


def _orders(have: Sequence[tuple[int, ...]], wanted: Sequence[Any]) -> Iterator[tuple[int, ...]]:
    """Yield the orders in which the shapes ``have`` are those ``wanted``."""
    if len(have) != len(wanted):
        return
    if not wanted:
        yield ()
        return
    pending: list[tuple[int, ...]] = [()]
    while pending:
        order = pending.pop()
        if len(order) == len(wanted):
            yield order
            continue
        fitting = [
            i for i, shape in enumerate(have) if i not in order and shape == wanted[len(order)]
        ]
        pending += [(*order, i) for i in reversed(fitting)]


def shapes_in(held: Any) -> list[tuple[int, ...]]:
    """Return the shapes in what an object held, or nothing where it held nothing to go by."""
    if isinstance(held, Mapping):
        held = list(held.values())
    if not isinstance(held, list | tuple):
        return []
    try:
        return [np.shape(value) for value in held]
    except ValueError:
        return []
