"""Hear what a candidate computes while it is being judged, so that the page has those numbers."""

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from comparisons.runs import MODES, Mode, Record, Trainer
from comparisons.runs.trainers import Arrays
from comparisons.stories.numbers import WIDE, norms

Array = npt.NDArray[Any]

#: About how many bytes are kept of one run: its first steps take half of them, its latest the rest.
MOST_BYTES = 48_000_000

#: About how many bytes an array takes beside its elements.
_EACH = 200


@dataclass(frozen=True)
class Wide:
    """What is kept of an array that is too wide to be shown."""

    shape: tuple[int, ...]
    norms: Mapping[str, float | str]


#: One step: each site's array, or what is said of it.
Heard = Mapping[str, Array | Wide]


class _State(NamedTuple):
    mode: Mode
    step: int
    inner: Any


class Listener:
    """A trainer that hands everything on to another and keeps the steps of each run.

    Which run a step belongs to is told by how it begins: a locked run starts every step anew,
    with a count of iterations, and a free one goes on from its own state. The first step of
    both is the same.
    """

    def __init__(self, trainer: Trainer, most_bytes: int = MOST_BYTES) -> None:
        self.trainer = trainer
        self.binding: tuple[str, ...] = tuple(getattr(trainer, "binding", ()))
        self.notes: tuple[str, ...] = tuple(getattr(trainer, "notes", ()))
        self.free_only = bool(getattr(trainer, "free_only", False))
        self._memories = {mode: _Memory(most_bytes // 2) for mode in MODES}

    @property
    def sites(self) -> Collection[str] | None:
        """The sites that the other trainer offers."""
        return self.trainer.sites

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> _State:
        """Return the state of the other, with its place in a run."""
        inner = self.trainer.init(weights, slots, iterations)
        return _State("locked" if iterations else "free", iterations, inner)

    def step(self, state: _State, x: Array, y: Array) -> tuple[_State, Record]:
        """Let the other take the step, and keep what it shows."""
        inner, record = self.trainer.step(state.inner, x, y)
        for mode in (state.mode,) if state.step else MODES:
            self._memories[mode].keep(state.step + 1, record)
        return _State("free", state.step + 1, inner), record

    def heard(self, mode: Mode) -> dict[int, Heard]:
        """Return the steps of a run that were kept, by number, which counts from 1."""
        return self._memories[mode].steps()


class _Memory:
    """The first steps of one run and its latest, of each as many as fit into half the room.

    Nobody knows yet where the two sides will part: mostly at once, or else somewhere before the
    end. Where a run is made twice, as the search for causes does, the first counts.
    """

    def __init__(self, half: int) -> None:
        self._half = half
        self._next = 1
        self._first: dict[int, Heard] = {}
        self._first_size = 0
        self._latest = deque[tuple[int, Heard, int]]()
        self._latest_size = 0

    def keep(self, number: int, record: Record) -> None:
        """Keep a step, if it is the next one of its run; an old one may have to go for it."""
        if number != self._next:
            return
        self._next += 1
        heard = _copied(record)
        size = sum(_EACH + (0 if isinstance(a, Wide) else a.nbytes) for a in heard.values())
        fits = self._first_size + size <= self._half and not self._latest
        if number == 1 or fits:
            self._first[number] = heard
            self._first_size += size
            return
        self._latest.append((number, heard, size))
        self._latest_size += size
        while self._latest_size > self._half:
            self._latest_size -= self._latest.popleft()[2]

    def steps(self) -> dict[int, Heard]:
        """Return what is kept, by number."""
        return self._first | {number: heard for number, heard, _ in self._latest}


def shown(array: Array) -> Array | Wide:
    """Return an array, or what is said of it where it is wide."""
    return Wide(array.shape, norms(array)) if array.size > WIDE else array


def _copied(record: Record) -> Heard:
    """Return copies, for a careless candidate goes on writing into what it has shown."""
    arrays = {site: np.asarray(values) for site, values in record.items()}
    return {
        site: shown(array if array.size > WIDE else array.copy())
        for site, array in arrays.items()
        if array.dtype.kind in "biuf"
    }
