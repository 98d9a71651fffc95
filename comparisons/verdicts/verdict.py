"""The verdict: what the comparison of one problem, in one dtype and mode, has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from comparisons.verdicts.divergence import Divergence
from comparisons.verdicts.kinks import Undecided
from comparisons.verdicts.outcomes import Outcome
from comparisons.verdicts.sensitivity import Sensitivity
from comparisons.verdicts.table import Ended, SiteTable
from comparisons.verdicts.tolerances import Tolerance

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Worst:
    """The value that came nearest to its bound, or went furthest beyond it.

    ``multiple`` is the difference in units of ``budget``; ``allowed`` is the budget times the
    tolerance's factor. ``step`` counts from 1.
    """

    site: str
    step: int
    index: tuple[int, ...]
    candidate: float
    reference: float
    difference: float
    budget: float
    allowed: float
    multiple: float


@dataclass(frozen=True)
class Nearer:
    """How far both sides are from the witness at the worst site and step."""

    dtype: str
    candidate_error: float
    reference_error: float

    @property
    def who(self) -> str:
        """The side nearer to the exact value: ``candidate``, ``reference`` or ``neither``."""
        if self.candidate_error == self.reference_error:
            return "neither"
        nearer = self.candidate_error < self.reference_error
        return "candidate" if nearer else "reference"


@dataclass(frozen=True)
class EpochLosses:
    """Each epoch's loss as ``fit`` reports it: the mean, by rows, of losses before the updates.

    Those of a candidate that shows no loss are NaN.
    """

    candidate: tuple[float, ...]
    reference: tuple[float, ...]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a comparison, with everything that was measured.

    ``tables`` has one entry a site, in causal order; ``not_offered`` are the reference's sites
    that the candidate does not show, and that nothing is said about. ``first`` is where the two
    sides first part, if they do. ``sensitivity`` is what a pass would have caught, where that was
    measured. ``final_parameters`` maps ``layer/tensor`` to both sides' last
    arrays, where the candidate shows one of that shape.
    """

    problem: str
    dtype: str
    mode: str
    steps_per_epoch: int
    tolerance: Tolerance
    tables: Mapping[str, SiteTable]
    not_offered: tuple[str, ...]
    first: Divergence | None
    ended: Ended | None
    undecided: Sequence[Undecided]
    undecided_count: int
    twins: int
    witness_dtype: str | None
    epoch_losses: EpochLosses
    final_parameters: Mapping[str, tuple[Array, Array]]
    environment: Mapping[str, str]
    sensitivity: Sensitivity | None = None

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that were compared, in causal order."""
        return tuple(self.tables)

    @cached_property
    def steps(self) -> int:
        """The number of steps that were compared."""
        return max((len(table.column("outcome")) for table in self.tables.values()), default=0)

    @cached_property
    def comparisons(self) -> int:
        """The number of values that were compared, each with its counterpart."""
        return sum(table.comparisons for table in self.tables.values())

    @cached_property
    def outcome(self) -> Outcome:
        """The worst outcome of any site at any step.

        A comparison of nothing is ``INCOMPARABLE``. Values that leave the finite numbers alike
        on both sides end the comparison and do not count against it.
        """
        if self.comparisons == 0:
            return Outcome.INCOMPARABLE
        worst = Outcome.EXACT
        for table in self.tables.values():
            outcome = table.column("outcome")
            excused = (outcome == Outcome.INCOMPARABLE) & ~table.column("bad").astype(bool)
            worst = max(worst, Outcome(int(outcome[~excused].max(initial=Outcome.EXACT))))
        return worst

    @property
    def passed(self) -> bool:
        """Whether no difference beyond the bounds was found."""
        return self.outcome <= Outcome.CLOSE

    @cached_property
    def worst(self) -> Worst | None:
        """The value nearest to its bound, or furthest beyond; ``None`` if nothing was measured."""
        best: tuple[float, str, int] | None = None
        for site, table in self.tables.items():
            multiple = table.multiples()
            if np.isnan(multiple).all():
                continue
            step = int(np.nanargmax(multiple))
            if best is None or multiple[step] > best[0]:
                best = float(multiple[step]), site, step
        if best is None:
            return None
        multiple_there, site, step = best
        table = self.tables[site]
        budget = float(table.column("budget")[step])
        return Worst(
            site=site,
            step=step + 1,
            index=table.index(int(table.column("index")[step])),
            candidate=float(table.column("candidate")[step]),
            reference=float(table.column("reference")[step]),
            difference=float(table.column("difference")[step]),
            budget=budget,
            allowed=budget * self.tolerance.factor,
            multiple=multiple_there,
        )

    @property
    def nearer(self) -> Nearer | None:
        """Which side the witness favours at the worst site and step, if there was a witness."""
        if self.witness_dtype is None or self.worst is None:
            return None
        table, step = self.tables[self.worst.site], self.worst.step - 1
        errors = [table.column(f"{side}_error") for side in ("candidate", "reference")]
        if not all(step < len(error) for error in errors):
            return None
        return Nearer(self.witness_dtype, *(float(error[step]) for error in errors))

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        scope = f"{self.comparisons:,} comparisons (of {len(self.sites)} sites, {self.steps} steps)"
        if self.comparisons == 0 and self.first is None:
            return "INCOMPARABLE: nothing was compared"
        if self.passed:
            ended = ""
            if self.ended is not None:
                why = {
                    "overflow": "both sides overflow alike",
                    "branch": "rounding sends the two sides different ways",
                }[self.ended.reason]
                place = f"at step {self.ended.step}, {self.ended.site}"
                ended = f"; {why} {place}, where the comparison ends"
            return f"no difference found in {scope}{ended}"
        first = self.first
        if first is None:
            return f"{self.outcome.name} in {scope}"
        what = first.reason or "its inputs agree and its values do not"
        return f"{first.outcome.name} first at step {first.step}, {first.site}: {what}"

    def to_frame(self) -> "pd.DataFrame":
        """Return everything measured, one row a step and site, in causal order.

        ``multiple`` is the difference in units of the budget; the site passes while it is at
        most the tolerance's factor. ``index`` is where in the array the worst value stands.
        """
        import pandas as pd  # noqa: PLC0415  half a second that a comparison does not need

        frames = []
        for order, (site, table) in enumerate(self.tables.items()):
            budget = table.column("budget")
            columns: dict[str, Any] = {
                "problem": self.problem,
                "dtype": self.dtype,
                "mode": self.mode,
                "step": np.arange(len(budget)) + 1,
                "epoch": np.arange(len(budget)) // self.steps_per_epoch + 1,
                "site": site,
                "outcome": [Outcome(int(o)).name for o in table.column("outcome")],
                "difference": table.column("difference"),
                "budget": budget,
                "allowed": budget * self.tolerance.factor,
                "multiple": table.multiples(),
                "index": [table.index(int(i)) for i in table.column("index")],
                "candidate": table.column("candidate"),
                "reference": table.column("reference"),
            }
            if self.witness_dtype is not None:
                for side in ("candidate_error", "reference_error"):
                    error = table.column(side)
                    columns[side] = error if len(error) else np.nan
            frames.append(pd.DataFrame(columns).assign(_order=order))
        whole = pd.concat(frames, ignore_index=True).sort_values(["step", "_order"], kind="stable")
        return whole.drop(columns="_order").reset_index(drop=True)
