"""Causes: named mistakes that can be planted, and the search for those that explain a run."""

from comparisons.causes.catalogue import faults_for
from comparisons.causes.explaining import Explanation, explain, explain_on, separating
from comparisons.causes.fault import Fault, plant
from comparisons.causes.ground import Ground
from comparisons.causes.open_trainer import OpenTrainer
from comparisons.causes.sensitivity import Finding, find, sensitivity

__all__ = [
    "Explanation",
    "Fault",
    "Finding",
    "Ground",
    "OpenTrainer",
    "explain",
    "explain_on",
    "faults_for",
    "find",
    "plant",
    "sensitivity",
    "separating",
]
