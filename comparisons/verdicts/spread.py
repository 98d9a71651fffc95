"""What is kept of twins once they have run: how far they spread, and where they branched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from comparisons.verdicts.kinks import Kink
from comparisons.verdicts.measuring import largest_difference
from comparisons.verdicts.values import Array, Values


@dataclass(frozen=True)
class Spread:
    """How far twins went from the run whose twins they are, over consecutive steps.

    ``largest`` has for each site the largest difference of any twin, (steps,). ``elsewhere`` has
    for the site of each kink the places where some twin takes another branch than that run:
    (places, 1 + dimensions), the step first, 0 being the first of these steps.
    """

    twins: int = 0
    largest: Mapping[str, Array] = field(default_factory=dict)
    elsewhere: Mapping[str, Array] = field(default_factory=dict)

    @classmethod
    def of(
        cls, base: Values, twins: Iterable[Values], kinks: Sequence[Kink], targets: Array
    ) -> "Spread":
        """Measure twins, one after the other; ``targets`` are the batches' ``y``."""
        largest = {site: np.zeros(len(targets), series[0].dtype) for site, series in base.items()}
        usual = {kink.site: kink.branch(base, targets) for kink in kinks}
        elsewhere = {site: np.zeros_like(branch, bool) for site, branch in usual.items()}
        count = 0
        for twin in twins:
            count += 1
            for site, series in base.items():
                apart = largest_difference(twin[site], series)
                # A twin that overflows where scratch does not tells nothing of how far is too far.
                apart[~np.isfinite(apart)] = 0
                np.maximum(largest[site], apart, out=largest[site])
            for kink in kinks:
                elsewhere[kink.site] |= kink.branch(twin, targets) != usual[kink.site]
        return cls(count, largest, {site: np.argwhere(where) for site, where in elsewhere.items()})

    @classmethod
    def joined(cls, parts: Sequence["Spread"]) -> "Spread":
        """Return the spread over all steps of several that follow each other."""
        first = parts[0]
        starts = np.cumsum([0, *map(len, parts[:-1])]).tolist()
        later = [_later(p.elsewhere, start) for p, start in zip(parts, starts, strict=True)]
        return cls(
            first.twins,
            {site: np.concatenate([p.largest[site] for p in parts]) for site in first.largest},
            {site: np.concatenate([places[site] for places in later]) for site in first.elsewhere},
        )

    def part(self, start: int, stop: int) -> "Spread":
        """Return the spread over the steps from ``start`` up to ``stop``."""
        here = {
            site: places[(start <= places[:, 0]) & (places[:, 0] < stop)]
            for site, places in self.elsewhere.items()
        }
        largest = {site: apart[start:stop] for site, apart in self.largest.items()}
        return Spread(self.twins, largest, _later(here, -start))

    def __len__(self) -> int:
        return len(next(iter(self.largest.values()), ()))


def _later(elsewhere: Mapping[str, Array], steps: int) -> dict[str, Array]:
    """Return the same places so many steps later."""
    moved = {}
    for site, places in elsewhere.items():
        moved[site] = places.copy()
        moved[site][:, 0] += steps
    return moved
