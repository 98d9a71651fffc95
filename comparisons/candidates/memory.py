"""What functions remember in global variables from one call to the next: a velocity, a counter.

Every run needs a memory of its own, or a free run and a locked one would disturb each other. So
the variables that change while functions are tried are found, put back, and from then on
exchanged before and after each step.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import numpy as np

_PLAIN = (int, float, complex, list, dict, set, np.ndarray, np.generic)

Values = dict[str, Any]


class Memory:
    """The global variables that some functions read, as they were when this was made."""

    def __init__(self, functions: Iterable[Any]) -> None:
        self._variables: dict[str, tuple[dict[str, Any], Any]] = {}
        seen: set[int] = set()
        for function in functions:
            for known, name in _read_by(function, seen):
                if isinstance(known[name], _PLAIN):
                    self._variables[name] = (known, copy.deepcopy(known[name]))

    def keep_changed(self) -> tuple[str, ...]:
        """Put all variables back, and keep only those that changed; return their names."""
        changed = {
            name: (known, value)
            for name, (known, value) in self._variables.items()
            if not same(known.get(name), value)
        }
        for name, (known, value) in changed.items():
            known[name] = copy.deepcopy(value)
        self._variables = changed
        return tuple(changed)

    def fresh(self) -> Values:
        """Return the variables as they were at the beginning."""
        return {name: copy.deepcopy(value) for name, (_, value) in self._variables.items()}

    @contextmanager
    def within(self, values: Values) -> Iterator[Values]:
        """Set the variables to a run's values for a while; the dict given has them afterwards."""
        after: Values = {}
        before = self._now()
        self._set(values)
        try:
            yield after
        finally:
            after |= self._now()
            self._set(before)

    def _set(self, values: Values) -> None:
        for name, value in values.items():
            self._variables[name][0][name] = value

    def _now(self) -> Values:
        return {name: known[name] for name, (known, _) in self._variables.items()}


def _read_by(function: Any, seen: set[int]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the global names that a function reads, itself or through others, with their dict."""
    if not isinstance(function, FunctionType) or id(function) in seen:
        return
    seen.add(id(function))
    known = function.__globals__
    for name in function.__code__.co_names:
        if name in known:
            yield known, name
            if getattr(known[name], "__globals__", None) is known:
                yield from _read_by(known[name], seen)


def same(a: Any, b: Any) -> bool:
    """Return whether two plain values are equal, arrays and containers included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic | float | complex):
        a, b = np.asarray(a), np.asarray(b)
        return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)
