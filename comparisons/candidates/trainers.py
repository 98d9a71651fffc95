"""Bind a trainer: it is one already, and only what it hands back is looked at."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from comparisons.candidates.bound import Bound, shapes_of
from comparisons.candidates.calling import call
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays

Array = npt.NDArray[Any]


def is_trainer(candidate: object) -> bool:
    """Return whether an object, or a class, has a trainer's two methods."""
    return all(callable(getattr(candidate, verb, None)) for verb in ("init", "step"))


class _Engine:
    """A trainer of the user's, what it raises made into sentences."""

    def __init__(self, trainer: Any) -> None:
        self.trainer, self.name = trainer, type(trainer).__name__

    def init(self, weights: Arrays, slots: Arrays | None, iterations: int) -> Any:
        """Return the trainer's state."""
        return call(f"{self.name}.init", self.trainer.init, weights, slots, iterations)

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Mapping[str, Any]]:
        """Take one of the trainer's steps."""
        returned = call(f"{self.name}.step", self.trainer.step, state, x, y)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise CandidateError(
                f"{self.name}.step returned {type(returned).__name__}, and a state and a record "
                "were wanted"
            )
        state, record = returned
        if not isinstance(record, Mapping):
            raise CandidateError(
                f"{self.name}.step returned a record of type {type(record).__name__}, and a "
                "mapping from site to array was wanted"
            )
        return state, record


def bind_trainer(trainer: Any, problem: Problem) -> Bound:
    """Bind a trainer; one without ``sites`` offers all that there are.

    Raises ``BindingError`` where it offers what is no site of the problem, or no updated
    parameter.
    """
    name = type(trainer).__name__
    rows = problem.order[0][: problem.batch_size]
    known = shapes_of(problem, problem.x[rows], problem.y[rows])
    offered = getattr(trainer, "sites", None)
    if offered is not None and not isinstance(offered, list | tuple | set | frozenset):
        raise BindingError(f"{name}.sites must be names of sites, or None for all of them")
    sites = set(known if offered is None else offered)
    if foreign := sorted(sites - set(known)):
        raise BindingError(
            f"{name} offers {', '.join(map(str, foreign))}, and the sites of problem "
            f"{problem.name!r} are {', '.join(known)}"
        )
    if missing := [site for site in known if site.startswith("update/") and site not in sites]:
        raise BindingError(
            f"{name} does not offer {', '.join(missing)}: a comparison needs at least the "
            "parameters after every step"
        )
    all_or_some = "all sites" if len(sites) == len(known) else f"{len(sites)} of {len(known)} sites"
    return Bound(
        _Engine(trainer),
        problem,
        sites=sites,
        binding=[f"trainer: {name}, which offers {all_or_some}"],
    )
