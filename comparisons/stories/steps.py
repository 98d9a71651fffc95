"""Steps of a run, number by number, as both sides computed them: the first, and where they part."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.problems import Problem
from comparisons.runs import Reference
from comparisons.stories.listening import Heard, Wide, shown
from comparisons.stories.numbers import WIDE, measure, numbers
from comparisons.stories.picking import picked
from comparisons.stories.series import divergences_of
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


@dataclass(frozen=True)
class _Judged:
    """What was found at a site, step by step. A table puts its columns together: once is enough."""

    table: SiteTable
    tolerance: Tolerance
    outcome: Array
    budget: Array
    multiple: Array
    bad: Array
    index: Array

    @classmethod
    def of(cls, table: SiteTable, tolerance: Tolerance) -> "_Judged":
        """Read a table."""
        outcome, budget, bad, index = map(table.column, ("outcome", "budget", "bad", "index"))
        return cls(table, tolerance, outcome, budget, table.multiples(), bad, index)


def steps_of(
    problem: Problem,
    reference: Reference,
    verdict: Verdict,
    heard: Mapping[int, Heard],
    most_bytes: int,
) -> list[dict[str, Any]]:
    """Return the first steps as plain values, and those from just before the two sides part.

    Of both as many as are judged, heard, and fit as JSON; where they part early, the first are
    all. A step behind a gap has what was before it, as ``picked`` says.
    """
    judged = {s: _Judged.of(table, verdict.tolerance) for s, table in verdict.tables.items()}
    whole = {number: each for number, each in heard.items() if number <= verdict.steps}
    told = partial(_stretch, problem, reference, judged, whole, most_bytes)
    first = told(1)
    parting = min(divergences_of(verdict), default=1)
    if parting < len(first):
        return first
    # The step before those is told as well, for what it leaves behind.
    later = told(max(parting - 2, 1))
    if not any(step["number"] == parting for step in later[1:]):
        return first
    if later[0]["number"] > len(first) + 1:
        later = picked(later, range(1, len(later)), verdict.mode)
    return [*first, *(step for step in later if step["number"] > len(first))]


def _stretch(
    problem: Problem,
    reference: Reference,
    judged: Mapping[str, _Judged],
    heard: Mapping[int, Heard],
    most_bytes: int,
    start: int,
) -> list[dict[str, Any]]:
    """Return steps that follow each other, from the first one on that was heard from ``start``."""
    steps, room = list[dict[str, Any]](), most_bytes
    for theirs in _reference_steps(problem, reference, start):
        ours = heard.get(theirs.number)
        if ours is None and not steps:
            continue
        if ours is None:
            break
        step = _step(problem, judged, theirs, ours)
        room -= len(json.dumps(step, separators=(",", ":")))
        if steps and room < 0:
            break
        steps.append(step)
    return steps


def start_of(problem: Problem) -> dict[str, Any]:
    """Return the parameters before the first step; ``None`` for one that is too wide."""
    return {path: _whole(w) for path, w in problem.weights.items()}


def _reference_steps(problem: Problem, reference: Reference, start: int) -> Iterator[Shown]:
    rows = (rows for batches in problem.batches(1) for rows in batches.rows)
    for block in reference.blocks():
        for i, number in enumerate(range(block.first_step + 1, block.first_step + len(block) + 1)):
            its_rows = next(rows)
            if number >= start:
                values = {site: shown(np.asarray(each[i])) for site, each in block.values.items()}
                yield Shown(number, its_rows, block.x[i], block.y[i], values)


def _step(
    problem: Problem, judged: Mapping[str, _Judged], theirs: Shown, ours: Heard
) -> dict[str, Any]:
    epoch, batch = divmod(theirs.number - 1, problem.steps_per_epoch)
    return {
        "number": theirs.number,
        "epoch": epoch + 1,
        "batch": batch + 1,
        "rows": theirs.rows.tolist(),
        "x": _whole(theirs.x),
        "y": _whole(theirs.y),
        "sites": {
            site: _site(judged.get(site), theirs.number - 1, ours.get(site), values)
            for site, values in theirs.values.items()
        },
    }


def _whole(array: Array) -> Any:
    return numbers(array) if array.size <= WIDE else None


def _site(
    judged: _Judged | None, t: int, ours: Array | Wide | None, theirs: Array | Wide
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
    if judged is None:
        return told | {"outcome": None, "allowed": None, "multiple": None, "beyond": []}
    return told | {
        "outcome": Outcome(int(judged.outcome[t])).name,
        "allowed": measure(judged.budget[t] * judged.tolerance.factor),
        "multiple": measure(judged.multiple[t]),
        "beyond": _beyond(judged, t, ours, theirs),
    }


def _beyond(
    judged: _Judged, t: int, ours: Array | Wide | None, theirs: Array | Wide
) -> list[list[int]]:
    """Return the places out of bounds, at most so many; of a wide array the worst alone."""
    if not judged.bad[t] or ours is None or ours.shape != theirs.shape:
        return []
    if isinstance(ours, Wide) or isinstance(theirs, Wide):
        return [list(judged.table.index(int(judged.index[t])))]
    tolerance = judged.tolerance
    with np.errstate(all="ignore"):
        c, r = ours.astype(np.float64), theirs.astype(np.float64)
        allowed = (
            tolerance.bound(r)
            if isinstance(tolerance, Given)
            else tolerance.factor * judged.budget[t]
        )
        same = (c == r) | (np.isnan(c) & np.isnan(r))
        outside = ~same & ~(np.abs(c - r) <= allowed)
    return [[int(i) for i in place] for place in np.argwhere(outside)[:_PLACES]]
