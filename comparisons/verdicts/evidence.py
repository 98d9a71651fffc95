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

    def part(self, start: int, stop: int) -> "Evidence":
        """Return the steps from ``start`` up to ``stop``."""

        def cut(values: Values) -> Values:
            return {site: series[start:stop] for site, series in values.items()}

        return Evidence(
            self.first_step + start,
            self.targets[start:stop],
            cut(self.reference),
            cut(self.candidate),
            cut(self.scratch),
            self.spread.part(start, stop),
            None if self.witness is None else cut(self.witness),
        )
