"""What an update tells of things that are not returned: gradients, and a learning rate."""

from math import log10
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.candidates.probing import NEAR, Probe
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays, Record
from scratch.optimizers import SGD

Array = npt.NDArray[Any]


def is_plain_sgd(problem: Problem) -> bool:
    """Return whether every parameter moves by the learning rate times its gradient."""
    optimizer = problem.network.optimizer
    return optimizer == SGD(optimizer.learning_rate)


def inferred_gradients(
    problem: Problem, before: Arrays, record: Record
) -> dict[str, tuple[Array, float]]:
    """Return the gradients behind a step of plain SGD: ``(before - after) / learning_rate``.

    Each comes with its relative precision. The parameter's rounding, half a unit in its last
    place, is divided by the learning rate as well, so the smaller the step the fewer the digits.
    """
    if not is_plain_sgd(problem):
        return {}
    rate = problem.network.optimizer.learning_rate
    found = {}
    for path, w in before.items():
        after = record.get(f"update/{path}")
        if after is None:
            continue
        gradient = (w - after) / rate
        size = float(np.abs(gradient).max(initial=0.0))
        unit = float(np.finfo(w.dtype).eps) * float(np.abs(w).max(initial=0.0))
        precision = unit / (rate * size) if size > 0 else np.inf
        found[f"backward/{path}"] = (gradient, min(max(precision, float(np.finfo(w.dtype).eps)), 1))
    return found


def digits(precision: float) -> int:
    """Return how many decimal digits a relative precision stands for."""
    return max(round(-log10(precision)), 0)


def inferred_rate(probe: Probe, after: Arrays) -> float | None:
    """Return the learning rate of a step that began at a probe: movement over gradient.

    Only parameters that moved along their gradient tell; ``None`` if none did, or if they
    disagree.
    """
    rates = []
    for path, w in probe.weights.items():
        g, moved = probe.record[f"backward/{path}"], w - after[path]
        square = float((g * g).sum())
        if not square:
            continue
        rate = float((g * moved).sum()) / square
        near = NEAR[str(w.dtype)]
        floor = 8 * float(np.finfo(w.dtype).eps)
        if rate and bool(
            np.abs(moved - rate * g).max() <= near * abs(rate) * np.abs(g).max() + floor
        ):
            rates.append(rate)
    if not rates or max(rates) - min(rates) > 1e-4 * max(abs(rate) for rate in rates):
        return None
    return float(f"{np.mean(rates):.6g}")
