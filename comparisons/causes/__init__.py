"""Causes: named mistakes that can be planted, and the search for those that explain a run."""

from comparisons.causes.catalogue import faults_for
from comparisons.causes.explaining import (
    Explanation,
    explain,
    explain_observed,
    explain_on,
    separating,
)
from comparisons.causes.fault import Fault, plant
from comparisons.causes.ground import Ground
from comparisons.causes.observed import Observed
from comparisons.causes.open_trainer import OpenTrainer
from comparisons.causes.sensitivity import (
    Differs,
    Finding,
    Steps,
    differs_from,
    find,
    findings,
    sensitivity,
)

__all__ = [
    "Differs",
    "Explanation",
    "Fault",
    "Finding",
    "Ground",
    "Observed",
    "OpenTrainer",
    "Steps",
    "differs_from",
    "explain",
    "explain_observed",
    "explain_on",
    "faults_for",
    "find",
    "findings",
    "plant",
    "sensitivity",
    "separating",
]
