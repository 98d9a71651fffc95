"""The search for causes: sets of faults, planted until one gives the very numbers seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.causes.observed import Observed
from comparisons.causes.open_trainer import OpenState
from comparisons.causes.rates import rate_fault
from comparisons.runs import Mode, Record
from comparisons.runs.trainers import Array

#: How many locked steps a set of faults is first tried on, before all are run.
_PROBES = 4

#: How many sets of one size are planted at most: some seconds' worth.
_MOST_SETS = 20_000

#: The pieces that can be made to read parameters after their update.
_READING_NEW = ("report", "input_gradient")


class Search:
    """The search for the causes of one candidate's numbers."""

    def __init__(self, observed: Observed) -> None:
        self.ground, self.sites, self.seen = observed.ground, observed.sites, observed.seen
        self.observed = observed
        self.probes = self._probes()
        self._seen_alone = dict[tuple[Fault, int, str], bool]()
        self.effects = {
            fault: sites
            for fault in self.ground.faults
            if not fault.remembers and (sites := self._touched(fault))
        }
        #: Those that the probes cannot show, and the rest of a free run may.
        self.late = [
            fault
            for fault in self.ground.faults
            if fault.remembers or (observed.origin == "free" and fault not in self.effects)
        ]
        bad = observed.bad
        self.diverged = {site for site in self.sites if bad[site][self.probes].any()}
        #: Those that touch nothing but what diverged.
        self.likely = {f: sites for f, sites in self.effects.items() if sites <= self.diverged}

    def tries(self, most: int) -> Iterator[tuple[Mapping[Fault, frozenset[str]], int]]:
        """Yield pools of faults and how many of each to plant together, the likely ones first."""
        yield self.likely, 1
        # A rate that is read off the steps fits more than it should: it comes after all others.
        rate = rate_fault(self.observed, self.probes[0]) if self.probes else None
        likely = self.likely
        if rate is not None and (touched := self._touched(rate)) <= self.diverged:
            yield {rate: touched}, 1
            likely = likely | {rate: touched}
        for size in range(2, most + 1):
            yield likely, size
            if size == 2:  # two faults may cancel somewhere, and then each touches what agrees
                yield self.effects, 2

    def fitting(
        self, pool: Mapping[Fault, frozenset[str]], size: int
    ) -> Iterator[tuple[Fault, ...]]:
        """Yield the sets of that many faults of a pool which reproduce everything seen.

        Of very large pools not all sets are tried.
        """
        if not self.diverged and not self._parts_freely:
            return
        tried = 0
        for count in range(min(size, len(self.late)) + 1):
            for locked in combinations(pool, size - count):
                if not self.diverged <= frozenset().union(*(pool[fault] for fault in locked)):
                    continue
                if _exclude(locked) or not self._can_begin(locked):
                    continue
                tried += 1
                if tried > _MOST_SETS:
                    return
                if not self._fits_origin(locked):
                    continue
                for late in combinations(self.late, count):
                    faults = (*locked, *late)
                    if not _exclude(faults) and self._fits_freely(faults):
                        yield faults

    def _can_begin(self, faults: Sequence[Fault]) -> bool:
        """Return whether the first site that the faults move can be as it was seen.

        Where one of them alone moves it, what comes before is right, and it must be as that one
        makes it by itself. What reads new parameters is moved by what comes after, too.
        """
        if any(piece.startswith(_READING_NEW) for fault in faults for piece in fault.pieces):
            return True
        for step in self.probes:
            touched = [self.ground.touched(fault, step) for fault in faults]
            for site in self.sites:
                moving = [f for f, sites in zip(faults, touched, strict=True) if site in sites]
                if moving:
                    if len(moving) == 1 and not self._alone(moving[0], step, site):
                        return False
                    break
        return True

    def _alone(self, fault: Fault, step: int, site: str) -> bool:
        """Return whether a fault by itself makes of a site what was seen there."""
        if (fault, step, site) not in self._seen_alone:
            record, mode = (
                self.ground.locked_step(self.ground.plant([fault]), step),
                self.observed.origin,
            )
            where, i = self.ground.places[step]
            seen = self.seen[mode][where]
            self._seen_alone[fault, step, site] = site in seen and self._same(
                mode, record[site], seen[site][i], step, site
            )
        return self._seen_alone[fault, step, site]

    def _probes(self) -> list[int]:
        """Return a few steps, spread over those at which the candidate diverges by itself."""
        bad = self.observed.bad
        steps = np.flatnonzero(np.any([bad[site] for site in self.sites], axis=0))
        places = np.linspace(0, len(steps) - 1, min(_PROBES, len(steps))).astype(int)
        return [int(steps[place]) for place in places]

    def _touched(self, fault: Fault) -> frozenset[str]:
        """Return the sites that a fault moves at the probes."""
        return frozenset(
            site
            for step in self.probes
            for site in self.ground.touched(fault, step)
            if site in self.sites
        )

    @property
    def _parts_freely(self) -> bool:
        return "free" in self.seen and self.observed.first("free") is not None

    def _fits_freely(self, faults: Sequence[Fault]) -> bool:
        """Return whether the faults reproduce the free run, if one was seen.

        The budget of a free run is that of a healthy one, and a wrong one may amplify its rounding
        more. What a single step shows is enough then, if every single step does, and does not
        without the faults.
        """
        if "free" not in self.seen or self._fits("free", faults):
            return True
        return not self._follows_anyhow and self._follows(faults)

    @cached_property
    def _follows_anyhow(self) -> bool:
        """Whether each step of the free run is what an honest one makes of the step before."""
        return self._follows(())

    def _follows(self, faults: Sequence[Fault]) -> bool:
        """Return whether the faults reproduce each step of the free run from the one before.

        Parameters and slots are the candidate's own, as far as it offers them; what else a fault
        remembers is the planted trainer's.
        """
        trainer = self.ground.plant(faults)
        _, _, start = self.ground.steps[0]
        state = trainer.init(start.weights, start.slots, start.iterations)
        for number, (block, i, _) in enumerate(self.ground.steps):
            state, record = trainer.step(state, block.x[i], block.y[i])
            if not self._reproduces("free", record, number):
                return False
            state = self._theirs(state, number)
        return True

    def _theirs(self, state: OpenState, step: int) -> OpenState:
        """Return a state with what the candidate had after that step of its free run."""
        where, i = self.ground.places[step]
        seen, offered = self.seen["free"][where], set(self.sites)

        def own(site: str, array: Array) -> Array:
            return seen[site][i] if site in offered else array

        return replace(
            state,
            params={
                layer: {t: own(f"update/{layer}/{t}", w) for t, w in tensors.items()}
                for layer, tensors in state.params.items()
            },
            slots={
                layer: {
                    t: {s: own(f"slot/{layer}/{t}/{s}", array) for s, array in slots.items()}
                    for t, slots in tensors.items()
                }
                for layer, tensors in state.slots.items()
            },
        )

    def _fits_origin(self, faults: Sequence[Fault]) -> bool:
        """Return whether the faults reproduce what was seen where the difference begins.

        The first step that differs in a free run began from the reference's state, but for
        rounding, and is tried like a locked one.
        """
        trainer = self.ground.plant(faults)
        for step in self.probes:
            record = self.ground.locked_step(trainer, step)
            if not self._reproduces(self.observed.origin, record, step):
                return False
        return self.observed.origin == "free" or self._fits("locked", faults)

    def _fits(self, mode: Mode, faults: Sequence[Fault]) -> bool:
        """Return whether the faults reproduce a whole run."""
        trainer, state = self.ground.plant(faults), None
        for number, (block, i, start) in enumerate(self.ground.steps):
            if state is None or mode == "locked":
                state = trainer.init(start.weights, start.slots, start.iterations)
            state, record = trainer.step(state, block.x[i], block.y[i])
            if not self._reproduces(mode, record, number):
                return False
        return True

    def _reproduces(self, mode: Mode, record: Record, step: int) -> bool:
        where, i = self.ground.places[step]
        seen = self.seen[mode][where]
        return all(
            site in seen and self._same(mode, record[site], seen[site][i], step, site)
            for site in self.sites
        )

    def _same(self, mode: Mode, one: Array, other: Array, step: int, site: str) -> bool:
        where, i = self.ground.places[step]
        usual = self.ground.blocks[where][0].values[site][i]
        return self.ground.same(one, other, self.ground.allowed(mode)[where][site][i], usual)


def _exclude(faults: Sequence[Fault]) -> bool:
    return any(one.excludes(other) for one, other in combinations(faults, 2))
