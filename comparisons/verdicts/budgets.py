"""The rounding budget of each site and step: how far the twins spread there."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.verdicts.evidence import Evidence
from comparisons.verdicts.kinks import Kink, Undecided
from comparisons.verdicts.measuring import Distance
from comparisons.verdicts.tolerances import Measured

Array = npt.NDArray[Any]

#: How many undecided places are listed; all are counted.
LISTED = 20

#: With fewer samples of a spread than this, those of other steps are taken too.
SAMPLES = 8


class Budgets:
    """Measures budgets block by block.

    In a free run what rounding did at one step lives on in the next ones, so there
    ``never_decreasing`` keeps a site's budget at least where it was.
    """

    def __init__(
        self, tolerance: Measured, dtype: str, kinks: Sequence[Kink], *, never_decreasing: bool
    ) -> None:
        self.tolerance = tolerance
        self.kinks = kinks
        self.never_decreasing = never_decreasing
        self.undecided: list[Undecided] = []
        self.undecided_count = 0
        info = np.finfo(dtype)
        self._unit_roundoff = float(info.eps) / 2
        # Below the smallest normal number TensorFlow rounds to 0 and NumPy does not.
        self._least = float(info.smallest_normal)
        self._before: dict[str, float] = {}
        #: The first step (from 1) and site at which a side went another way than scratch.
        self.crossed: tuple[int, str] | None = None
        self._roughness: dict[str, float] = {}

    def measure(self, evidence: Evidence, measured: Mapping[str, Distance]) -> dict[str, Array]:
        """Return the budget of each measured site, by step."""
        budgets = {site: self._spread(site, evidence, found) for site, found in measured.items()}
        for kink in self.kinks:
            if kink.site in measured and kink.reads in measured:
                self._open(kink, evidence, measured, budgets)
        if self.never_decreasing:
            for site, budget in budgets.items():
                budget[0] = max(budget[0], self._before.get(site, 0.0))
                np.maximum.accumulate(budget, out=budget)
                self._before[site] = float(budget[-1])
        return budgets

    def _spread(self, site: str, evidence: Evidence, found: Distance) -> Array:
        """Return the largest spread over the twins, at least one rounding of the largest value."""
        one_rounding = self._unit_roundoff * found.magnitude.astype(np.float64)
        budget = np.maximum(one_rounding, self._least)
        if site in evidence.spread.largest:
            budget = np.maximum(budget, evidence.spread.largest[site])
        samples = evidence.spread.twins * evidence.scratch[site][0].size
        if 0 < samples < SAMPLES and not self.never_decreasing:
            budget = self._pooled(site, budget, found.magnitude.astype(np.float64))
        return budget

    def _pooled(self, site: str, budget: Array, magnitude: Array) -> Array:
        """Return the largest spread of all steps so far, relative to the size of the values.

        One number and one twin are one sample, which is sometimes 0 by luck. Steps that each
        start from the reference round alike, so they are samples of one spread.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(magnitude > 0, budget / magnitude, 0)
        largest = max(self._roughness.get(site, 0.0), float(relative.max()))
        self._roughness[site] = largest
        return np.maximum(budget, largest * magnitude)

    def _open(
        self,
        kink: Kink,
        evidence: Evidence,
        measured: Mapping[str, Distance],
        budgets: Mapping[str, Array],
    ) -> None:
        """Find the branches that rounding decides, and let the budget behind them cover both.

        A twin on another branch opens the budget by itself. Where the reference or the
        candidate is on another branch, while its value at the kink is within budget, what it
        computes from there on is no more than the other branch. The candidate has no say of its
        own where enough others ran: rounding that sends it elsewhere sends one of them, too.
        """
        base = kink.branch(evidence.scratch, evidence.targets)
        twins = np.zeros_like(base, bool)
        if kink.site in evidence.spread.elsewhere:
            twins[tuple(evidence.spread.elsewhere[kink.site].T)] = True
        reference = kink.branch(evidence.reference, evidence.targets) != base
        candidate = kink.branch(evidence.candidate, evidence.targets) != base
        if evidence.spread.twins >= SAMPLES:
            candidate &= twins | reference
        elsewhere = reference | candidate
        elsewhere[measured[kink.site].difference > self.tolerance.factor * budgets[kink.site]] = (
            False
        )
        crossed = elsewhere.reshape(len(evidence), -1).any(axis=1)
        if crossed.any():
            where = evidence.first_step + int(crossed.argmax()) + 1, kink.site
            self.crossed = min(self.crossed or where, where)
        behind = False
        for site, found in measured.items():
            if behind:
                budget = budgets[site]
                budget[crossed] = np.maximum(budget[crossed], found.difference[crossed])
            behind = behind or site == kink.site
        elsewhere |= twins
        if self.never_decreasing and crossed.any():
            elsewhere = elsewhere[: int(crossed.argmax()) + 1]  # a free run ends there
        for t, *index in np.argwhere(elsewhere):
            self.undecided_count += 1
            if len(self.undecided) < LISTED:
                place = tuple(int(i) for i in index)
                self.undecided.append(Undecided(evidence.first_step + int(t) + 1, kink.site, place))
