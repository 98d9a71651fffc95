"""Grading: a class's files, each held against Keras, with credit by phases."""

from comparisons.grading.directory import ClassError, Found, find_submissions
from comparisons.grading.graded import Graded, Item, Part
from comparisons.grading.gradescope import to_gradescope
from comparisons.grading.grading import REVEALS, Assignment, Reveal, grade
from comparisons.grading.junit import to_junit
from comparisons.grading.scoring import PHASES, Scheme, Weights
from comparisons.grading.spreadsheet import to_csv
from comparisons.grading.workers import WorkerError, grade_all

__all__ = [
    "PHASES",
    "REVEALS",
    "Assignment",
    "ClassError",
    "Found",
    "Graded",
    "Item",
    "Part",
    "Reveal",
    "Scheme",
    "Weights",
    "WorkerError",
    "find_submissions",
    "grade",
    "grade_all",
    "to_csv",
    "to_gradescope",
    "to_junit",
]
