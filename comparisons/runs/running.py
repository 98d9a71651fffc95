"""Run trainers along the reference: free or locked.

A free run keeps its own state and shows the consequence of a difference. A locked run restarts
every step from the reference's state and shows its origin.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs.guarded import Guarded
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
        return listed(records) if isinstance(self.trainer, Guarded) else stack(records)


def stack(records: Sequence[Mapping[str, Array]]) -> dict[str, Array | list[Array]]:
    """Return records of equal sites and shapes as one, with the steps along a new first axis.

    Large arrays are listed and not copied: read as ``values[site][step]`` both are the same.
    """
    return {
        site: values if values[0].size > LARGE else np.stack(values)
        for site in records[0]
        for values in [[record[site] for record in records]]
    }


def listed(records: Sequence[Mapping[str, Array]]) -> dict[str, Array | list[Array]]:
    """Return what ``stack`` does, of records that need not be alike: what differs is listed."""
    series: dict[str, Array | list[Array]] = {}
    for site in records[0]:
        values = [record[site] for record in records]
        alike = len({(value.shape, value.dtype) for value in values}) == 1
        series[site] = stack([{site: value} for value in values])[site] if alike else values
    return series
