"""What was seen of a candidate: its numbers in both modes, and what a judge says of them."""

from functools import cached_property

from comparisons.causes.ground import Ground
from comparisons.runs import MODES, Mode, Trainer
from comparisons.runs.trainers import Array
from comparisons.verdicts import Divergence, Judge
from comparisons.verdicts.evidence import Values


class Observed:
    """A candidate's runs on some ground; each is judged when first asked for, and once.

    ``sites`` are those of the reference that the candidate offers.
    """

    def __init__(self, ground: Ground, candidate: Trainer) -> None:
        self.ground = ground
        offered = candidate.sites
        self.sites = [site for site in ground.sites if offered is None or site in offered]
        self.seen: dict[Mode, list[Values]] = {mode: ground.run(candidate, mode) for mode in MODES}
        self._judges: dict[Mode, Judge] = {}

    def first(self, mode: Mode) -> Divergence | None:
        """Return where the candidate and the reference first part, in that mode."""
        return self._judge(mode).first

    @cached_property
    def bad(self) -> dict[str, Array]:
        """At which locked steps each site counts against the candidate."""
        tables = self._judge("locked").tables
        return {site: tables[site].column("bad").astype(bool) for site in self.sites}

    def _judge(self, mode: Mode) -> Judge:
        if mode not in self._judges:
            self._judges[mode] = self.ground.judge(mode, self.seen[mode], self.sites)
        return self._judges[mode]
