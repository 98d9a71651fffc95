"""The catalogue of faults."""

from comparisons.causes import in_layers, in_loops, in_losses, in_rules, in_values
from comparisons.causes.fault import Fault
from comparisons.problems import Problem

#: On batches of one row a sum is a mean, and these change nothing: there the one that is called
#: "sum over the batch" stands for all of them.
OF_THE_BATCH = frozenset(
    {
        "(n,) against (n, 1)",
        "bias gradient averaged once more",
        "bias gradient not divided by the batch",
        "bias gradient of one sample",
        "biases averaged once more",
        "biases not divided by the batch",
        "gradient not divided by the batch",
        "kernel gradient averaged once more",
        "kernel gradient not divided by the batch",
        "kernels averaged once more",
        "kernels not divided by the batch",
        "loss shown as a sum over the batch",
    }
)


def faults_for(problem: Problem) -> tuple[Fault, ...]:
    """Return every fault that the problem's network, training and dtype can have."""
    rows = min(problem.batch_size, problem.order.shape[1])
    return tuple(
        fault
        for room in (in_layers, in_losses, in_values, in_rules, in_loops)
        for fault in room.faults(problem)
        if fault.dtype in (None, problem.dtype) and not (rows == 1 and fault.kind in OF_THE_BATCH)
    )
