"""Parameters and gradients in whatever a candidate keeps them in.

The ways to keep them: a dict with numbered keys (``W1``, ``b1``, …), a list of arrays in Keras's
order, a list with a pair or a dict for each layer, or a dict with a list for each kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from comparisons.candidates.vocabulary import numbered_role, plain


class Tensor(NamedTuple):
    """A parameter of a network: the kernel (``W``) or bias (``b``) of a layer from 1 on."""

    kind: str
    number: int


_KINDS = {
    "W": {"w", "weight", "weights", "kernel", "kernels", "dw", "dweights", "dkernel"},
    "b": {"b", "bias", "biases", "db", "dbias", "dbiases"},
}


@dataclass(frozen=True)
class Container:
    """How a candidate keeps its parameters.

    ``shape`` is ``dict``, ``list``, ``pairs``, ``layers`` (a dict for each), ``kinds`` (a list for
    each) or ``arguments`` (each an argument of its own). ``names`` are the keys of ``W`` and ``b``,
    with ``{}`` for the number where they have one, and ``first`` is the first layer's number.
    """

    shape: str = "dict"
    names: tuple[str, str] = ("W{}", "b{}")
    first: int = 1

    def put(self, arrays: Mapping[Tensor, Any]) -> Any:
        """Return the arrays, in Keras's order, as the candidate keeps them."""
        if self.shape in {"dict", "arguments"}:
            return {self.key(tensor): array for tensor, array in arrays.items()}
        if self.shape == "list":
            return list(arrays.values())
        if self.shape == "kinds":
            return {
                name: [array for tensor, array in arrays.items() if tensor.kind == kind]
                for kind, name in zip("Wb", self.names, strict=True)
            }
        numbers = sorted({tensor.number for tensor in arrays})
        each = [[t for t in arrays if t.number == number] for number in numbers]
        if self.shape == "pairs":
            return [[arrays[tensor] for tensor in tensors] for tensors in each]
        return [{self.key(tensor): arrays[tensor] for tensor in tensors} for tensors in each]

    def key(self, tensor: Tensor) -> str:
        """Return the key of a parameter; in ``layers`` it has no number."""
        name = self.names["Wb".index(tensor.kind)]
        return name.format(tensor.number - 1 + self.first)

    def told(self, tensors: Sequence[Tensor]) -> str:
        """Return how it keeps some parameters, in words."""
        w, b = self.names
        keys = ", ".join(self.key(tensor) for tensor in tensors)
        return {
            "dict": f"dict {keys}",
            "arguments": f"arguments of their own, {keys}",
            "list": "list of arrays in Keras's order",
            "pairs": "list of pairs (W, b)",
            "layers": f"list of dicts {w}, {b}",
            "kinds": f"dict of lists {w}, {b}",
        }[self.shape]


def taken(value: Any, wanted: Sequence[Tensor]) -> dict[Tensor, Any] | None:
    """Return the parameters, or their gradients, in ``value``, or ``None`` if it has not all.

    What else is in it does not matter. Nothing is copied or checked.
    """
    found = _found(value, wanted)
    if found is None or not set(wanted) <= set(found):
        return None
    return {tensor: found[tensor] for tensor in wanted}


def _found(value: Any, wanted: Sequence[Tensor]) -> dict[Tensor, Any] | None:
    if isinstance(value, Mapping):
        return _in_dict(value)
    if isinstance(value, list | tuple):
        if len(value) == len(wanted) and not any(_nested(item) for item in value):
            return dict(zip(wanted, value, strict=True))
        layers = sorted({tensor.number for tensor in wanted})
        if len(value) == len(layers):
            return _by_layer(value, layers, wanted)
    return None


def _in_dict(value: Mapping[Any, Any]) -> dict[Tensor, Any]:
    found: dict[Tensor, Any] = {}
    for key, item in value.items():
        role = numbered_role(key) if isinstance(key, str) else None
        if role is not None and role.kind in {"W", "b", "dW", "db"}:
            found[Tensor(role.kind[-1], role.number)] = item
        elif isinstance(key, str) and isinstance(item, list | tuple):
            kinds = [kind for kind, words in _KINDS.items() if plain(key) in words]
            found |= {Tensor(kind, n): a for kind in kinds for n, a in enumerate(item, 1)}
    if found and min(tensor.number for tensor in found) == 0:
        found = {Tensor(kind, number + 1): item for (kind, number), item in found.items()}
    return found


def _by_layer(
    value: Sequence[Any], layers: Sequence[int], wanted: Sequence[Tensor]
) -> dict[Tensor, Any] | None:
    found: dict[Tensor, Any] = {}
    for number, item in zip(layers, value, strict=True):
        tensors = [tensor for tensor in wanted if tensor.number == number]
        if isinstance(item, Mapping):
            for key, array in item.items():
                kinds = [k for k, words in _KINDS.items() if plain(str(key)) in words]
                found |= {Tensor(kind, number): array for kind in kinds}
        elif isinstance(item, list | tuple) and len(item) == len(tensors):
            found |= dict(zip(tensors, item, strict=True))
        else:
            return None
    return found


def _nested(item: Any) -> bool:
    """Return whether an item is a container of its own rather than an array or rows of numbers."""
    if isinstance(item, Mapping):
        return True
    return isinstance(item, list | tuple) and any(hasattr(entry, "shape") for entry in item)


def container_of(value: Any, wanted: Sequence[Tensor]) -> Container | None:
    """Return how ``value`` keeps its parameters, or ``None`` if they are not all in it."""
    if taken(value, wanted) is None:
        return None
    if isinstance(value, Mapping):
        return _dict_of(value)
    if not any(_nested(item) for item in value):
        return Container("list")
    if isinstance(value[0], Mapping):
        names = {kind: kind for kind in "Wb"}
        for key in value[0]:
            names |= {k: str(key) for k, words in _KINDS.items() if plain(str(key)) in words}
        return Container("layers", (names["W"], names["b"]))
    return Container("pairs")


def _dict_of(value: Mapping[Any, Any]) -> Container:
    names, first, shape = {"W": "W{}", "b": "b{}"}, 99, "dict"
    for key in value:
        if spelled := spelling(key):
            kind, name, number = spelled
            names[kind], first = name, min(first, number)
        else:
            kinds = [k for k, words in _KINDS.items() if plain(str(key)) in words]
            if kinds:
                names[kinds[0]], shape, first = str(key), "kinds", 1
    return Container(shape, (names["W"], names["b"]), first)


def spelling(key: object) -> tuple[str, str, int] | None:
    """Return kind, name with ``{}`` for its number, and number, of a key such as ``kernel_1``."""
    role = numbered_role(key) if isinstance(key, str) else None
    if role is None or role.kind not in {"W", "b"} or not isinstance(key, str):
        return None
    digits = str(role.number)
    at = key.rindex(digits)
    return role.kind, key[:at] + "{}" + key[at + len(digits) :], role.number
