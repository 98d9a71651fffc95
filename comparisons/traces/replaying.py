"""A trace as a trainer: it "trains" by handing out the steps that were recorded."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.runs import Block, Record
from comparisons.runs.trainers import Arrays

Array = npt.NDArray[Any]


class Replay:
    """A trainer for a free run, which cannot be restarted: what it computes is known already.

    ``dtype`` is what its values are brought to, if anything.
    """

    def __init__(
        self, sites: tuple[str, ...], blocks: Iterable[Block], dtype: str | None = None
    ) -> None:
        self.sites = sites
        self._records = _records(blocks, dtype)

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> int:
        """Return the state, a count of steps, which must be none."""
        if iterations:
            message = "what was recorded cannot be computed again from another state"
            raise ValueError(message)
        return 0

    def step(self, state: int, x: Array, y: Array) -> tuple[int, Record]:
        """Return the next step that was recorded."""
        return state + 1, next(self._records)


def _records(blocks: Iterable[Block], dtype: str | None) -> Iterator[Record]:
    for block in blocks:
        values = {site: widened(array, dtype) for site, array in block.values.items()}
        for step in range(len(block)):
            yield {site: array[step] for site, array in values.items()}


def widened(array: Array, dtype: str | None) -> Array:
    """Return an array in ``dtype``, itself where there is nothing to do."""
    return array if dtype is None else array.astype(np.dtype(dtype), copy=False)
