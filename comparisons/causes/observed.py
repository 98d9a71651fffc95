"""What was seen of a candidate: its numbers in each mode, and what a judge says of them."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from comparisons.causes.ground import Ground
from comparisons.runs import MODES, Mode, Trainer
from comparisons.runs.trainers import Array
from comparisons.verdicts import Divergence, SiteTable, Values


class Judged(Protocol):
    """What a judge says of a run; a verdict says it too."""

    @property
    def tables(self) -> Mapping[str, SiteTable]:
        """What was measured at each site."""

    @property
    def first(self) -> Divergence | None:
        """Where the two sides first part."""


class Observed:
    """A candidate's runs on some ground.

    ``seen`` has its values for each mode, block by block; ``sites`` are those of the reference
    that it offers. A candidate that cannot be restarted was seen in the free run alone. A run
    that is not in ``judged`` already is judged when first asked for, and once.
    """

    def __init__(
        self,
        ground: Ground,
        seen: Mapping[Mode, Sequence[Values]],
        offered: Collection[str] | None,
        judged: Mapping[Mode, Judged] | None = None,
    ) -> None:
        self.ground = ground
        self.seen = seen
        self.sites = [site for site in ground.sites if offered is None or site in offered]
        self._judged = dict[Mode, Judged](judged or {})

    @classmethod
    def of(cls, ground: Ground, candidate: Trainer, modes: Sequence[Mode] = MODES) -> "Observed":
        """Run a candidate, and keep what it makes of the problem."""
        return cls(ground, {mode: ground.run(candidate, mode) for mode in modes}, candidate.sites)

    @property
    def origin(self) -> Mode:
        """The mode that tells where a difference begins: the locked one, if it was seen."""
        return "locked" if "locked" in self.seen else "free"

    def first(self, mode: Mode) -> Divergence | None:
        """Return where the candidate and the reference first part, in that mode."""
        return self._judge(mode).first

    @cached_property
    def bad(self) -> dict[str, Array]:
        """At which steps each site counts against the candidate by itself.

        In a locked run that is any step. In a free run it is the first one that differs: what
        comes later may only follow from it.
        """
        tables = self._judge(self.origin).tables
        bad = {site: tables[site].column("bad").astype(bool) for site in self.sites}
        if self.origin == "free":
            first = self.first("free")
            for site, steps in bad.items():
                here = -1 if first is None else first.step - 1
                bad[site] = steps & (np.arange(len(steps)) == here)
        return bad

    def _judge(self, mode: Mode) -> Judged:
        if mode not in self._judged:
            self._judged[mode] = self.ground.judge(mode, self.seen[mode], self.sites)
        return self._judged[mode]
