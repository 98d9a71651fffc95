"""What a judge is given: one block of steps from everyone who ran them."""

from dataclasses import dataclass, field

from comparisons.verdicts.spread import Spread
from comparisons.verdicts.values import Array, Values


@dataclass(frozen=True)
class Evidence:
    """Consecutive steps, from ``first_step`` on (counted from 0), each site as a series.

    ``spread`` tells of the twins of ``scratch``, and ``targets`` are the batches' ``y``.
    """

    first_step: int
    targets: Array
    reference: Values
    candidate: Values
    scratch: Values
    spread: Spread = field(default_factory=Spread)
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
            self.spread.part(0, steps),
            None if self.witness is None else _cut(self.witness, steps),
        )


def _cut(values: Values, steps: int) -> Values:
    return {site: series[:steps] for site, series in values.items()}
