"""The catalogue of faults."""

from comparisons.causes import in_layers, in_loops, in_losses, in_rules
from comparisons.causes.fault import Fault
from comparisons.problems import Problem


def faults_for(problem: Problem) -> tuple[Fault, ...]:
    """Return every fault that the problem's network, training and dtype can have."""
    return tuple(
        fault
        for room in (in_layers, in_losses, in_rules, in_loops)
        for fault in room.faults(problem)
        if fault.dtype in (None, problem.dtype)
    )
