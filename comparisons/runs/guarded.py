"""A guarded trainer: somebody's own, of whom nothing is expected but numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.runs.trainers import Arrays, Record, Trainer

Array = npt.NDArray[Any]


class TrainerError(ValueError):
    """A trainer whose records do not keep to what its first one had."""


class Guarded:
    """Hands a trainer copies, which it may write to, and copies at once what it hands back.

    A trainer that updates its parameters in place would else change what it has recorded before.
    Its records must have the same sites, shapes and dtypes at every step, whatever these are:
    what is missing or misfits from the start is for the comparison to say.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.sites = getattr(trainer, "sites", None)
        self.free_only = bool(getattr(trainer, "free_only", False))
        #: What its first record looked like, by the number of rows.
        self._first: dict[int, dict[str, tuple[tuple[int, ...], str]]] = {}

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> Any:
        """Return the trainer's state with these parameters."""
        own = None if slots is None else {path: np.array(array) for path, array in slots.items()}
        return self.trainer.init(
            {path: np.array(w) for path, w in weights.items()}, own, iterations
        )

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        """Take one of the trainer's steps; raises ``TrainerError`` for another kind of record."""
        state, record = self._one_step(state, np.array(x), np.array(y))
        copies = {site: np.array(value) for site, value in record.items()}
        looks = {site: (array.shape, str(array.dtype)) for site, array in copies.items()}
        first = self._first.setdefault(len(x), looks)
        for site in first.keys() | looks.keys():
            if first.get(site) != looks.get(site):
                message = (
                    f"the records of {type(self.trainer).__name__} must be alike at every step of "
                    f"{len(x)} row{'s' * (len(x) > 1)}: {site} was {_look(first.get(site))} at "
                    f"first, and now is {_look(looks.get(site))}"
                )
                raise TrainerError(message)
        return state, copies

    def _one_step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        returned = self.trainer.step(state, x, y)
        match returned:
            case (_, Mapping()):
                return returned
        message = (
            f"{type(self.trainer).__name__}.step must return a state and a record, a mapping from "
            f"site to array; it returned {type(returned).__name__}"
        )
        raise TrainerError(message)


def _look(found: tuple[tuple[int, ...], str] | None) -> str:
    return "missing" if found is None else f"{found[1]} of shape {found[0]}"
