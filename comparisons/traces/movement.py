"""What moved from one trace of a problem to another: two Keras versions, machines or dtypes.

Up to and including the first step that leaves another state behind, both traces came from the same
state, so that step's budget is that of a locked run. From there on each goes its own way, and
the budget is that of a free run which starts there. Where scratch cannot start from a trace's
states, as they are of another dtype or have other slots, all is a free run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from comparisons.problems import Problem, differing
from comparisons.rounding import HonestRun
from comparisons.runs import (
    Block,
    Mode,
    Reference,
    Run,
    Start,
    scratch_trainer,
    starts,
    usual_twins,
)
from comparisons.traces.errors import RecordingError
from comparisons.traces.recording import Recording
from comparisons.traces.replaying import Replay, widened
from comparisons.verdicts import Divergence, Ended, Evidence, Judge, Measured, Outcome, kinks_of

Array = npt.NDArray[Any]
Series = Array | list[Array]


class Trace(Reference, Protocol):
    """A reference that says which problem it is of: a recording, or live Keras."""

    problem: Problem


@dataclass(frozen=True)
class Place:
    """One number in both traces; ``step`` counts from 1."""

    step: int
    site: str
    index: tuple[int, ...]
    before: float
    after: float


@dataclass
class SiteMovement:
    """What moved at one site: ``moved`` of ``numbers`` are not the same bits.

    ``worst`` is the number that went furthest beyond its budget, or came nearest to the end of
    it, and ``multiple`` how many times the budget it moved.
    """

    numbers: int = 0
    moved: int = 0
    outcome: Outcome = Outcome.EXACT
    multiple: float = 0.0
    worst: Place | None = None


@dataclass(frozen=True)
class Movement:
    """Two traces of a problem, compared over ``steps`` steps.

    ``dtypes`` are those of both, and ``dtype`` is the coarser, in whose budget they were judged.
    ``first`` is where they first are not the same bits, ``beyond`` where they first part by more
    than rounding. ``missing`` are sites that only one of the two has. After ``ended`` nothing is
    judged, as both sides overflow or rounding decides a branch, and ``sites`` end there too,
    unless all bits are the same up to the end of the run.
    """

    problem: str
    dtype: str
    dtypes: tuple[str, str]
    steps: int
    sites: Mapping[str, SiteMovement]
    missing: tuple[str, ...]
    first: Place | None
    beyond: Divergence | None
    ended: Ended | None
    twins: int

    @property
    def numbers(self) -> int:
        """How many numbers were compared."""
        return sum(site.numbers for site in self.sites.values())

    @property
    def moved(self) -> int:
        """How many of them are not the same bits."""
        return sum(site.moved for site in self.sites.values())

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of any site; comparing nothing, or not all, is ``INCOMPARABLE``."""
        if self.missing or not self.numbers:
            return Outcome.INCOMPARABLE
        return max(site.outcome for site in self.sites.values())

    @property
    def multiple(self) -> float:
        """How many times its budget the worst number moved."""
        return max((site.multiple for site in self.sites.values()), default=0.0)


