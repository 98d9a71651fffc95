"""Where a candidate and the reference first part, in detail."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.verdicts.outcomes import Outcome
from comparisons.verdicts.tolerances import Given, Tolerance

Array = npt.NDArray[Any]

#: How many of the worst values are kept.
ROWS = 5


@dataclass(frozen=True)
class Row:
    """One value on both sides; ``multiple`` is the difference in units of the budget there."""

    index: tuple[int, ...]
    candidate: float
    reference: float
    difference: float
    multiple: float


@dataclass(frozen=True)
class Divergence:
    """The first site, in causal order, whose inputs agree and whose output does not.

    ``step`` counts from 1. ``agreed`` are the sites of the same step that came before it and
    agreed. ``rows`` are the worst values, the worst first; ``beyond`` of ``size`` values are
    out of bounds, and ``smallest_rtol`` is the relative tolerance that would have let all pass.
    A site that cannot be compared has a ``reason`` and no rows.
    """

    step: int
    site: str
    outcome: Outcome
    reason: str | None
    agreed: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    beyond: int = 0
    size: int = 0
    rows: tuple[Row, ...] = ()
    smallest_rtol: float = 0.0


def describe(
    place: tuple[int, str],
    agreed: tuple[str, ...],
    candidate: Array,
    reference: Array,
    budget: float,
    tolerance: Tolerance,
) -> Divergence:
    """Return the details of a divergence at ``place`` (step, site), given one step's arrays."""
    c, r = candidate.ravel().astype(np.float64), reference.ravel().astype(np.float64)
    with np.errstate(all="ignore"):
        same = (c == r) | (np.isnan(c) & np.isnan(r))
        apart = np.where(same, 0, np.abs(c - r))
        bound = tolerance.bound(r) if isinstance(tolerance, Given) else np.full_like(r, budget)
        multiple = np.where(apart == 0, 0, apart / bound)
        relative = np.where(apart == 0, 0, apart / np.abs(r))
    # What is not a number is worse than any number.
    badness = np.where(np.isnan(multiple), np.inf, multiple)
    worst = np.argsort(-badness, kind="stable")[:ROWS]
    rows = tuple(
        Row(
            tuple(int(i) for i in np.unravel_index(k, reference.shape)),
            float(c[k]),
            float(r[k]),
            float(apart[k]),
            float(multiple[k]),
        )
        for k in worst
        if badness[k] > tolerance.factor
    )
    return Divergence(
        *place,
        outcome=Outcome.DIVERGED,
        reason=None,
        agreed=agreed,
        shape=reference.shape,
        dtype=str(reference.dtype),
        beyond=int((badness > tolerance.factor).sum()),
        size=reference.size,
        rows=rows,
        smallest_rtol=float(relative.max()),
    )
