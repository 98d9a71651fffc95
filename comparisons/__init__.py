"""Scratch and Keras side by side: compare every number of every step."""

from comparisons.comparing import compare
from comparisons.problems import Problem, ProblemError
from comparisons.runs import KerasMissingError
from comparisons.verdicts import Given, Measured, Outcome, Verdict

__all__ = [
    "Given",
    "KerasMissingError",
    "Measured",
    "Outcome",
    "Problem",
    "ProblemError",
    "Verdict",
    "compare",
]
