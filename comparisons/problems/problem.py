"""A problem: everything that both sides need, as concrete values.

Values, not recipes: initial weights are arrays made once and handed to both sides (never "the
same seed twice"), and the order of the batches is an array of row numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, prod
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

import scratch
from comparisons.problems.configs import DTYPES, compiled, frozen
from comparisons.problems.errors import is_count, numbers, refusal, seen
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
)

Array = npt.NDArray[Any]

_CLASSES = "whole class numbers for a sparse crossentropy"


@dataclass(frozen=True)
class Batches:
    """Consecutive steps with batches of equal size: ``rows`` is (steps, batch)."""

    first_step: int
    rows: Array

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Problem:
    """A model, its training, its data and its start, in one dtype.

    ``model`` and ``training`` are in the form of Keras's ``Sequential.get_config`` and
    ``get_compile_config``, from scratch or from Keras; what changes no number is left out of them,
    and what was left to a default is written out. The dtype of the layers is such a thing: that
    of the problem decides. ``x`` and ``y`` have one row a sample. ``weights`` maps
    ``layer/tensor`` to the initial parameter, in Keras's order. ``order`` is (epochs, samples):
    the row numbers of each epoch, cut into batches of ``batch_size``, the last one maybe short.

    Nothing in a problem can be changed: ``dataclasses.replace`` makes another. Raises
    ``ProblemError`` for what does not fit together.
    """

    name: str
    question: str
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    x: Array
    y: Array
    weights: Mapping[str, Array]
    order: Array
    batch_size: int = 1
    dtype: str = "float64"

    def __post_init__(self) -> None:
        """Bring all floats to ``dtype``, write the configs out, and check that everything fits."""
        self._check_words()
        made = self.scratch_model
        _set(self, model=frozen(made.get_config()), training=frozen(made.get_compile_config()))
        sparse = isinstance(self.network.loss, SparseCategoricalCrossentropy)
        y = self._whole("y", self.y, _CLASSES) if sparse else self._floats("y", self.y)
        _set(self, x=self._floats("x", self.x), y=y, order=self._whole("order", self.order))
        _set(self, weights=frozen(self._read_weights()))
        self._check_rows()
        self._check_finite()
        self._check_weights()
        self._check_targets()
        for array in (self.x, self.y, self.order, *self.weights.values()):
            array.flags.writeable = False

    def astype(self, dtype: str) -> "Problem":
        """Return the same problem with its floats in another dtype."""
        return self if dtype == self.dtype else replace(self, dtype=dtype)

    @cached_property
    def scratch_model(self) -> scratch.Sequential:
        """The model in scratch, compiled; its own random weights mean nothing here."""
        return compiled(self.name, self.model, self.training, self.dtype)

    @property
    def network(self) -> scratch.training.Network:
        """What scratch trains."""
        return self.scratch_model.network

    @property
    def epochs(self) -> int:
        """The number of passes over the data."""
        return len(self.order)

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches of one epoch, a short last one included."""
        rows: int = self.order.shape[1]
        return ceil(rows / self.batch_size)

    @property
    def steps(self) -> int:
        """The number of training steps."""
        return self.epochs * self.steps_per_epoch

    @property
    def largest_array(self) -> int:
        """The size of the largest array that a step computes."""
        shape: tuple[int, ...] = self.x.shape[1:]
        largest = prod(shape)
        for layer in self.network.layers:
            shape = layer.output_shape(shape)
            largest = max(largest, prod(shape))
        weights = max((w.size for w in self.weights.values()), default=0)
        return max(largest * self.batch_size, weights)

    def batches(self, most: int) -> Iterator[Batches]:
        """Yield the steps in order, in runs of equal batch size and of at most ``most`` steps."""
        pending: list[Array] = []
        done = 0
        for epoch in self.order:
            for start in range(0, len(epoch), self.batch_size):
                rows = epoch[start : start + self.batch_size]
                if pending and (len(pending) == most or len(rows) != len(pending[0])):
                    yield Batches(done, np.stack(pending))
                    done, pending = done + len(pending), []
                pending.append(rows)
        yield Batches(done, np.stack(pending))

    def _refuse(self, sentence: str) -> NoReturn:
        raise refusal(self.name, sentence)

    def _check_words(self) -> None:
        """Check what is no array and no config, and hold NumPy's numbers as Python's."""
        for field in ("name", "question"):
            if not isinstance(value := getattr(self, field), str):
                self._refuse(f"{field} must be text, received {seen(value)}")
        if not isinstance(self.dtype, str | np.dtype) or self.dtype not in DTYPES:
            self._refuse(f"dtype must be one of {', '.join(DTYPES)}, received {self.dtype!r}")
        if not is_count(self.batch_size):
            self._refuse(
                f"batch_size must be a whole number from 1 on, received {seen(self.batch_size)}"
            )
        _set(self, dtype=str(self.dtype), batch_size=int(self.batch_size))

    def _read_weights(self) -> dict[str, Array]:
        """Return copies of the weights in the problem's dtype."""
        if not isinstance(self.weights, Mapping):
            self._refuse(
                f"weights must be a dict of {', '.join(shapes_of(self.scratch_model))}, received "
                f"{seen(self.weights)}: name each array, or let problems.define() do so"
            )
        return {path: self._floats(f"weight {path}", w) for path, w in self.weights.items()}

    def _floats(self, name: str, values: npt.ArrayLike) -> Array:
        """Return a copy in the problem's dtype."""
        with np.errstate(over="ignore"):  # what becomes infinite is refused below
            return np.array(numbers(self.name, name, values), self.dtype)

    def _whole(self, name: str, values: npt.ArrayLike, what: str = "whole numbers") -> Array:
        """Return a copy as whole numbers."""
        array = numbers(self.name, name, values)
        self._check_finite_array(name, array)
        if not np.array_equal(array, np.floor(array)):
            self._refuse(f"{name} must hold {what}")
        with np.errstate(invalid="ignore"):  # what is too large is no row and no class either
            return array.astype(np.int64)

    def _check_rows(self) -> None:
        rows = len(self.x) if self.x.ndim else 0
        if rows == 0 or self.x.size == 0:
            self._refuse(f"x must have at least one row, received shape {self.x.shape}")
        if self.y.ndim == 0 or len(self.y) != rows:
            self._refuse(
                f"x and y need as many rows, received x {self.x.shape} and y {self.y.shape}"
            )
        if self.order.ndim != 2 or self.order.size == 0:
            self._refuse(
                "order must be (epochs, rows) with at least one of each, "
                f"received shape {self.order.shape}"
            )
        if self.order.min() < 0 or self.order.max() >= rows:
            self._refuse(f"order must hold row numbers from 0 to {rows - 1}")

    def _check_finite(self) -> None:
        arrays = {"x": self.x, "y": self.y}
        arrays |= {f"weight {path}": w for path, w in self.weights.items()}
        for name, array in arrays.items():
            self._check_finite_array(name, array)

    def _check_finite_array(self, name: str, array: Array) -> None:
        finite = np.isfinite(array)
        if not finite.all():
            index = tuple(int(i) for i in np.argwhere(~finite)[0])
            self._refuse(f"{name} must be finite, but {name}{list(index)} is {array[index]}")

    def _check_weights(self) -> None:
        wanted = shapes_of(self.scratch_model)
        received = {path: w.shape for path, w in self.weights.items()}
        if list(wanted) != list(received):
            self._refuse(
                f"weights must be {', '.join(wanted)} in this order, "
                f"received {', '.join(map(str, received)) or 'none'}"
            )
        for path, shape in wanted.items():
            if received[path] != shape:
                self._refuse(f"weight {path} must have shape {shape}, received {received[path]}")

    def _check_targets(self) -> None:
        loss = self.network.loss
        output = self._input_shape()
        if self.x.shape[1:] != output:
            self._refuse(
                f"x must have shape {(len(self.x), *output)} to match the model's Input, "
                f"received {self.x.shape}"
            )
        for layer in self.network.layers:
            output = layer.output_shape(output)
        wanted = (*output[:-1], 1) if isinstance(loss, SparseCategoricalCrossentropy) else output
        if self.y.shape[1:] != wanted:
            hint = " (reshape it to one column)" if self.y.ndim == 1 and wanted == (1,) else ""
            self._refuse(
                f"y must have shape {(len(self.x), *wanted)} to match the output, "
                f"received {self.y.shape}{hint}"
            )
        if isinstance(loss, SparseCategoricalCrossentropy):
            self._check_classes(output[-1])
        elif isinstance(loss, BinaryCrossentropy) and not np.isin(self.y, (0, 1)).all():
            other = self.y[~np.isin(self.y, (0, 1))][0]
            self._refuse(f"labels of a binary crossentropy must be 0 or 1, found {other}")
        elif isinstance(loss, CategoricalCrossentropy) and not (
            np.isin(self.y, (0, 1)).all() and (self.y.sum(axis=-1) == 1).all()
        ):
            self._refuse("every row of y must be one-hot for a categorical crossentropy")

    def _input_shape(self) -> tuple[int, ...]:
        """Return the shape of one sample that the model's ``Input`` names."""
        first = self.model["layers"][0]
        return tuple(first["config"]["batch_shape"][1:])

    def _check_classes(self, classes: int) -> None:
        if self.y.min() < 0 or self.y.max() >= classes:
            outside = self.y[(self.y < 0) | (self.y >= classes)][0]
            self._refuse(
                f"class numbers must be from 0 to {classes - 1} for {classes} outputs, "
                f"found {outside}"
            )


def shapes_of(model: scratch.Sequential) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter of a model by ``layer/tensor``, in Keras's order."""
    return {
        f"{layer}/{tensor}": w.shape
        for layer, params in model.state.params.items()
        for tensor, w in params.items()
    }


def _set(problem: Problem, **fields: Any) -> None:
    """Set fields of a frozen problem while it is being made."""
    for name, value in fields.items():
        object.__setattr__(problem, name, value)
