"""Honest runs: scratch and its twins along the reference, which tell what rounding may do."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs.reference import Block
from comparisons.runs.running import Mode, Run, Start
from comparisons.runs.trainers import ScratchTrainer
from comparisons.runs.twins import make_twins

Array = npt.NDArray[Any]
#: For each site its arrays, one for each step.
Values = dict[str, Array | list[Array]]


class Honest(NamedTuple):
    """What scratch and each of its twins make of a block of steps."""

    scratch: Values
    twins: list[Values]


#: Returns what honest arithmetic makes of a block, from the reference's states before each step.
HonestSteps = Callable[[Block, Sequence[Start]], Honest]


class HonestRun:
    """Scratch and its twins on their way through a problem, in one mode."""

    def __init__(self, trainer: ScratchTrainer, problem: Problem, mode: Mode, twins: int) -> None:
        self._scratch = Run(trainer, problem, mode)
        nudged = make_twins(trainer, problem.dtype, problem.largest_array, twins)
        self._twins = [Run(twin, problem, mode) for twin in nudged]

    def __call__(self, block: Block, states: Sequence[Start]) -> Honest:
        """Take the steps of a block."""
        scratch = self._scratch.steps(block, states)
        return Honest(scratch, [twin.steps(block, states) for twin in self._twins])
