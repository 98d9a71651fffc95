"""The judge: takes blocks of steps as they come, and ends with a verdict.

Nothing of a block is kept but its measurements, so memory grows with the number of steps and
sites and not with the size of the parameters.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.verdicts.budgets import Budgets
from comparisons.verdicts.divergence import Divergence, describe
from comparisons.verdicts.evidence import Evidence
from comparisons.verdicts.kinks import Kink
from comparisons.verdicts.measuring import Distance, distance, largest_difference
from comparisons.verdicts.outcomes import Outcome
from comparisons.verdicts.table import Ended, SiteTable
from comparisons.verdicts.tolerances import Given, Tolerance

Array = npt.NDArray[Any]


class Judge:
    """Compares one candidate with the reference, in one mode.

    ``sites`` are the reference's, in causal order. Once both sides have left the finite numbers
    in the same way, nothing more is compared.
    """

    def __init__(
        self,
        sites: Sequence[str],
        dtype: str,
        tolerance: Tolerance,
        kinks: Sequence[Kink],
        *,
        never_decreasing: bool,
    ) -> None:
        self.tolerance = tolerance
        self.tables = {site: SiteTable() for site in sites}
        self.first: Divergence | None = None
        self.ended: Ended | None = None
        self._dtype = dtype
        self._given = tolerance if isinstance(tolerance, Given) else None
        self.budgets = (
            None
            if isinstance(tolerance, Given)
            else Budgets(tolerance, dtype, kinks, never_decreasing=never_decreasing)
        )

    def add(self, evidence: Evidence) -> None:
        """Judge the next steps."""
        if self.ended is not None or not self.tables:
            return
        if (fits := _steps_that_fit(evidence, self.tables)) < len(evidence):
            self.add(evidence.part(0, fits))
            self.add(evidence.part(fits, len(evidence)))
            return
        unfit = {site: _unfit(site, evidence) for site in self.tables}
        measured = {
            site: distance(evidence.candidate[site], evidence.reference[site], self._given)
            for site, reason in unfit.items()
            if reason is None
        }
        evidence, measured = _until(self._steps_until_end(evidence, measured), evidence, measured)
        if self.budgets is None:
            budgets = {site: found.allowed for site, found in measured.items()}
        else:
            budgets = self.budgets.measure(evidence, measured)
            if self.budgets.never_decreasing and self.budgets.crossed is not None:
                step, site = self.budgets.crossed
                self.ended = Ended(step, site, "branch")
                steps = step - evidence.first_step
                evidence, measured = _until(steps, evidence, measured)
                budgets = {site: budget[:steps] for site, budget in budgets.items()}
        for site, table in self.tables.items():
            if site in measured:
                outcome = outcomes(measured[site], self.tolerance.factor * budgets[site])
                shape = evidence.reference[site][0].shape
                table.add(measured[site], budgets[site], outcome, shape)
                if evidence.witness is not None:
                    table.add_witness(
                        *(
                            largest_difference(values[site], evidence.witness[site])
                            for values in (evidence.candidate, evidence.reference)
                        )
                    )
            else:
                table.add_incomparable(len(evidence))
        if self.first is None:
            self._find_first(evidence, unfit, budgets)

    def _steps_until_end(self, evidence: Evidence, measured: Mapping[str, Distance]) -> int:
        """Return how many steps count: up to the first that is not finite on both sides alike."""
        for t in range(len(evidence)):
            for site, found in measured.items():
                if not found.finite[t] and found.alike[t]:
                    self.ended = Ended(evidence.first_step + t + 1, site, "overflow")
                    return t + 1
        return len(evidence)

    def _find_first(
        self, evidence: Evidence, unfit: Mapping[str, str | None], budgets: Mapping[str, Array]
    ) -> None:
        """Remember the first step and, in causal order, the first site that part."""
        sites = list(self.tables)
        bad = np.stack([self.tables[site].last_bad(len(evidence)) for site in sites], axis=1)
        if not bad.any():
            return
        t, column = (int(i) for i in np.argwhere(bad)[0])
        site, place = sites[column], (evidence.first_step + t + 1, sites[column])
        agreed = tuple(s for s, is_bad in zip(sites, bad[t], strict=True) if not is_bad)
        agreed = tuple(s for s in agreed if sites.index(s) < column)
        reference = evidence.reference[site][t]
        if (reason := unfit[site]) is not None:
            self.first = Divergence(
                *place, Outcome.INCOMPARABLE, reason, agreed, reference.shape, str(reference.dtype)
            )
            return
        self.first = describe(
            place,
            agreed,
            evidence.candidate[site][t],
            reference,
            float(budgets[site][t]),
            self.tolerance,
        )


def outcomes(found: Distance, allowed: Array) -> Array:
    """Return the outcome of each step, (steps,), given how far apart its largest may be."""
    within = found.difference <= allowed
    outcome = np.where(within, Outcome.CLOSE, Outcome.DIVERGED)
    outcome[found.same_bits] = Outcome.EXACT
    strange = np.where(found.alike & within, Outcome.INCOMPARABLE, Outcome.DIVERGED)
    return np.where(found.finite, outcome, strange)


def _until(
    steps: int, evidence: Evidence, measured: dict[str, Distance]
) -> tuple[Evidence, dict[str, Distance]]:
    """Return the first steps only."""
    if steps == len(evidence):
        return evidence, measured
    return evidence.part(0, steps), {site: found.until(steps) for site, found in measured.items()}


def _unfit(site: str, evidence: Evidence, step: int = 0) -> str | None:
    """Return why a site cannot be compared at a step, or ``None``."""
    if site not in evidence.candidate:
        return "missing from the candidate"
    got, wanted = evidence.candidate[site][step], evidence.reference[site][step]
    if got.shape != wanted.shape:
        return f"shape {got.shape} where the reference has {wanted.shape}"
    if got.dtype != wanted.dtype:
        return f"dtype {got.dtype} where the reference has {wanted.dtype}"
    return None


def _steps_that_fit(evidence: Evidence, sites: Iterable[str]) -> int:
    """Return how many steps from the first on can be compared, or not, as the first can."""
    fits = len(evidence)
    for site in sites:
        # What is stacked is alike at all steps.
        if isinstance(evidence.candidate.get(site), list):
            first = _unfit(site, evidence)
            steps = (t for t in range(1, fits) if _unfit(site, evidence, t) != first)
            fits = next(steps, fits)
    return fits
