"""The form of a candidate's arrays: what it keeps them in, and which way round they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.candidates.errors import BindingError
from comparisons.candidates.numbers import MisfitError, numbers, shaped
from comparisons.candidates.tensors import Container, Tensor, taken
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays
from scratch.layers import Activation, Dense, Flatten

Array = npt.NDArray[Any]

FEATURES = ("first", "last", "only")
BIASES = ("(n, 1)", "(n,)", "(1, n)")


@dataclass(frozen=True)
class Net:
    """A problem's network as functions see it: layers that count from 1, each ``W`` and ``b``.

    ``paths`` are the parameters in Keras's order, ``widths`` the inputs and each layer's units,
    and ``outputs`` the site of each layer's output, its activation applied.
    """

    paths: Mapping[Tensor, str]
    widths: tuple[int, ...]
    outputs: tuple[str, ...]
    dtype: str

    @classmethod
    def of(cls, problem: Problem) -> "Net":
        """Return the network; raises ``BindingError`` for one that is not of Dense layers."""
        paths: dict[Tensor, str] = {}
        widths, outputs = [int(problem.x.shape[-1])], list[str]()
        for layer in problem.network.layers:
            if isinstance(layer, Dense):
                widths.append(layer.units)
                outputs.append("")
            if (
                problem.x.ndim != 2
                or not outputs
                or not isinstance(layer, Dense | Activation | Flatten)
            ):
                raise BindingError(
                    f"problem {problem.name!r} is not one for functions, which are for Dense "
                    "layers on rows of numbers: give an object with set_weights, get_weights and "
                    "train_on_batch, or a trainer"
                )
            outputs[-1] = f"forward/{layer.name}/output"
            for path in problem.weights:
                name, kind = path.split("/")
                if name == layer.name:
                    paths[Tensor("W" if kind == "kernel" else "b", len(outputs))] = path
        return cls(paths, tuple(widths), tuple(outputs), problem.dtype)

    @property
    def layers(self) -> int:
        """The number of Dense layers."""
        return len(self.outputs)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The parameters in Keras's order."""
        return tuple(self.paths)


@dataclass(frozen=True)
class Form:
    """How a candidate has its arrays.

    Kernels are (inputs, units), or with ``units_first`` (units, inputs). ``bias`` is the shape of
    a bias. ``features`` is ``first`` for (features, batch), ``last`` for (batch, features), and
    ``only`` for one sample as (features,).
    """

    container: Container
    units_first: bool
    bias: str
    features: str

    def parameters(self, net: Net, weights: Arrays) -> Any:
        """Return copies of the parameters, in the candidate's form."""
        return self.container.put(
            {tensor: self._theirs(tensor, weights[path]) for tensor, path in net.paths.items()}
        )

    def _theirs(self, tensor: Tensor, array: Array) -> Array:
        if tensor.kind == "W":
            return (array.T if self.units_first else array).copy()
        n = len(array)
        shape = {"(n, 1)": (n, 1), "(n,)": (n,), "(1, n)": (1, n)}[self.bias]
        return array.reshape(shape).copy()

    def read(self, net: Net, value: Any, what: str, *, gradients: bool = False) -> dict[str, Array]:
        """Return copies of the parameters, or their gradients, by path and in Keras's shapes.

        Raises ``MisfitError`` where one is missing or of another shape; ``what`` names it.
        """
        found = taken(value, net.tensors)
        if found is None:
            wanted = ", ".join(self.name(tensor, gradients=gradients) for tensor in net.tensors)
            raise MisfitError(f"{what} is {described(value)}, and {wanted} were wanted")
        arrays = {}
        for tensor, path in net.paths.items():
            name = f"{self.name(tensor, gradients=gradients)} of {what}"
            array = numbers(found[tensor], net.dtype, name)
            array = shaped(array, self.tensor_shape(net, tensor), name)
            if tensor.kind == "b":
                arrays[path] = array.reshape(-1)
            else:
                arrays[path] = array.T.copy() if self.units_first else array
        return arrays

    def tensor_shape(self, net: Net, tensor: Tensor) -> tuple[int, ...]:
        """Return the shape of a parameter, as the candidate has it."""
        inputs, units = net.widths[tensor.number - 1 : tensor.number + 1]
        if tensor.kind == "W":
            return (units, inputs) if self.units_first else (inputs, units)
        return {"(n, 1)": (units, 1), "(n,)": (units,), "(1, n)": (1, units)}[self.bias]

    def name(self, tensor: Tensor, *, gradients: bool = False) -> str:
        """Return what a parameter, or its gradient, is called."""
        name = (
            self.container.key(tensor) if self.container.shape == "dict" else "{}{}".format(*tensor)
        )
        return f"d{name}" if gradients else name

    def data(self, rows: Array) -> Array:
        """Return a copy of (batch, features) in the candidate's form."""
        if self.features == "first":
            return rows.T.copy()
        return rows[0].copy() if self.features == "only" else rows.copy()

    def shape(self, batch: int, units: int) -> tuple[int, ...]:
        """Return the shape of a layer's output in the candidate's form."""
        if self.features == "only":
            return (units,)
        return (units, batch) if self.features == "first" else (batch, units)

    def rows(self, value: Any, batch: int, units: int, net: Net, what: str) -> Array:
        """Return a copy of a layer's output as (batch, units).

        Raises ``MisfitError`` for another shape; axes of length 1 may be missing.
        """
        array = shaped(numbers(value, net.dtype, what), self.shape(batch, units), what)
        return array.T.copy() if self.features == "first" else array.reshape(batch, units)

    def told(self, net: Net) -> str:
        """Return the form in words, with the keys of a network's parameters."""
        features = {
            "first": "features first, (features, batch)",
            "last": "features last, (batch, features)",
            "only": "one sample, (features,)",
        }[self.features]
        kernel = "(units, inputs)" if self.units_first else "(inputs, units)"
        kept = self.container.told(net.tensors)
        return f"{kept}; kernels {kernel}; biases {self.bias}; {features}"


def forms(
    containers: Sequence[Container], *, single: bool, answers: Mapping[str, str]
) -> Iterator[Form]:
    """Yield the forms there are, the natural ones first.

    ``single`` says that every batch is one sample. ``answers`` may settle ``kernels``,
    ``biases`` and ``features``; raises ``BindingError`` for an answer that is none.
    """
    features = FEATURES if single else FEATURES[:2]
    kernels = ("(inputs, units)", "(units, inputs)")
    choices: dict[str, tuple[str, ...]] = {
        "features": features,
        "kernels": kernels,
        "biases": BIASES,
    }
    for key, allowed in choices.items():
        if key in answers:
            if answers[key] not in allowed:
                raise BindingError(
                    f"names has {key!r}: {answers[key]!r}, and one of {', '.join(allowed)} "
                    "was wanted"
                )
            choices[key] = (answers[key],)
    for container, features_at, kernel in product(
        containers, choices["features"], choices["kernels"]
    ):
        # Next to (features, batch) a bias is a column, next to rows it is flat.
        order = choices["biases"]
        if features_at != "first" and len(order) > 1:
            order = ("(n,)", "(1, n)", "(n, 1)")
        for bias in order:
            yield Form(container, kernel == kernels[1], bias, features_at)


def described(value: Any) -> str:
    """Return a few words for what a candidate returned."""
    if isinstance(value, Mapping):
        keys = ", ".join(str(key) for key in list(value)[:8])
        return f"a dict with {keys or 'nothing in it'}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    return "None" if value is None else f"of type {type(value).__name__}"
