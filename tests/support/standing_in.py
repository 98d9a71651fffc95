"""Scratch in the place of Keras, for tests of what is told and not of what Keras computes."""

from collections.abc import Iterator

from comparisons import Problem
from comparisons.runs import Block, ScratchTrainer
from comparisons.traces import shipped


class ScratchInItsPlace:
    """A reference that was computed by scratch, and says that it is a recording of Keras."""

    def __init__(self, problem: Problem) -> None:
        recorded = shipped("regression", "float64")
        self.environment = recorded.environment
        self.constants = recorded.constants
        self._blocks = list(_steps(problem))
        self.sites = tuple(self._blocks[0].values)

    def blocks(self) -> Iterator[Block]:
        """Yield the steps in order."""
        yield from self._blocks

    def check(self, problem: Problem) -> None:
        """Take any problem for its own."""


def _steps(problem: Problem) -> Iterator[Block]:
    trainer = ScratchTrainer(problem.network)
    state = trainer.init(problem.weights)
    for batches in problem.batches(1):
        x, y = problem.x[batches.rows], problem.y[batches.rows]
        state, record = trainer.step(state, x[0], y[0])
        values = {site: array[None] for site, array in record.items()}
        yield Block(batches.first_step, x, y, values)
