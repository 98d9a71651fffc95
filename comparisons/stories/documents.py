"""The document of a page: the runs, numbered, with as many of their steps as fit."""

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from comparisons.stories.picking import gaps, picked

#: Changes when a field changes its meaning or goes; new fields may come at any time.
SCHEMA = "keras-parity/report/1"

#: About how many bytes the steps of all runs together may take, and their series.
MOST_BYTES, MOST_SERIES_BYTES = 400_000, 300_000

#: With fewer runs than this, whose pictures take less, the steps may take so much more for each.
_MANY, _MORE_BYTES = 8, 40_000

#: However many runs there are, so many steps of each are drawn as curves.
_FEWEST = 20

#: Where the two sides part later than the first steps show, at least so many steps are there of
#: it: the one before it, the step itself, and the next.
_AROUND = 3


def document_of(
    runs: Sequence[Mapping[str, Any]],
    most_bytes: int | None = None,
    most_series_bytes: int = MOST_SERIES_BYTES,
) -> dict[str, Any]:
    """Return the document of a page; where not everything fits, each run says what is left out."""
    if most_bytes is None:
        most_bytes = MOST_BYTES + _MORE_BYTES * max(0, _MANY - len(runs))
    sizes = [[_size(step) for step in run["steps"]] for run in runs]
    rooms = _shared([sum(each) for each in sizes], most_bytes)
    series = [_size(run["series"]) for run in runs]
    series_rooms = _shared(series, most_series_bytes)
    fitting = []
    for i, run in enumerate(runs):
        places, drawn = _chosen(run, sizes[i], rooms[i]), len(run["series"]["steps"])
        if series_rooms[i] < series[i]:
            drawn = max(_FEWEST, drawn * series_rooms[i] // series[i])
        fitting.append({"id": f"run-{i + 1}", **_fitted(run, places, drawn)})
    return {"schema": SCHEMA, "runs": fitting}


def _size(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))


def _shared(wanted: Sequence[int], most: int) -> list[int]:
    """Return how much each gets: all that it wants, or else an even share of what is left."""
    given = [0] * len(wanted)
    left = most
    smallest_first = sorted(range(len(wanted)), key=wanted.__getitem__)
    for place, i in enumerate(smallest_first):
        given[i] = min(wanted[i], left // (len(wanted) - place))
        left -= given[i]
    return given


def _chosen(run: Mapping[str, Any], sizes: Sequence[int], room: int) -> list[int]:
    """Return the places of the steps that fit: the first, and those around where sides part."""
    first = max(_fitting(sizes, room), 1)
    before = _before_parting(run)
    if before is None or first >= min(before + _AROUND, len(sizes)):
        return list(range(len(sizes))[:first])
    first = min(max(_fitting(sizes, room // 2), 1), before)
    later = _fitting(sizes[before:], room - sum(sizes[:first]))
    return [*range(first), *range(len(sizes))[before : before + max(later, _AROUND)]]


def _before_parting(run: Mapping[str, Any]) -> int | None:
    """Return the place of the step before the two sides part, or of that one if it is the first."""
    parting = min(run["divergences"], default=None)
    numbers = [step["number"] for step in run["steps"]]
    return max(0, numbers.index(parting) - 1) if parting in numbers else None


def _fitting(sizes: Sequence[int], room: int) -> int:
    """Return how many of the first of these fit."""
    return sum(used <= room for used in accumulate(sizes))


def _fitted(run: Mapping[str, Any], places: Sequence[int], drawn: int) -> dict[str, Any]:
    """Return a run with some of its steps, and about so many points of its curves."""
    compared: int = run["verdict"]["steps"]
    steps = picked(run["steps"], places, run["mode"])
    series = _thinned(run, drawn)
    told = []
    missing = list(gaps([step["number"] for step in steps], compared)) if steps else []
    if missing:
        told.append(
            f"{_listed(missing)} not drawn one by one; verdict, curves and tables are of all steps."
        )
    if run["series"]["steps"] and len(series["steps"]) < compared:
        shown = len(series["steps"])
        told.append(f"The curves have {shown:,} of {compared:,} steps, the worst among them.")
    if run["left_out"]:
        told.append(run["left_out"])
    left_out = " ".join(told) or None
    return {**run, "steps": steps, "series": series, "left_out": left_out}


def _listed(missing: Sequence[tuple[int, int]]) -> str:
    """Say which steps are missing: "Steps 41 to 810 and 830 to 1,000 are"."""
    stretches = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in missing]
    alone = len(missing) == 1 and missing[0][0] == missing[0][1]
    return f"Step {stretches[0]} is" if alone else f"Steps {' and '.join(stretches)} are"


def _thinned(run: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Return the series at evenly spread steps, and at those that the verdict names."""
    series: dict[str, Any] = run["series"]
    count = len(series["steps"])
    if count <= most:
        return series
    named = {p["step"] for p in (run["verdict"]["first"], run["verdict"]["worst"]) if p is not None}
    kept = {round(i * (count - 1) / (most - 1)) for i in range(most)}
    kept |= {i for i, step in enumerate(series["steps"]) if step in named}
    return {key: _at(value, sorted(kept)) for key, value in series.items()}


def _at(value: Any, kept: Sequence[int]) -> Any:
    if isinstance(value, dict):
        return {key: _at(each, kept) for key, each in value.items()}
    return None if value is None else [value[i] for i in kept]
