"""Probes: one training step of scratch from fixed numbers, no two of them alike."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs import ScratchTrainer
from comparisons.runs.trainers import Arrays, Record
from scratch.layers import Dense, Layer

Array = npt.NDArray[Any]

#: Relative to the largest element: a difference within this is rounding, or close to it.
NEAR = {"float64": 1e-6, "float32": 2e-3}


@dataclass(frozen=True)
class Probe:
    """Where a step starts and all that scratch computes in it.

    ``weights`` are by ``layer/tensor``, ``x`` is (batch, …) and ``y`` as in the problem.
    ``z`` has the pre-activations of each Dense layer, in order, and ``layers`` the functions from
    the output of one, (batch, units), to that of the next: the first takes the input.
    """

    weights: Arrays
    x: Array
    y: Array
    record: Record
    z: tuple[Array, ...]
    layers: tuple[Callable[[Array], Array], ...]


def probes(problem: Problem) -> tuple[Probe, Probe]:
    """Return two probes of a problem: its first batch's targets, everything else drawn.

    What agrees in both by accident (a relu where nothing is negative) is most unlikely.
    """
    return _probe(problem, 1), _probe(problem, 2)


def _probe(problem: Problem, seed: int) -> Probe:
    draw = np.random.RandomState(seed)
    rows = problem.order[0][: problem.batch_size]
    weights = {path: _drawn(draw, w) for path, w in problem.weights.items()}
    x, y = _drawn(draw, problem.x[rows]), problem.y[rows]
    trainer = ScratchTrainer(problem.network)
    with np.errstate(all="ignore"):
        _, record = trainer.step(trainer.init(weights), x, y)
    z = _pre_activations(problem, weights, x, record)
    return Probe(weights, x, y, record, z, _layers(problem, weights))


def _drawn(draw: np.random.RandomState, like: Array) -> Array:
    """Return numbers between 0.1 and 0.9 in size, of both signs."""
    numbers = draw.uniform(0.1, 0.9, like.shape) * draw.choice([-1, 1], like.shape)
    drawn: Array = numbers.astype(like.dtype)
    return drawn


def _pre_activations(
    problem: Problem, weights: Arrays, x: Array, record: Record
) -> tuple[Array, ...]:
    values = []
    for layer in problem.network.layers:
        if isinstance(layer, Dense):
            bias = weights.get(f"{layer.name}/bias")
            z = x @ weights[f"{layer.name}/kernel"]
            values.append(z if bias is None else z + bias)
        x = record[f"forward/{layer.name}/output"]
    return tuple(values)


def _layers(problem: Problem, weights: Arrays) -> tuple[Callable[[Array], Array], ...]:
    """Return each Dense layer, together with what follows it up to the next, as a function."""
    net, params = problem.network, ScratchTrainer(problem.network).init(weights).params
    groups: list[list[Layer]] = []
    for layer in net.layers:
        if isinstance(layer, Dense) or not groups:
            groups.append([])
        groups[-1].append(layer)

    def through(group: list[Layer], a: Array) -> Array:
        for layer in group:
            a, _ = layer(params[layer.name], a)
        return net.head(a)[0] if group is groups[-1] else a

    return tuple(partial(through, group) for group in groups)


def near(a: Any, b: Array, floor: float = 0.0) -> bool:
    """Return whether ``a`` is ``b`` but for rounding, or for differences up to ``floor``."""
    a = np.asarray(a)
    if a.shape != b.shape:
        return False
    allowed = NEAR[str(b.dtype)] * float(np.abs(b).max(initial=0.0)) + floor
    return bool(np.abs(a - b).max(initial=0.0) <= allowed)


def moved_alike(probe: Probe, after: Arrays) -> bool:
    """Return whether a step from a probe ended where scratch's did, judged by the movement."""
    for path, w in probe.weights.items():
        floor = 8 * float(np.finfo(w.dtype).eps * np.abs(w).max(initial=1.0))
        if not near(w - after[path], w - probe.record[f"update/{path}"], floor):
            return False
    return True
