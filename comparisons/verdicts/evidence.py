"""What a judge is given: one block of steps from everyone who ran them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
#: One site over consecutive steps: stacked, or large arrays listed.
Series = Array | list[Array]
Values = Mapping[str, Series]


@dataclass(frozen=True)
class Evidence:
    """Consecutive steps, from ``first_step`` on (counted from 0), each site as a series.

    ``scratch`` is the run whose twins ``twins`` are, and ``targets`` are the batches' ``y``.
    """

    first_step: int
    targets: Array
    reference: Values
    candidate: Values
    scratch: Values
    twins: Sequence[Values] = ()
    witness: Values | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def until(self, steps: int) -> "Evidence":
        """Return the first steps only."""
        return Evidence(
            self.first_step,
            self.targets[:steps],
            _cut(self.reference, steps),
            _cut(self.candidate, steps),
            _cut(self.scratch, steps),
            [_cut(twin, steps) for twin in self.twins],
            None if self.witness is None else _cut(self.witness, steps),
        )


def _cut(values: Values, steps: int) -> Values:
    return {site: series[:steps] for site, series in values.items()}
