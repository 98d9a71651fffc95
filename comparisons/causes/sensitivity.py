"""Sensitivity: which of the known mistakes a comparison would have caught."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from comparisons.causes.catalogue import faults_for
from comparisons.causes.explaining import explain_observed
from comparisons.causes.fault import Fault, plant
from comparisons.causes.ground import Ground
from comparisons.causes.observed import Observed
from comparisons.problems import Problem
from comparisons.runs import MODES, Block, Mode, Record, Reference, ScratchTrainer, Start
from comparisons.verdicts import Divergence, Sensitivity


@dataclass(frozen=True)
class Finding:
    """What a problem finds of one planted fault: ``first`` is ``None`` if it sees nothing."""

    fault: Fault
    first: Divergence | None
    explained: bool

    @property
    def seen(self) -> bool:
        """Whether the two sides parted anywhere."""
        return self.first is not None

    @property
    def at_its_site(self) -> bool:
        """Whether they first parted at the site that the fault names."""
        return self.first is not None and self.first.site == self.fault.site


def findings(
    problem: Problem, reference: Reference, on_fault: Callable[[int], object] = lambda _: None
) -> tuple[Finding, ...]:
    """Plant every fault that a problem can have, one at a time, and return what is found.

    ``on_fault`` is told of each fault that is done, with the number 1.
    """
    ground, found = Ground(problem, reference), []
    for fault in ground.faults:
        found.append(find(ground, fault))
        on_fault(1)
    return tuple(found)


def find(ground: Ground, fault: Fault) -> Finding:
    """Plant one fault and return what is found: locked where that shows it, else free."""
    observed = Observed.of(ground, ground.plant([fault]))
    # Locked comes second in MODES: it tells the origin, so it is asked first.
    first = next(filter(None, (observed.first(mode) for mode in reversed(MODES))), None)
    if first is None:
        return Finding(fault, None, explained=False)
    found = explain_observed(observed, most=1)
    return Finding(fault, first, any(fault.name in one.names for one in found))


#: Each step's block, its place there, and the reference's state before it.
Steps = Sequence[tuple[Block, int, Start]]
#: Whether the record of a step, counted from 0, is further from the reference than is allowed.
Differs = Callable[[Record, int], bool]


def sensitivity(
    problem: Problem,
    trainer: ScratchTrainer,
    steps: Steps,
    differs: Differs,
    mode: Mode,
    *,
    with_the_loop: bool,
) -> Sensitivity:
    """Plant every fault that a problem can have, and say which of them ``differs`` notices.

    ``steps`` are those of the comparison. A fault is followed until it is caught. Those of the
    loop over batches count where the loop is the candidate's own.
    """
    caught: dict[str, bool] = {}
    with np.errstate(all="ignore"):  # a fault may well overflow
        for fault in faults_for(problem):
            if fault.of_the_loop and not with_the_loop:
                continue
            caught[fault.name] = _caught(fault, trainer, steps, differs, mode)
    return Sensitivity(
        caught=tuple(name for name, seen in caught.items() if seen),
        blind=tuple(name for name, seen in caught.items() if not seen),
    )


def _caught(
    fault: Fault,
    trainer: ScratchTrainer,
    steps: Steps,
    differs: Differs,
    mode: Mode,
) -> bool:
    if mode == "locked" and fault.remembers:
        return False
    planted, state = plant(trainer, [fault]), None
    for number, (block, i, start) in enumerate(steps):
        if state is None or mode == "locked":
            state = planted.init(start.weights, start.slots, start.iterations)
        state, record = planted.step(state, block.x[i], block.y[i])
        if differs(record, number):
            return True
    return False


def differs_from(steps: Steps, bounds: Mapping[str, Callable[[int], Any]]) -> Differs:
    """Return what says whether a record is out of bounds at a site.

    ``bounds`` maps each site that is compared to what it allows at a step: a number for the
    whole array, or one for each of its elements.
    """

    def differs(record: Record, number: int) -> bool:
        block, i, _ = steps[number]
        for site, bound in bounds.items():
            ours, theirs = record[site], block.values[site][i]
            if ours.shape != theirs.shape:
                return True
            # Written so that a NaN on one side is a difference.
            apart = np.abs(ours - theirs)
            same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
            if not ((apart <= bound(number)) | same).all():
                return True
        return False

    return differs
