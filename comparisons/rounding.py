"""What rounding may do: scratch along the reference, and how far its twins spread from it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from comparisons.problems import Problem
from comparisons.runs import (
    Block,
    Mode,
    Reference,
    Run,
    ScratchTrainer,
    Start,
    make_twins,
    scratch_trainer,
    starts,
)
from comparisons.verdicts import Spread, Values, kinks_of


class Honest(NamedTuple):
    """What scratch makes of a block of steps, and how far its twins spread there."""

    scratch: Values
    spread: Spread


#: Returns what honest arithmetic makes of a block, from the reference's states before each step.
HonestSteps = Callable[[Block, Sequence[Start]], Honest]


class HonestRun:
    """Scratch and its twins on their way through a problem, in one mode."""

    def __init__(self, trainer: ScratchTrainer, problem: Problem, mode: Mode, twins: int) -> None:
        self._scratch = Run(trainer, problem, mode)
        nudged = make_twins(trainer, problem.dtype, problem.largest_array, twins)
        self._twins = [Run(twin, problem, mode) for twin in nudged]
        self._kinks = kinks_of(trainer.network)

    @property
    def twins(self) -> int:
        """How many twins run."""
        return len(self._twins)

    def let_go(self) -> None:
        """From here on keep each run's own state, as in a free run that starts here."""
        for run in (self._scratch, *self._twins):
            run.mode = "free"

    def __call__(self, block: Block, states: Sequence[Start]) -> Honest:
        """Take the steps of a block, one twin after the other."""
        scratch = self._scratch.steps(block, states)
        twins = (twin.steps(block, states) for twin in self._twins)
        return Honest(scratch, Spread.of(scratch, twins, self._kinks, block.y))


class HonestRunAgain:
    """Scratch on its way through a problem along which its twins have run before."""

    def __init__(
        self, trainer: ScratchTrainer, problem: Problem, mode: Mode, spread: Spread
    ) -> None:
        self._scratch = Run(trainer, problem, mode)
        self._spread = spread

    def __call__(self, block: Block, states: Sequence[Start]) -> Honest:
        """Take the steps of a block."""
        first = block.first_step
        scratch = self._scratch.steps(block, states)
        return Honest(scratch, self._spread.part(first, first + len(block)))


def spread_along(problem: Problem, reference: Reference, mode: Mode, twins: int) -> Spread:
    """Return how far twins spread over all steps of a problem."""
    run = HonestRun(scratch_trainer(problem, reference.constants), problem, mode, twins)
    parts, before = list[Spread](), Start(problem.weights, None, 0)
    with threadpool_limits(1, user_api="blas"), np.errstate(all="ignore"):
        for block in reference.blocks():
            *states, before = starts(block, before)
            parts.append(run(block, states).spread)
    return Spread.joined(parts)
