"""Each site's series: outcome, difference and what is allowed, step by step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from comparisons.pages.charts import reading
from comparisons.pages.charts.reading import Run

EXACT, CLOSE, DIVERGED, INCOMPARABLE = "EXACT", "CLOSE", "DIVERGED", "INCOMPARABLE"

#: From best to worst.
OUTCOMES = (EXACT, CLOSE, DIVERGED, INCOMPARABLE)


@dataclass(frozen=True)
class Moment:
    """A site at a step; ``allowed`` is the most the difference may be, ``multiple`` in budgets."""

    step: int
    outcome: str
    difference: float
    allowed: float
    multiple: float

    def badness(self) -> tuple[int, float]:
        """Return what to compare moments by: the worse is the larger."""
        rank = OUTCOMES.index(self.outcome) if self.outcome in OUTCOMES else len(OUTCOMES)
        return rank, math.inf if math.isnan(self.multiple) else self.multiple


@dataclass(frozen=True)
class Site:
    """A site and its moments, at least one."""

    name: str
    moments: tuple[Moment, ...]

    def count(self, outcome: str) -> int:
        """Return at how many steps the outcome is this."""
        return sum(moment.outcome == outcome for moment in self.moments)

    def worst(self) -> Moment:
        """Return the worst moment, the first of several alike."""
        return max(self.moments, key=Moment.badness)

    def thinned(self, stretches: Sequence[range]) -> "Site":
        """Return, of each stretch of steps, the worst moment."""
        kept = (max((self.moments[i] for i in s), key=Moment.badness) for s in stretches)
        return replace(self, moments=tuple(kept))


def sites_of(run: Run) -> list[Site]:
    """Return the sites of a run that have a series, in causal order."""
    steps = [int(n) for n in reading.series(run).get("steps") or ()]
    found = []
    for name, columns in reading.series_sites(run).items():
        outcomes = [str(outcome) for outcome in columns["outcome"]]
        padding = [math.nan] * len(steps)
        numbers = (
            reading.numbers(columns.get(key)) + padding
            for key in ("difference", "allowed", "multiple")
        )
        # A site's columns are as long as its steps; zip ends with the shortest all the same.
        moments = tuple(map(Moment, steps, outcomes, *numbers))
        if moments:
            found.append(Site(name, moments))
    return found
