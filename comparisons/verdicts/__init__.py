"""Verdicts: how far apart is too far, where two runs first part, and what to say of it."""

from comparisons.verdicts.divergence import Divergence, Row
from comparisons.verdicts.evidence import Evidence
from comparisons.verdicts.judge import Judge
from comparisons.verdicts.kinks import Undecided, kinks_of
from comparisons.verdicts.outcomes import Outcome
from comparisons.verdicts.sensitivity import Sensitivity
from comparisons.verdicts.spread import Spread
from comparisons.verdicts.table import Ended, SiteTable
from comparisons.verdicts.tolerances import Given, Measured, Tolerance
from comparisons.verdicts.values import Values
from comparisons.verdicts.verdict import EpochLosses, Nearer, Verdict, Worst

__all__ = [
    "Divergence",
    "Ended",
    "EpochLosses",
    "Evidence",
    "Given",
    "Judge",
    "Measured",
    "Nearer",
    "Outcome",
    "Row",
    "Sensitivity",
    "SiteTable",
    "Spread",
    "Tolerance",
    "Undecided",
    "Values",
    "Verdict",
    "Worst",
    "kinks_of",
]
