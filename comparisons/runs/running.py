"""Run trainers along the reference: free or locked.

A free run keeps its own state and shows the consequence of a difference. A locked run restarts
every step from the reference's state and shows its origin.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs.reference import Block
from comparisons.runs.trainers import Arrays, Trainer

Array = npt.NDArray[Any]
Mode = Literal["free", "locked"]
#: Arrays of more elements than this are not copied to be stacked.
LARGE = 16_384
MODES: tuple[Mode, ...] = ("free", "locked")


class Start(NamedTuple):
    """The reference's state before a step."""

    weights: Arrays
    slots: Arrays | None
    iterations: int


def starts(block: Block, before: Start) -> list[Start]:
    """Return the reference's state before each step of a block, and after its last one."""
    weights = {s.removeprefix("update/"): s for s in block.values if s.startswith("update/")}
    slots = {s.removeprefix("slot/"): s for s in block.values if s.startswith("slot/")}
    after = [
        Start(
            {path: block.values[site][i] for path, site in weights.items()},
            {path: block.values[site][i] for path, site in slots.items()},
            block.first_step + i + 1,
        )
        for i in range(len(block))
    ]
    return [before, *after]


class Run:
    """One trainer on its way through a problem, in one mode."""

    def __init__(self, trainer: Trainer, problem: Problem, mode: Mode) -> None:
        self.trainer = trainer
        self.mode = mode
        self._state = trainer.init(problem.weights)

    def steps(self, block: Block, states: Sequence[Start]) -> dict[str, Array | list[Array]]:
        """Train on the batches of a block and return the records, as series by step.

        ``states`` are the reference's before each step, from which a locked run starts.
        """
        records = []
        for x, y, start in zip(block.x, block.y, states, strict=True):
            if self.mode == "locked":
                self._state = self.trainer.init(start.weights, start.slots, start.iterations)
            self._state, record = self.trainer.step(self._state, x, y)
            records.append(record)
        return stack(records)


def modes_of(trainer: Trainer | None) -> tuple[Mode, ...]:
    """Return the modes a trainer can run in: one that cannot be restarted runs free only."""
    return ("free",) if getattr(trainer, "free_only", False) else MODES


def check_modes(modes: Sequence[Mode]) -> tuple[Mode, ...]:
    """Return modes as they are; raises ``ValueError`` for none, or for what is none."""
    if isinstance(modes, str) or not modes or not set(modes) <= set(MODES):
        message = f"modes must be some of {MODES}, at least one, received {modes!r}"
        raise ValueError(message)
    return tuple(modes)


def stack(records: Sequence[Mapping[str, Array]]) -> dict[str, Array | list[Array]]:
    """Return records of equal sites as one, with the steps along a new first axis.

    Large arrays are listed and not copied, and so are those that are not of one shape and dtype:
    read as ``values[site][step]`` all are the same.
    """
    return {site: _series([record[site] for record in records]) for site in records[0]}


def _series(values: list[Array]) -> Array | list[Array]:
    first = values[0]
    if first.size > LARGE:
        return values
    alike = all(v.shape == first.shape and v.dtype == first.dtype for v in values)
    return np.stack(values) if alike else values
