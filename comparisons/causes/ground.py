"""The ground on which causes are sought: one reference, with what rounding may do there."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial

import numpy as np

from comparisons.causes.catalogue import faults_for
from comparisons.causes.fault import Fault, plant
from comparisons.causes.open_trainer import OpenTrainer
from comparisons.problems import Problem
from comparisons.rounding import Honest, HonestRun, HonestRunAgain, HonestSteps
from comparisons.runs import (
    MODES,
    Block,
    Mode,
    Record,
    Reference,
    Run,
    Start,
    Trainer,
    scratch_trainer,
    starts,
)
from comparisons.runs.trainers import Array
from comparisons.verdicts import Evidence, Judge, Measured, Spread, Values, kinks_of
from comparisons.verdicts.budgets import Budgets
from comparisons.verdicts.measuring import distance

#: How many twins measure a budget for causes: a verdict has more, for it must raise no alarm.
_TWINS = 3

#: How far apart two runs may be at a site, by step.
Allowed = dict[str, Array]


class Ground:
    """A problem, its reference, and the runs that every question about causes needs.

    Each is made when it is first asked for, and kept. Where it is known already how far twins
    spread in a mode, from ``spreads``, none run.
    """

    def __init__(
        self,
        problem: Problem,
        reference: Reference,
        twins: int = _TWINS,
        spreads: Mapping[Mode, Spread] | None = None,
    ) -> None:
        self.problem = problem
        self.reference = reference
        self.sites = reference.sites
        self.honest = scratch_trainer(problem, reference.constants)
        self.faults = faults_for(problem)
        self._kinks = kinks_of(self.honest.network)
        self.blocks: list[tuple[Block, list[Start]]] = []
        before = Start(problem.weights, None, 0)
        for block in reference.blocks():
            *states, before = starts(block, before)
            self.blocks.append((block, states))
        self._twins = twins
        self._spreads = spreads or {}
        self._tolerance = Measured()
        self._dtype = np.finfo(problem.dtype)
        self._most_share = float(np.sqrt(self._dtype.eps))
        self._base: dict[Mode, list[Honest]] = {}
        self._allowed: dict[Mode, list[Allowed]] = {}
        self._touched: dict[tuple[Fault, int], frozenset[str]] = {}

    @cached_property
    def steps(self) -> list[tuple[Block, int, Start]]:
        """Every step: its block, its place there, and the reference's state before it."""
        return [
            (block, i, start) for block, states in self.blocks for i, start in enumerate(states)
        ]

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Every step's block, by number, and its place there."""
        return [(b, i) for b, (block, _) in enumerate(self.blocks) for i in range(len(block))]

    def plant(self, faults: Iterable[Fault]) -> OpenTrainer:
        """Return the honest trainer with the faults in it."""
        return plant(self.honest, faults)

    def locked_step(self, trainer: Trainer, number: int) -> Record:
        """Return what a trainer makes of one step, counted from 0, from the reference's state."""
        block, i, start = self.steps[number]
        state = trainer.init(start.weights, start.slots, start.iterations)
        return trainer.step(state, block.x[i], block.y[i])[1]

    def touched(self, fault: Fault, number: int) -> frozenset[str]:
        """Return the sites that a fault moves at one locked step, counted from 0."""
        if (fault, number) not in self._touched:
            with np.errstate(all="ignore"):
                record = self.locked_step(self.plant([fault]), number)
            where, i = self.places[number]
            usual, allowed = self.blocks[where][0].values, self.allowed("locked")[where]
            self._touched[fault, number] = frozenset(
                site
                for site in self.sites
                if not self.same(record[site], usual[site][i], allowed[site][i], usual[site][i])
            )
        return self._touched[fault, number]

    def run(self, trainer: Trainer, mode: Mode) -> list[Values]:
        """Return what a trainer makes of the whole problem, block by block."""
        run = Run(trainer, self.problem, mode)
        with np.errstate(all="ignore"):  # a fault may well overflow
            return [run.steps(block, states) for block, states in self.blocks]

    def honest_runs(self, mode: Mode) -> list[Honest]:
        """Return what honest arithmetic makes of the whole problem, block by block."""
        if mode not in self._base:
            run = self._honest_run(mode)
            with np.errstate(all="ignore"):
                self._base[mode] = [run(block, states) for block, states in self.blocks]
        return self._base[mode]

    def measure(self) -> None:
        """Make the honest runs of both modes now, and not when they are first asked for."""
        for mode in MODES:
            self.honest_runs(mode)

    @property
    def honest_steps(self) -> dict[Mode, HonestSteps]:
        """For each mode, what ``compare`` takes instead of making these runs itself."""
        return {mode: partial(self._made, mode) for mode in MODES}

    def judge(self, mode: Mode, candidate: Sequence[Values], sites: Iterable[str]) -> Judge:
        """Return the judge who has seen a candidate's run."""
        judge = Judge(
            list(sites),
            self.problem.dtype,
            self._tolerance,
            self._kinks,
            never_decreasing=mode == "free",
        )
        base = self.honest_runs(mode)
        with np.errstate(all="ignore"):
            for (block, _), values, honest in zip(self.blocks, candidate, base, strict=True):
                judge.add(Evidence(block.first_step, block.y, block.values, values, *honest))
        return judge

    def allowed(self, mode: Mode) -> list[Allowed]:
        """Return, block by block, how far apart honest runs may be."""
        if mode not in self._allowed:
            budgets = Budgets(
                self._tolerance,
                self.problem.dtype,
                self._kinks,
                never_decreasing=mode == "free",
            )
            self._allowed[mode] = [
                self._measure(budgets, block, base)
                for (block, _), base in zip(self.blocks, self.honest_runs(mode), strict=True)
            ]
        return self._allowed[mode]

    def same(self, one: Array, other: Array, allowed: float, usual: Array) -> bool:
        """Return whether two arrays of one step are the same but for rounding.

        ``allowed`` holds for numbers of the size that is ``usual`` there, the reference's: the
        rounding of larger ones is larger in proportion. But where what is usual is next to
        nothing, as after a cancellation, that proportion says nothing of rounding.
        """
        if one.shape != other.shape:
            return False
        finite = np.isfinite(other)
        if not finite.all():
            if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
                return False
            one, other = one[finite], other[finite]
        if np.array_equal(one, other):
            return True
        apart, size = np.abs(one - other).max(), np.abs(other).max()
        share = min(allowed / max(np.abs(usual).max(), self._dtype.tiny), self._most_share)
        return bool(apart <= max(allowed, share * size))

    def _honest_run(self, mode: Mode) -> HonestSteps:
        if mode in self._spreads:
            return HonestRunAgain(self.honest, self.problem, mode, self._spreads[mode])
        return HonestRun(self.honest, self.problem, mode, self._twins)

    def _made(self, mode: Mode, block: Block, _states: Sequence[Start]) -> Honest:
        firsts = [own.first_step for own, _ in self.blocks]
        return self.honest_runs(mode)[firsts.index(block.first_step)]

    def _measure(self, budgets: Budgets, block: Block, honest: Honest) -> Allowed:
        scratch = honest.scratch
        evidence = Evidence(block.first_step, block.y, block.values, scratch, *honest)
        with np.errstate(all="ignore"):
            measured = {
                site: distance(scratch[site], block.values[site], None) for site in self.sites
            }
            found = budgets.measure(evidence, measured)
        return {site: self._tolerance.factor * budget for site, budget in found.items()}
