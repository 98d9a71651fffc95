"""Candidates: anyone's own implementation as a trainer."""

from comparisons.candidates.binding import bind, bind_functions
from comparisons.candidates.bound import Bound
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.objects import has_verbs
from comparisons.candidates.trainers import is_trainer

__all__ = [
    "BindingError",
    "Bound",
    "CandidateError",
    "bind",
    "bind_functions",
    "has_verbs",
    "is_trainer",
]