def what_moved(
    before: Trace,
    after: Trace,
    *,
    partly: bool = False,
    on_steps: Callable[[int], object] = lambda _: None,
) -> Movement:
    """Compare two traces of one problem, number by number.

    They may differ in dtype: then the values are widened, and judged in the coarser dtype's
    budget. With ``partly``, incomplete recordings are compared as far as both go. ``on_steps``
    is told how many more steps are done, after each part.

    Raises ``RecordingError`` for traces of different problems, and for incomplete ones.
    """
    problem, wide = _common(before, after)
    steps = min(_steps(trace, partly=partly) for trace in (before, after))
    sites = tuple(site for site in before.sites if site in after.sites)
    restarts = wide is None and (not isinstance(before, Recording) or before.restarts)
    comparison = _Comparison(problem, before, sites, restarts=restarts)
    replay = Run(Replay(after.sites, _blocks(after, partly=partly), wide), problem, "free")
    start = Start(problem.weights, None, 0)
    with threadpool_limits(1, user_api="blas"), np.errstate(all="ignore"):
        for block in _cut(_blocks(before, partly=partly), steps):
            *states, start = starts(block, start)
            comparison.add(_in(problem, block, wide), replay.steps(block, states), states)
            on_steps(len(block))
    return Movement(
        problem=problem.name,
        dtype=problem.dtype,
        dtypes=(before.problem.dtype, after.problem.dtype),
        steps=steps,
        sites=comparison.sites(),
        missing=tuple(dict.fromkeys(s for s in (*before.sites, *after.sites) if s not in sites)),
        first=comparison.first,
        beyond=comparison.beyond,
        ended=comparison.ended,
        twins=comparison.honest.twins,
    )


def _common(before: Trace, after: Trace) -> tuple[Problem, str | None]:
    """Return the problem in the coarser dtype, and the dtype to widen to if there is need."""
    coarser = min((before.problem, after.problem), key=lambda problem: problem.dtype)
    problems = [trace.problem.astype(coarser.dtype) for trace in (before, after)]
    found = differing(*problems)
    if found:
        message = (
            f"these are of two problems, {before.problem.name} and {after.problem.name}: "
            f"they differ in {', '.join(found)}; compare recordings of one problem"
        )
        raise RecordingError(message)
    finer = max(before.problem.dtype, after.problem.dtype)
    return problems[0], finer if finer != coarser.dtype else None


def _steps(trace: Trace, *, partly: bool) -> int:
    """Return how many steps a trace has."""
    if isinstance(trace, Recording):
        if not partly:
            trace.check_complete()
        return trace.steps
    return trace.problem.steps


def _blocks(trace: Trace, *, partly: bool) -> Iterator[Block]:
    return trace.blocks(partly=partly) if isinstance(trace, Recording) else trace.blocks()


def _cut(blocks: Iterable[Block], steps: int) -> Iterator[Block]:
    """Yield the first steps only."""
    for block in blocks:
        if block.first_step >= steps:
            return
        yield block.part(0, steps - block.first_step)


def _in(problem: Problem, block: Block, wide: str | None) -> Block:
    """Return a block with its batches in the problem's dtype, and its values widened."""
    x, y = block.x.astype(problem.dtype, copy=False), block.y
    y = y if y.dtype.kind == "i" else y.astype(problem.dtype, copy=False)
    values = {site: widened(array, wide) for site, array in block.values.items()}
    return Block(block.first_step, x, y, values)


@dataclass
class _Counts:
    """How many numbers of a site moved, step by step."""

    numbers: list[int] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)


