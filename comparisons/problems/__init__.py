"""Problems: what is trained, on what, from where."""

from comparisons.problems.catalogue import CLASSIC, get, names, problem_of
from comparisons.problems.configs import DTYPES
from comparisons.problems.defining import define
from comparisons.problems.errors import ProblemError
from comparisons.problems.problem import Batches, Problem
from comparisons.problems.sameness import differing

__all__ = [
    "CLASSIC",
    "DTYPES",
    "Batches",
    "Problem",
    "ProblemError",
    "define",
    "differing",
    "get",
    "names",
    "problem_of",
]
