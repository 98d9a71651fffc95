"""A guarded trainer: somebody's own, of whom nothing is expected but numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.runs.trainers import Arrays, Record, Trainer

Array = npt.NDArray[Any]


class TrainerError(ValueError):
    """A trainer whose records are none, or do not have the sites that its first one had."""


class Guarded:
    """Hands a trainer copies, which it may write to, and copies at once what it hands back.

    A trainer that updates its parameters in place would else change what it has recorded before.
    Whatever shape and dtype an array has is for the comparison to judge.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.sites = getattr(trainer, "sites", None)
        self.free_only = bool(getattr(trainer, "free_only", False))
        self._sites: frozenset[str] | None = None

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> Any:
        """Return the trainer's state with these parameters."""
        parameters = {path: np.array(w) for path, w in weights.items()}
        own = None if slots is None else {path: np.array(array) for path, array in slots.items()}
        return self.trainer.init(parameters, own, iterations)

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        """Take one of the trainer's steps; raises ``TrainerError`` for what is no record."""
        name = type(self.trainer).__name__
        returned = self.trainer.step(state, np.array(x), np.array(y))
        if not (isinstance(returned, tuple) and len(returned) == 2):
            message = f"{name}.step must return a state and a record, not {returned!r:.80}"
            raise TrainerError(message)
        state, record = returned
        if not isinstance(record, Mapping):
            message = f"{name}.step must return a record from site to array, not {record!r:.80}"
            raise TrainerError(message)
        if self._sites is None:
            self._sites = frozenset(record)
        if changed := sorted(self._sites ^ record.keys()):
            message = f"the records of {name} must have the same sites at every step: {changed[0]}"
            raise TrainerError(f"{message} is in some of them only")
        return state, {site: np.array(value) for site, value in record.items()}


def guarded(trainer: Trainer) -> Guarded:
    """Return a trainer guarded, once."""
    return trainer if isinstance(trainer, Guarded) else Guarded(trainer)
