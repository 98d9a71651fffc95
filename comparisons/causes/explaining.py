"""Explanations: which faults, planted, give the very numbers that were seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from comparisons.causes.catalogue import faults_for
from comparisons.causes.fault import Fault, plant
from comparisons.causes.ground import Ground
from comparisons.causes.observed import Observed
from comparisons.causes.searching import Search
from comparisons.problems import Problem, get, names
from comparisons.runs import Reference, Trainer, scratch_trainer


@dataclass(frozen=True)
class Explanation:
    """A smallest set of faults that reproduces a candidate's numbers."""

    faults: tuple[Fault, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the faults."""
        return tuple(fault.name for fault in self.faults)

    @property
    def sentences(self) -> tuple[str, ...]:
        """For each fault what went wrong, and how to mend it."""
        return tuple(f"{f.name}: {f.wrong} {f.mend}" for f in self.faults)


def explain(
    problem: Problem, candidate: Trainer, reference: Reference, *, most: int = 3
) -> tuple[Explanation, ...]:
    """Return all smallest sets of at most ``most`` faults that give the candidate's numbers.

    They must do so, within rounding, at every site that the candidate offers, on every locked
    step and in the free run: as it goes, or step by step from the candidate's own parameters. An
    empty tuple says that no known cause fits, or that there is nothing to explain.
    """
    return explain_on(Ground(problem, reference), candidate, most=most)


def explain_on(ground: Ground, candidate: Trainer, *, most: int = 3) -> tuple[Explanation, ...]:
    """Return what ``explain`` does, on ground that is already measured."""
    return explain_observed(Observed.of(ground, candidate), most=most)


def explain_observed(observed: Observed, *, most: int = 3) -> tuple[Explanation, ...]:
    """Return what ``explain`` does, of a candidate that has already run.

    Where it was seen in a free run only, the faults must give its numbers in that.
    """
    search = Search(observed)
    with np.errstate(all="ignore"):
        for pool, size in search.tries(most):
            if found := tuple(Explanation(faults) for faults in search.fitting(pool, size)):
                return found
    return ()


def separating(
    problem: Problem,
    one: Explanation,
    other: Explanation,
    *,
    offered: Collection[str] | None = None,
) -> str | None:
    """Return the first problem of the catalogue on which two explanations give other numbers.

    Both must be possible there, and the numbers of a phase that the candidate shows: ``offered``
    are its sites, or ``None`` for all. ``None`` says that no problem tells them apart.
    """
    phases = None if offered is None else {site.split("/")[0] for site in offered}
    for name in names():
        there = get(name).astype(problem.dtype)
        by_name = {fault.name: fault for fault in faults_for(there)}
        if name != problem.name and {*one.names, *other.names} <= by_name.keys():
            sets = [[by_name[fault] for fault in each.names] for each in (one, other)]
            if _differ(there, *sets, phases=phases):
                return name
    return None


def _differ(
    problem: Problem, one: Sequence[Fault], other: Sequence[Fault], *, phases: set[str] | None
) -> bool:
    """Return whether two sets of faults go clearly different ways in a free run."""
    honest = scratch_trainer(problem, _textbook_constants(problem))
    trainers = [plant(honest, faults) for faults in (one, other)]
    states = [trainer.init(problem.weights) for trainer in trainers]
    clearly = float(np.sqrt(np.finfo(problem.dtype).eps))
    with np.errstate(all="ignore"):
        for batches in problem.batches(problem.steps):
            for rows in batches.rows:
                records = []
                for i, trainer in enumerate(trainers):
                    states[i], record = trainer.step(states[i], problem.x[rows], problem.y[rows])
                    records.append(record)
                for site, values in records[0].items():
                    if phases is not None and site.split("/")[0] not in phases:
                        continue
                    others = records[1][site]
                    if values.shape != others.shape:
                        return True
                    if np.array_equal(values, others):  # mostly, and said much faster
                        continue
                    if not np.allclose(values, others, clearly, 0, equal_nan=True):
                        return True
    return False


def _textbook_constants(problem: Problem) -> dict[str, float]:
    """Return constants as the configs say: two candidates are compared here, Keras is not."""
    config = problem.training["optimizer"]["config"]
    powers = {f"{beta}_in_powers": config[beta] for beta in ("beta_1", "beta_2") if beta in config}
    return {"leaky_relu_slope": 0.2, **powers}
