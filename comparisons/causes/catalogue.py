"""The catalogue of faults."""

from comparisons.causes import in_layers, in_loops, in_losses, in_rules, in_values
from comparisons.causes.fault import Fault
from comparisons.problems import Problem


def faults_for(problem: Problem) -> tuple[Fault, ...]:
    """Return every fault that the problem's network, training and dtype can have.

    Where every batch has one row, the one called "sum over the batch" stands for all those of the
    batch: none of them changes anything there.
    """
    one_row = min(problem.batch_size, problem.order.shape[1]) == 1
    return tuple(
        fault
        for room in (in_layers, in_losses, in_values, in_rules, in_loops)
        for fault in room.faults(problem)
        if fault.dtype in (None, problem.dtype) and not (one_row and fault.of_the_batch)
    )
