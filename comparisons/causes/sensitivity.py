"""Sensitivity: which faults a problem can see, where, and by which name."""

from dataclasses import dataclass

from comparisons.causes.explaining import explain_on
from comparisons.causes.fault import Fault
from comparisons.causes.ground import Ground
from comparisons.problems import Problem
from comparisons.runs import MODES, Reference
from comparisons.verdicts import Divergence


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


def sensitivity(problem: Problem, reference: Reference) -> tuple[Finding, ...]:
    """Plant every fault that a problem can have, one at a time, and return what is found."""
    ground = Ground(problem, reference)
    return tuple(find(ground, fault) for fault in ground.faults)


def find(ground: Ground, fault: Fault) -> Finding:
    """Plant one fault and return what is found: locked where that shows it, else free."""
    planted = ground.plant([fault])
    first = None
    # Locked comes second in MODES: it tells the origin, so it is asked first.
    for mode in reversed(MODES):
        first = first or ground.judge(mode, ground.run(planted, mode), ground.sites).first
    if first is None:
        return Finding(fault, None, explained=False)
    found = explain_on(ground, planted, most=1)
    return Finding(fault, first, any(fault.name in one.names for one in found))
