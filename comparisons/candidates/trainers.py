"""Bind a trainer: it is one already, and only what it hands back is looked at."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy.typing as npt

from comparisons.candidates.bound import Bound, shapes_of
from comparisons.candidates.calling import Output, call, quietly
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.forms import described
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays

Array = npt.NDArray[Any]


def is_trainer(candidate: object) -> bool:
    """Return whether an object, or a class, has a trainer's two methods."""
    return all(callable(getattr(candidate, verb, None)) for verb in ("init", "step"))


class _Engine:
    """A trainer of the user's, what it raises made into sentences."""

    def __init__(self, trainer: Any, sites: Collection[str], offered: str) -> None:
        self.trainer, self.name = trainer, type(trainer).__name__
        self.sites, self.offered = sites, offered

    def init(self, weights: Arrays, slots: Arrays | None, iterations: int) -> Any:
        """Return the trainer's state."""
        return call(f"{self.name}.init", self.trainer.init, weights, slots, iterations)

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Mapping[str, Any]]:
        """Take one of the trainer's steps."""
        returned = call(f"{self.name}.step", self.trainer.step, state, x, y)
        if not isinstance(returned, tuple | list) or len(returned) != 2:
            raise CandidateError(
                f"{self.name}.step returned {described(returned)}, and a state and a record "
                "were wanted"
            )
        state, record = returned
        if not isinstance(record, Mapping):
            raise CandidateError(
                f"{self.name}.step returned a record of type {type(record).__name__}, and a "
                "mapping from site to array was wanted"
            )
        record = call(f"the record of {self.name}.step", dict, record)
        if missing := [site for site in self.sites if site not in record]:
            raise CandidateError(
                f"{missing[0]} is offered, and the record of a step has none: {self.offered}"
            )
        return state, record


def bind_trainer(trainer: Any, problem: Problem) -> Bound:
    """Bind a trainer; one without ``sites`` offers all that there are.

    One that says it is ``free_only`` is run from the start only. Raises ``BindingError`` where it
    offers what is no site of the problem, or no updated parameter.
    """
    name, output = type(trainer).__name__, Output()
    rows = problem.order[0][: problem.batch_size]
    known = list(shapes_of(problem, problem.x[rows], problem.y[rows]))
    with quietly(output):
        offered = _offered(trainer, name)
        free_only = bool(getattr(trainer, "free_only", False))
    if foreign := sorted(str(site) for site in offered or () if site not in known):
        raise BindingError(
            f"{name} offers {', '.join(foreign)}, and the sites of problem "
            f"{problem.name!r} are {', '.join(known)}"
        )
    sites = [site for site in known if offered is None or site in offered]
    if missing := [site for site in known if site.startswith("update/") and site not in sites]:
        raise BindingError(
            f"{name} does not offer {', '.join(missing)}: a comparison needs at least the "
            "parameters after every step"
        )
    all_or_some = "all sites" if len(sites) == len(known) else f"{len(sites)} of {len(known)} sites"
    how = f"{name}.sites must name what every record has"
    if offered is None:
        how = f"{name}.sites is None or not there, which offers all; it must name what records have"
    return Bound(
        _Engine(trainer, sites, how),
        problem,
        sites=sites,
        binding=[f"trainer: {name}, which offers {all_or_some}"],
        notes=[f"free run only, as {name} says of itself (free_only)"] if free_only else [],
        free_only=free_only,
        output=output,
    )


def _offered(trainer: Any, name: str) -> list[Any] | None:
    """Return the sites that a trainer names, ``None`` where it leaves that to us."""
    if not hasattr(type(trainer), "sites") and not hasattr(trainer, "sites"):
        return None
    offered = call(f"{name}.sites", getattr, trainer, "sites")
    if offered is None:
        return None
    if not isinstance(offered, Collection) or isinstance(offered, str | bytes):
        raise BindingError(
            f"{name}.sites is {described(offered)}, and names of sites were wanted, or None for all"
        )
    return list(offered)
