"""Hear what a candidate computes while it is being judged, so that the page has those numbers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from comparisons.runs import Mode, Record, Trainer
from comparisons.runs.trainers import Arrays
from comparisons.stories.numbers import WIDE, norms

Array = npt.NDArray[Any]

#: How many elements are kept of one run; what comes after is not drawn.
_MOST = 60_000


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
    """A trainer that hands everything on to another and keeps the first steps of each run.

    Which run a step belongs to is told by how it begins: a locked run starts every step anew,
    with a count of iterations, and a free one goes on from its own state. The first step of
    both is the same. Where a run is made twice, as the search for causes does, the first counts.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.binding: tuple[str, ...] = tuple(getattr(trainer, "binding", ()))
        self.notes: tuple[str, ...] = tuple(getattr(trainer, "notes", ()))
        self.free_only = bool(getattr(trainer, "free_only", False))
        self._first: Heard | None = None
        self._later: dict[Mode, dict[int, Heard]] = {"free": {}, "locked": {}}
        self._room = dict.fromkeys(self._later, _MOST)

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
        if state.step == 0 and self._first is None:
            self._first = self._kept(record, "free", "locked")
        elif state.step and state.step not in self._later[state.mode]:
            self._keep(state.mode, state.step, record)
        return _State("free", state.step + 1, inner), record

    def heard(self, mode: Mode) -> list[Heard]:
        """Return the first steps of a run, as many as were kept."""
        steps = [] if self._first is None else [self._first]
        while (heard := self._later[mode].get(len(steps))) is not None:
            steps.append(heard)
        return steps

    def _keep(self, mode: Mode, step: int, record: Record) -> None:
        if self._room[mode] > 0:
            self._later[mode][step] = self._kept(record, mode)

    def _kept(self, record: Record, *modes: Mode) -> Heard:
        """Return copies, for a careless candidate goes on writing into what it has shown."""
        kept = dict[str, Array | Wide]()
        for site, values in record.items():
            array = np.array(values)
            if array.dtype.kind not in "biuf":
                continue
            kept[site] = shown(array)
            for mode in modes:
                self._room[mode] -= min(array.size, WIDE)
        return kept


def shown(array: Array) -> Array | Wide:
    """Return an array, or what is said of it where it is wide."""
    return Wide(array.shape, norms(array)) if array.size > WIDE else array
