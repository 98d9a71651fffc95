"""The document of a page: the runs, numbered, with as many of their steps as fit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

#: Changes when a field changes its meaning or goes; new fields may come at any time.
SCHEMA = "keras-parity/report/1"

#: About how many bytes the steps of all runs together may take, and their series.
MOST_BYTES, MOST_SERIES_BYTES = 400_000, 300_000

#: With fewer runs than this, whose pictures take less, the steps may take so much more for each.
_MANY, _MORE_BYTES = 8, 40_000

#: However many runs there are, so many steps of each are drawn as curves.
_FEWEST = 20


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
        steps, drawn = _first(sizes[i], rooms[i]), len(run["series"]["steps"])
        if series_rooms[i] < series[i]:
            drawn = max(_FEWEST, drawn * series_rooms[i] // series[i])
        fitting.append({"id": f"run-{i + 1}", **_fitted(run, steps, drawn)})
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


def _first(sizes: Sequence[int], room: int) -> int:
    """Return how many of the first steps fit: at least one, where there is one."""
    used = 0
    for count, size in enumerate(sizes):
        used += size
        if used > room:
            return max(count, 1)
    return len(sizes)


def _fitted(run: Mapping[str, Any], steps: int, drawn: int) -> dict[str, Any]:
    """Return a run with so many of its steps, and about so many points of its curves."""
    compared: int = run["verdict"]["steps"]
    series = _thinned(run, drawn)
    told = []
    if run["steps"] and steps < compared:
        told.append(
            f"Steps {steps + 1:,} to {compared:,} are not drawn one by one; "
            "verdict, curves and tables are of all steps."
        )
    if run["series"]["steps"] and len(series["steps"]) < compared:
        shown = len(series["steps"])
        told.append(f"The curves have {shown:,} of {compared:,} steps, the worst among them.")
    if run["left_out"]:
        told.append(run["left_out"])
    left_out = " ".join(told) or None
    return {**run, "steps": run["steps"][:steps], "series": series, "left_out": left_out}


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
