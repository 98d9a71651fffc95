"""The first steps of a run, number by number, as both sides computed them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs import Reference
from comparisons.stories.listening import Heard, Wide, shown
from comparisons.stories.numbers import WIDE, measure, numbers
from comparisons.stories.series import multiples
from comparisons.verdicts import Given, Outcome, SiteTable, Tolerance, Verdict

Array = npt.NDArray[Any]

#: How many places out of bounds are listed at a site.
_PLACES = 50


@dataclass(frozen=True)
class Shown:
    """One step of the reference, its batch, and the numbers of its rows in the data."""

    number: int
    rows: Array
    x: Array
    y: Array
    values: Heard


def steps_of(
    problem: Problem,
    reference: Reference,
    verdict: Verdict,
    heard: Sequence[Heard],
    most_bytes: int,
) -> list[dict[str, Any]]:
    """Return the first steps as plain values, as many as are judged, heard, and fit as JSON."""
    steps, room = list[dict[str, Any]](), most_bytes
    for theirs, ours in zip(_reference_steps(problem, reference), heard, strict=False):
        if theirs.number > verdict.steps:
            break
        step = _step(problem, verdict, theirs, ours)
        room -= len(json.dumps(step, separators=(",", ":")))
        if steps and room < 0:
            break
        steps.append(step)
    return steps


def start_of(problem: Problem) -> dict[str, Any]:
    """Return the parameters before the first step; ``None`` for one that is too wide."""
    return {path: _whole(w) for path, w in problem.weights.items()}


def _reference_steps(problem: Problem, reference: Reference) -> Iterator[Shown]:
    rows = (rows for batches in problem.batches(1) for rows in batches.rows)
    for block in reference.blocks():
        for i in range(len(block)):
            values = {site: shown(np.asarray(series[i])) for site, series in block.values.items()}
            yield Shown(block.first_step + i + 1, next(rows), block.x[i], block.y[i], values)


def _step(problem: Problem, verdict: Verdict, theirs: Shown, ours: Heard) -> dict[str, Any]:
    epoch, batch = divmod(theirs.number - 1, problem.steps_per_epoch)
    return {
        "number": theirs.number,
        "epoch": epoch + 1,
        "batch": batch + 1,
        "rows": theirs.rows.tolist(),
        "x": _whole(theirs.x),
        "y": _whole(theirs.y),
        "sites": {
            site: _site(verdict, site, theirs.number - 1, ours.get(site), values)
            for site, values in theirs.values.items()
        },
    }


def _whole(array: Array) -> Any:
    return numbers(array) if array.size <= WIDE else None


def _site(
    verdict: Verdict, site: str, t: int, ours: Array | Wide | None, theirs: Array | Wide
) -> dict[str, Any]:
    """Return a site at a step ``t``, counted from 0; one not offered has nothing of ours."""
    told: dict[str, Any] = {
        "candidate": None if ours is None or isinstance(ours, Wide) else numbers(ours),
        "reference": None if isinstance(theirs, Wide) else numbers(theirs),
    }
    if isinstance(theirs, Wide):
        told["summary"] = {
            "shape": list(theirs.shape),
            "candidate": ours.norms if isinstance(ours, Wide) else None,
            "reference": theirs.norms,
        }
    table = verdict.tables.get(site)
    if table is None:
        return told | {"outcome": None, "allowed": None, "multiple": None, "beyond": []}
    budget = float(table.column("budget")[t])
    return told | {
        "outcome": Outcome(int(table.column("outcome")[t])).name,
        "allowed": measure(budget * verdict.tolerance.factor),
        "multiple": measure(multiples(table)[t]),
        "beyond": _beyond(table, t, ours, theirs, budget, verdict.tolerance),
    }


def _beyond(
    table: SiteTable,
    t: int,
    ours: Array | Wide | None,
    theirs: Array | Wide,
    budget: float,
    tolerance: Tolerance,
) -> list[list[int]]:
    """Return the places out of bounds, at most so many; of a wide array the worst alone."""
    if not table.column("bad")[t] or ours is None or ours.shape != theirs.shape:
        return []
    if isinstance(ours, Wide) or isinstance(theirs, Wide):
        return [list(table.index(int(table.column("index")[t])))]
    with np.errstate(all="ignore"):
        c, r = ours.astype(np.float64), theirs.astype(np.float64)
        allowed = tolerance.bound(r) if isinstance(tolerance, Given) else tolerance.factor * budget
        same = (c == r) | (np.isnan(c) & np.isnan(r))
        outside = ~same & ~(np.abs(c - r) <= allowed)
    return [[int(i) for i in place] for place in np.argwhere(outside)[:_PLACES]]
