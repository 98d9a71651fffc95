"""Candidates: anyone's own implementation as a trainer."""

from comparisons.candidates.binding import bind, bind_functions
from comparisons.candidates.bound import Bound
from comparisons.candidates.errors import BindingError, CandidateError

__all__ = ["BindingError", "Bound", "CandidateError", "bind", "bind_functions"]