class _Comparison:
    """Judges blocks as they come: as a locked run until the states part, then as a free one."""

    def __init__(
        self, problem: Problem, before: Trace, sites: tuple[str, ...], *, restarts: bool
    ) -> None:
        textbook = scratch_trainer(problem, before.constants)
        mode: Mode = "locked" if restarts else "free"
        self.honest = HonestRun(textbook, problem, mode, usual_twins(problem))
        kinks = kinks_of(textbook.network)
        self.locked, self.free = (
            Judge(sites, problem.dtype, Measured(), kinks, never_decreasing=free)
            for free in (False, True)
        )
        self.first: Place | None = None
        self._counts = {site: _Counts() for site in sites}
        self._together = restarts
        # How many steps were judged as a locked run.
        self._locked_steps = 0

    @property
    def beyond(self) -> Divergence | None:
        """Where the traces first part by more than rounding."""
        return self.locked.first or self.free.first

    @property
    def ended(self) -> Ended | None:
        """Where judging ended, before the run did."""
        return self.locked.ended or self.free.ended

    def add(self, block: Block, after: Mapping[str, Series], states: Sequence[Start]) -> None:
        """Compare the next steps: ``after`` is what the other trace has for those of ``block``."""
        parted = self._count(block, after)
        if not self._together:
            self._judge(self.free, block, after, states)
            return
        stop = len(block) if parted is None else parted + 1
        self._judge(self.locked, *_part(block, after, states, 0, stop))
        self._locked_steps += stop
        if parted is not None:
            self._together = False
            self.honest.let_go()
            if stop < len(block):
                self._judge(self.free, *_part(block, after, states, stop, len(block)))

    def sites(self) -> dict[str, SiteMovement]:
        """Return what moved at each site, up to where judging ended."""
        moved = any(any(counts.moved) for counts in self._counts.values())
        end = self.ended.step if self.ended is not None and moved else None
        found = {}
        for site, counts in self._counts.items():
            at = found[site] = SiteMovement(sum(counts.numbers[:end]), sum(counts.moved[:end]))
            for judge, offset in ((self.locked, 0), (self.free, self._locked_steps)):
                _take_in(at, site, judge, offset)
        return found

    def _judge(
        self, judge: Judge, block: Block, after: Mapping[str, Series], states: Sequence[Start]
    ) -> None:
        if self.ended is not None:
            return
        honest = self.honest(block, states)
        judge.add(Evidence(block.first_step, block.y, block.values, after, *honest))

    def _count(self, block: Block, after: Mapping[str, Series]) -> int | None:
        """Count what moved; return the first of these steps after which the states differ."""
        parted: int | None = None
        for step in range(len(block)):
            for site, counts in self._counts.items():
                ours, theirs = block.values[site][step], after[site][step]
                moved = _moved(ours, theirs)
                many = int(moved.sum())
                counts.numbers.append(ours.size)
                counts.moved.append(many)
                if many and self.first is None:
                    index = tuple(int(i) for i in np.argwhere(moved)[0])
                    number = block.first_step + step + 1
                    self.first = Place(
                        number, site, index, float(ours[index]), float(theirs[index])
                    )
                if many and parted is None and site.startswith(("update/", "slot/")):
                    parted = step
        return parted


def _part(
    block: Block, after: Mapping[str, Series], states: Sequence[Start], start: int, stop: int
) -> tuple[Block, dict[str, Series], Sequence[Start]]:
    """Return some of the steps."""
    values = {site: series[start:stop] for site, series in after.items()}
    return block.part(start, stop), values, states[start:stop]


def _moved(before: Array, after: Array) -> Array:
    """Return where two arrays of one dtype are not the same bits; one NaN is as good as another."""
    same = (before == after) & (np.signbit(before) == np.signbit(after))
    return np.asarray(~(same | (np.isnan(before) & np.isnan(after))))


def _take_in(at: SiteMovement, site: str, judge: Judge, offset: int) -> None:
    """Add what a judge found at a site; its first step is step ``offset``, counted from 0."""
    table = judge.tables[site]
    outcome, bad = table.column("outcome"), table.column("bad").astype(bool)
    # Values that leave the finite numbers alike on both sides do not count against them.
    counted = outcome[(outcome != Outcome.INCOMPARABLE) | bad]
    at.outcome = max(at.outcome, Outcome(int(counted.max(initial=Outcome.EXACT))))
    difference, budget = table.column("difference"), table.column("budget")
    with np.errstate(all="ignore"):
        multiple = np.where(difference > 0, difference / np.where(budget > 0, budget, 1), 0)
    multiple = np.where(np.isfinite(difference) | ~bad, multiple, np.inf)
    if not multiple.size or np.nanmax(multiple, initial=0) <= at.multiple:
        return
    step = int(np.nanargmax(multiple))
    at.multiple = float(multiple[step])
    at.worst = Place(
        step=offset + step + 1,
        site=site,
        index=table.index(int(table.column("index")[step])),
        before=float(table.column("reference")[step]),
        after=float(table.column("candidate")[step]),
    )
