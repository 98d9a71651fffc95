"""One number a step: the loss of both sides, and how far apart they are at every site."""

from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.stories.numbers import measure, number
from comparisons.verdicts import Outcome, SiteTable, Verdict

Array = npt.NDArray[Any]

#: About how many bytes one number of a series takes, and how many all series of a run may.
_BYTES, _MOST_BYTES = 45, 120_000
#: However many sites there are, so many steps are drawn.
_FEWEST = 60


def series_of(verdict: Verdict) -> dict[str, Any]:
    """Return the series of a run; of a long one not every step, but always the worst."""
    chosen = _chosen(verdict)
    loss = verdict.tables.get("loss/value")
    return {
        "steps": [int(t) + 1 for t in chosen],
        "loss": {
            side: None if loss is None else _values(loss, side, chosen)
            for side in ("candidate", "reference")
        },
        "sites": {site: _site(table, verdict, chosen) for site, table in verdict.tables.items()},
    }


def worst_of_sites(verdict: Verdict) -> list[dict[str, Any]]:
    """Return each site's worst outcome over all steps, and where it is furthest in its bounds."""
    found = []
    for site, table in verdict.tables.items():
        multiple = table.multiples()
        measured = not np.isnan(multiple).all()
        t = int(np.nanargmax(multiple)) if measured else 0
        found.append(
            {
                "site": site,
                "outcome": Outcome(int(table.column("outcome").max())).name,
                "multiple": measure(multiple[t]) if measured else None,
                "difference": measure(table.column("difference")[t]) if measured else None,
                "step": t + 1,
            }
        )
    return found


def divergences_of(verdict: Verdict) -> list[int]:
    """Return the numbers of the steps in which any site counts against the candidate."""
    if not verdict.tables:
        return []
    bad = [table.column("bad").astype(bool) for table in verdict.tables.values()]
    return [int(t) + 1 for t in np.flatnonzero(np.any(bad, axis=0))]


def _chosen(verdict: Verdict) -> Array:
    """Return which steps are drawn, counted from 0."""
    steps = verdict.steps
    most = max(_FEWEST, _MOST_BYTES // (_BYTES * max(1, len(verdict.tables))))
    if steps <= most:
        return np.arange(steps)
    even = np.linspace(0, steps - 1, most).round().astype(np.int64)
    told = [place.step - 1 for place in (verdict.first, verdict.worst) if place is not None]
    return np.unique(np.concatenate([even, np.array(told, np.int64)]))


def _site(table: SiteTable, verdict: Verdict, chosen: Array) -> dict[str, Any]:
    budget = table.column("budget")[chosen]
    return {
        "outcome": [Outcome(int(o)).name for o in table.column("outcome")[chosen]],
        "difference": [measure(x) for x in table.column("difference")[chosen]],
        "allowed": [measure(x) for x in budget * verdict.tolerance.factor],
        "budget": [measure(x) for x in budget],
        "multiple": [measure(x) for x in table.multiples()[chosen]],
    }


def _values(table: SiteTable, side: str, chosen: Array) -> list[float | str]:
    return [number(x) for x in table.column(side)[chosen]]
