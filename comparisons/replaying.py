"""Replay one step of a candidate: every number of both sides, from the reference's state."""

from dataclasses import dataclass

import numpy as np

from comparisons.causes import Ground
from comparisons.problems import ProblemError
from comparisons.runs import Mode, Trainer, guarded, modes_of
from comparisons.runs.trainers import Array, Arrays
from comparisons.verdicts import Outcome
from comparisons.verdicts.judge import outcomes
from comparisons.verdicts.measuring import distance


@dataclass(frozen=True)
class Pair:
    """One site of a step: what both sides have there, and how far apart they may be.

    ``candidate`` is ``None`` where it does not offer the site.
    """

    site: str
    candidate: Array | None
    reference: Array
    allowed: float
    outcome: Outcome | None

    @property
    def differs(self) -> bool:
        """Whether the two are further apart than is allowed, or cannot be compared."""
        return self.outcome is not None and self.outcome > Outcome.CLOSE


@dataclass(frozen=True)
class Replayed:
    """One step, counted from 1, on the batch ``x``, ``y``; ``before`` are its parameters.

    In a locked replay both sides start from these. A candidate that cannot be restarted is
    replayed from the start of its free run, and its own parameters may then be others.
    """

    problem: str
    dtype: str
    mode: Mode
    step: int
    rows: tuple[int, ...]
    x: Array
    y: Array
    before: Arrays
    pairs: tuple[Pair, ...]
    environment: dict[str, str]


def replay_step(ground: Ground, candidate: Trainer, step: int) -> Replayed:
    """Take one step again, counted from 1, and return what both sides compute in it.

    Raises ``ProblemError`` where the problem has no such step.
    """
    problem = ground.problem
    if not 1 <= step <= problem.steps:
        message = f"{problem.name} has the steps 1 to {problem.steps}, received {step}"
        raise ProblemError(message)
    candidate = guarded(candidate)
    mode: Mode = "locked" if "locked" in modes_of(candidate) else "free"
    record = _record(ground, candidate, mode, step - 1)
    where, i = ground.places[step - 1]
    block, _, start = ground.steps[step - 1]
    allowed = ground.allowed(mode)[where]
    pairs = []
    for site in ground.sites:
        theirs, ours = block.values[site][i], record.get(site)
        bound = float(allowed[site][i])
        outcome = None if ours is None else _outcome(ours, theirs, bound)
        pairs.append(Pair(site, ours, theirs, bound, outcome))
    batch = (step - 1) % problem.steps_per_epoch
    epoch = problem.order[(step - 1) // problem.steps_per_epoch]
    rows = epoch[batch * problem.batch_size : (batch + 1) * problem.batch_size]
    return Replayed(
        problem=problem.name,
        dtype=problem.dtype,
        mode=mode,
        step=step,
        rows=tuple(int(row) for row in rows),
        x=block.x[i],
        y=block.y[i],
        before=start.weights,
        pairs=tuple(pairs),
        environment=dict(ground.reference.environment),
    )


def _record(ground: Ground, candidate: Trainer, mode: Mode, number: int) -> dict[str, Array]:
    """Return what the candidate makes of a step, counted from 0."""
    with np.errstate(all="ignore"):
        if mode == "locked":
            return dict(ground.locked_step(candidate, number))
        state, record = candidate.init(ground.problem.weights), dict[str, Array]()
        for block, i, _ in ground.steps[: number + 1]:
            state, seen = candidate.step(state, block.x[i], block.y[i])
            record = dict(seen)
    return record


def _outcome(ours: Array, theirs: Array, allowed: float) -> Outcome:
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return Outcome.INCOMPARABLE
    found = distance(ours[np.newaxis], theirs[np.newaxis], None)
    (outcome,) = outcomes(found, np.array([allowed]))
    return Outcome(int(outcome))
