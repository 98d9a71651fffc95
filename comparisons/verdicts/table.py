"""What was measured at one site, step by step."""

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.verdicts.measuring import Distance
from comparisons.verdicts.outcomes import Outcome

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Ended:
    """The step, counted from 1, and site at which a comparison ends before the run does.

    ``reason`` is ``overflow``: both sides left the finite numbers, alike; or ``branch``: rounding
    alone decided which way a function with a kink went, and the two sides went different ways,
    after which a free run is another run.
    """

    step: int
    site: str
    reason: str


@dataclass
class SiteTable:
    """Columns that grow block by block; ``column(name)`` is one of them, whole.

    ``bad`` says where the outcome counts against the candidate: everything from ``DIVERGED``
    on, save values that are not finite on both sides alike.
    """

    comparisons: int = 0
    shape: tuple[int, ...] = ()
    _columns: dict[str, list[Array]] = field(default_factory=dict)

    def add(self, found: Distance, budget: Array, outcome: Array, shape: tuple[int, ...]) -> None:
        """Add steps that were measured; ``shape`` is that of the site's array."""
        # Of outputs the first axis is the batch, and a last batch may be short.
        self.shape = max(self.shape, shape)
        self.comparisons += prod(shape) * int(found.finite.sum())
        self._extend(
            outcome=outcome,
            bad=outcome == Outcome.DIVERGED,
            difference=found.difference.astype(np.float64),
            budget=budget.astype(np.float64),
            index=found.place,
            candidate=found.candidate.astype(np.float64),
            reference=found.reference.astype(np.float64),
        )

    def add_incomparable(self, steps: int) -> None:
        """Add steps at which there was nothing to measure."""
        nan = np.full(steps, np.nan)
        self._extend(
            outcome=np.full(steps, Outcome.INCOMPARABLE),
            bad=np.ones(steps, bool),
            index=np.zeros(steps, np.int64),
            **dict.fromkeys(("difference", "budget", "candidate", "reference"), nan),
            **dict.fromkeys(("candidate_error", "reference_error"), nan),
        )

    def add_witness(self, candidate_error: Array, reference_error: Array) -> None:
        """Add how far each side is from the witness."""
        self._extend(
            candidate_error=candidate_error.astype(np.float64),
            reference_error=reference_error.astype(np.float64),
        )

    def column(self, name: str) -> Array:
        """Return a column over all steps; empty where nothing was added."""
        parts = self._columns.get(name, [])
        if len(parts) > 1:  # joined once, however often it is asked for
            parts[:] = [np.concatenate(parts)]
        return parts[0] if parts else np.zeros(0)

    def multiples(self) -> Array:
        """Return each step's difference in units of its budget; 0 where there is no difference."""
        difference, budget = self.column("difference"), self.column("budget")
        with np.errstate(divide="ignore", invalid="ignore"):
            multiple: Array = np.where(difference == 0, 0.0, difference / budget)
        return multiple

    def last_bad(self, steps: int) -> Array:
        """Return the column ``bad`` of the steps added last."""
        return self._columns["bad"][-1][-steps:]

    def index(self, flat: int) -> tuple[int, ...]:
        """Return the place of a value in the site's array."""
        return tuple(int(i) for i in np.unravel_index(flat, self.shape))

    def _extend(self, **columns: Array) -> None:
        for name, values in columns.items():
            self._columns.setdefault(name, []).append(values)
