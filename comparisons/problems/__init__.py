"""Problems: what is trained, on what, from where."""

from comparisons.problems.catalogue import CLASSIC, get, names
from comparisons.problems.problem import DTYPES, Batches, Problem, ProblemError
from comparisons.problems.sameness import differing

__all__ = ["CLASSIC", "DTYPES", "Batches", "Problem", "ProblemError", "differing", "get", "names"]
