"""Snapshots: what belongs to others must be as it was before the file was run."""

import builtins
import signal
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

#: So many names are given in a sentence.
_MOST_NAMED = 3


class Snapshot:
    """NumPy's functions, Python's own, and ours, as they are now.

    Only what is replaced or taken away counts. A name that is new disturbs nobody: old code
    gives NumPy back its ``np.float``.
    """

    def __init__(self, ours: Mapping[str, ModuleType]) -> None:
        self._spaces: dict[str, tuple[Any, dict[str, Any]]] = {}
        for name, space in {**_spaces(), **ours}.items():
            self._spaces[name] = space, dict(vars(space))
        self._builtins = builtins.__dict__
        self._builtins_before = dict(self._builtins)
        self._builtins_replaced: dict[str, None] = {}
        self._importing = list(sys.meta_path)
        self._signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self._streams = {name: getattr(sys, name) for name in _STREAMS}

    def restore_builtins(self) -> None:
        """Put Python's own functions back, for we use them too, and remember which were not ours.

        Nothing that could have been replaced is called here.
        """
        now, before = self._builtins, self._builtins_before
        if now == before:
            return
        for name in before:
            if name not in now or now[name] is not before[name]:
                now[name] = before[name]
                self._builtins_replaced[name] = None

    def replaced(self) -> list[str]:
        """Return the names of what is no longer as it was, the first few of them."""
        found = []
        for name in self._names():
            found.append(name)
            if len(found) == _MOST_NAMED:
                break
        return found

    def _names(self) -> Iterator[str]:
        missing = object()
        for name in self._builtins_replaced:
            yield f"builtins.{name}"
        for name, (space, before) in self._spaces.items():
            now = vars(space)
            for key, value in before.items():
                if now.get(key, missing) is not value and key not in _MAY_CHANGE:
                    yield f"{name}.{key}"
        if any(finder not in sys.meta_path for finder in self._importing):
            yield "sys.meta_path"
        for number, handler in self._signals.items():
            if signal.getsignal(number) != handler:
                yield f"the handling of {signal.Signals(number).name}"
        for name, stream in self._streams.items():
            if getattr(sys, name) is not stream:
                yield f"sys.{name}"


_STREAMS = ("stdin", "stdout", "stderr")
#: What Python itself sets.
_MAY_CHANGE = {"__warningregistry__"}


def _spaces() -> dict[str, Any]:
    return {
        "numpy": np,
        "numpy.linalg": np.linalg,
        "numpy.random": np.random,
        "numpy.ndarray": np.ndarray,
    }
