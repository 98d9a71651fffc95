"""Scratch and Keras side by side: compare every number of every step."""

from comparisons.checking import Checked, examine
from comparisons.comparing import compare
from comparisons.parity import ParityError, check, replay
from comparisons.problems import Problem, ProblemError
from comparisons.runs import KerasMissingError
from comparisons.verdicts import Given, Measured, Outcome, Verdict

__all__ = [
    "Checked",
    "Given",
    "KerasMissingError",
    "Measured",
    "Outcome",
    "ParityError",
    "Problem",
    "ProblemError",
    "Verdict",
    "check",
    "compare",
    "examine",
    "replay",
]
