"""What a page says, in words and rows: from a story's plain values to what a template prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from comparisons.pages.charting import Figure, columns_of
from comparisons.pages.charts import numbers
from comparisons.problems import DTYPES
from comparisons.reports.text import index_of

Run = Mapping[str, Any]

#: How many rows the tables of losses and of parameters have at most.
_MOST_ROWS = 60

#: The outcomes from best to worst, as a mark and in words: never colour alone.
MARKS = {"EXACT": "=", "CLOSE": "≈", "DIVERGED": "≠", "INCOMPARABLE": "?"}
MEANINGS = {
    "EXACT": "the same bits",
    "CLOSE": "within what rounding may do",
    "DIVERGED": "further apart than rounding explains",
    "INCOMPARABLE": "missing, of another shape or type, or not finite",
}


@dataclass(frozen=True)
class Outcome:
    """An outcome as it is shown: a word, a mark, what it means, and a class for its colour."""

    name: str

    @property
    def mark(self) -> str:
        """The sign before the word."""
        return MARKS[self.name]

    @property
    def meaning(self) -> str:
        """What the word means."""
        return MEANINGS[self.name]

    @property
    def css(self) -> str:
        """The class that colours it."""
        return f"outcome-{self.name.lower()}"


@dataclass(frozen=True)
class Table:
    """A table to print: ``head`` names the columns, and the first of each row is its header."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    more: str = ""


@dataclass(frozen=True)
class Overview:
    """The first screen: what was found of all runs, and what was compared with what."""

    passed: bool
    headline: str
    lead: str
    facts: Sequence[tuple[str, Sequence[str]]]
    reach: Sequence[tuple[str, str]]
    parted: "View | None"


@dataclass(frozen=True)
class View:
    """One run as the page prints it."""

    run: Run
    title: str
    outcome: Outcome
    said: str
    worst: str
    reach: str
    values: Table | None
    sites: Table | None
    losses: Table | None
    parameters: Table | None
    about: Sequence[tuple[str, str]]
    network: Figure | None
    figures: Sequence[Sequence[Figure]]
    undrawn: bool


def overview_of(runs: Sequence[Run]) -> Overview:
    """Return the first screen of a page."""
    failed = [run for run in runs if not run["verdict"]["passed"]]
    compared = sum(run["verdict"]["comparisons"] for run in runs)
    count = _counted(len(runs), "run")
    if failed:
        origin = _origin(failed)
        headline = _parts(origin)
        lead = f"{len(failed)} of {count} differ, in {compared:,} comparisons."
    else:
        origin = None
        headline = "No difference found"
        lead = f"{count}, {compared:,} comparisons, each number with its counterpart."
        if not runs:
            headline, lead = "Nothing was compared", "There is no run to show."
    return Overview(
        passed=bool(runs) and not failed,
        headline=headline,
        lead=lead,
        facts=_facts(runs),
        reach=_reach(runs),
        parted=None if origin is None else view_of(origin),
    )


def view_of(run: Run, figures: Sequence[Figure] = ()) -> View:
    """Return what the page prints of a run."""
    network = next((figure for figure in figures if figure.key == "network"), None)
    drawn = [figure for figure in figures if figure.key != "network"]
    return View(
        run=run,
        title=f"{run['problem']}, {run['dtype']}, {run['mode']} run",
        outcome=Outcome(run["verdict"]["outcome"]),
        said=said_of(run),
        worst=worst_of(run),
        reach=reach_of(run),
        values=_values(run),
        sites=_sites(run),
        losses=_losses(run),
        parameters=_parameters(run),
        about=_about(run),
        network=network,
        figures=columns_of(drawn),
        undrawn=network is not None and not drawn,
    )


def said_of(run: Run) -> str:
    """Return the verdict's sentence as it stands behind its outcome, which it may begin with."""
    verdict = run["verdict"]
    sentence: str = verdict["sentence"].removeprefix(verdict["outcome"]).lstrip(" :")
    return f"{sentence}."


def worst_of(run: Run) -> str:
    """Say which value came nearest to its bound, or went furthest beyond it."""
    worst = run["verdict"]["worst"]
    if worst is None:
        return "Nothing was measured."
    if run["verdict"]["outcome"] == "EXACT":
        return "Exactly equal everywhere."
    where = f"{worst['site']}{index_of(tuple(worst['index']))}"
    return (
        f"Worst: {short(worst['multiple'])} × {run['verdict']['bound']}, "
        f"at step {worst['step']:,}, {where}.{_nearer(run)}"
    )


def _nearer(run: Run) -> str:
    """Say which side is nearer to the exact value there, where there was a witness."""
    nearer = run["verdict"]["nearer"]
    if nearer is None:
        return ""
    witness = nearer["dtype"] if nearer["dtype"] in DTYPES else "long double"
    who = {"candidate": run["candidate"], "reference": run["reference"]}.get(nearer["nearer"])
    told = "neither side is nearer" if who is None else f"{who} is nearer"
    return f" There {told} to the {witness} witness."


def reach_of(run: Run) -> str:
    """Say what a pass would have caught, where that was measured."""
    sensitivity = run["verdict"]["sensitivity"]
    if sensitivity is None or not run["verdict"]["passed"]:
        return ""
    known = dict.fromkeys(sensitivity["caught"], True) | dict.fromkeys(sensitivity["blind"], False)
    return f"It {_caught(known)}."


def short(value: Any, digits: int = 3) -> str:
    """Write a number for reading, as the pictures do; words such as ``nan`` stay words."""
    return value if isinstance(value, str) else numbers.short(value, digits)


def exact(value: Any, dtype: str) -> str:
    """Write a number with the digits that tell it from its neighbours in that dtype."""
    return "not shown" if value is None else str(np.dtype(dtype).type(float(value)))


def _origin(failed: Sequence[Run]) -> Run:
    """Return the run that tells most of a difference: a locked one, and the finest dtype."""
    told = [run for run in failed if run["verdict"]["first"] is not None] or failed
    same = [run for run in told if run["problem"] == told[0]["problem"]]
    return max(same, key=lambda run: (run["mode"] == "locked", run["dtype"] == "float64"))


def _parts(run: Run) -> str:
    first = run["verdict"]["first"]
    if first is None:
        return f"{run['candidate']} cannot be compared with {run['reference']}"
    place = f"at step\u00a0{first['step']:,}, {first['site']}"
    return f"{run['candidate']} parts from {run['reference']} {place}"


def _facts(runs: Sequence[Run]) -> list[tuple[str, Sequence[str]]]:
    """Return what was compared with what: a name and its values, each once, in order."""
    named = {
        "Candidate": [run["candidate"] for run in runs],
        "Compared with": [run["source"].removesuffix(f", {run['dtype']}") for run in runs],
        "Problem" if len({run["problem"] for run in runs}) == 1 else "Problems": [
            run["problem"] for run in runs
        ],
        "Computed in": [run["dtype"] for run in runs],
        "Runs": [
            {"free": "free: each side goes on from its own numbers"}.get(
                run["mode"], "locked: every step starts from Keras’s numbers"
            )
            for run in runs
        ],
        "With": [_versions(run["environment"]) for run in runs],
    }
    facts = [(name, list(dict.fromkeys(v for v in values if v))) for name, values in named.items()]
    return [(name, values) for name, values in facts if values]


def _reach(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return for each problem what its passes together would have caught."""
    caught: dict[str, dict[str, bool]] = {}
    for run in runs:
        sensitivity = run["verdict"]["sensitivity"]
        if sensitivity is None or not run["verdict"]["passed"]:
            continue
        known = caught.setdefault(run["problem"], {})
        for name in sensitivity["blind"]:
            known.setdefault(name, False)
        known |= dict.fromkeys(sensitivity["caught"], True)
    return [(problem, _caught(known)) for problem, known in caught.items()]


def _caught(known: Mapping[str, bool]) -> str:
    blind = [name for name, seen in known.items() if not seen]
    said = f"would have caught {len(known) - len(blind)} of {len(known)} known mistakes"
    return f"{said}; blind to: {'; '.join(blind)}" if blind else said


def _versions(environment: Mapping[str, str]) -> str:
    names = {"numpy": "NumPy", "python": "Python"}
    told = [f"{word} {environment[key]}" for key, word in names.items() if key in environment]
    return ", ".join([*told, *[environment[k] for k in ("machine",) if k in environment]])


def _values(run: Run) -> Table | None:
    """Return the worst values where the two sides first part."""
    first = run["verdict"]["first"]
    if first is None or not first["rows"]:
        return None
    dtype = run["dtype"]
    return Table(
        caption=(
            f"{first['beyond']:,} of {first['size']:,} values of {first['site']} are beyond "
            f"{run['verdict']['bound']} at step {first['step']:,}; the worst:"
        ),
        head=("index", run["candidate"], run["reference"], "difference", "× budget"),
        rows=[
            (
                index_of(tuple(row["index"])) or "–",
                exact(row["candidate"], dtype),
                exact(row["reference"], dtype),
                short(row["difference"]),
                short(row["multiple"]),
            )
            for row in first["rows"]
        ],
    )


def _sites(run: Run) -> Table | None:
    rows = [
        (
            site["site"],
            f"{MARKS[site['outcome']]} {site['outcome']}",
            "–" if site["difference"] is None else short(site["difference"]),
            "–" if site["multiple"] is None else short(site["multiple"]),
            f"{site['step']:,}",
        )
        for site in run["worst_of_sites"]
    ]
    caption = "Every quantity in causal order, with its worst step"
    head = ("site", "outcome", "difference", "× budget", "at step")
    return Table(caption, head, rows) if rows else None


def _losses(run: Run) -> Table | None:
    hidden = "loss/value" in run["verdict"]["not_offered"]
    both = zip(*(run["epoch_losses"][s] for s in ("candidate", "reference")), strict=True)
    rows = [
        (
            f"{epoch:,}",
            "not shown" if hidden else exact(ours, run["dtype"]),
            exact(theirs, run["dtype"]),
        )
        for epoch, (ours, theirs) in enumerate(both, 1)
    ]
    head = ("epoch", run["candidate"], run["reference"])
    return _capped("The loss of each epoch, as fit reports it", head, rows)


def _parameters(run: Run) -> Table | None:
    rows = []
    for path, sides in run["final_parameters"].items():
        ours, theirs = (_array(sides[side]) for side in ("candidate", "reference"))
        if ours.shape != theirs.shape:
            continue
        rows += [
            (
                f"{path}{index_of(index)}",
                exact(ours[index], run["dtype"]),
                exact(theirs[index], run["dtype"]),
            )
            for index in np.ndindex(theirs.shape)
        ]
    head = ("parameter", run["candidate"], run["reference"])
    return _capped("The parameters after the last step", head, rows)


def _array(nested: Any) -> Any:
    # Numbers that are not finite are words in a story, and float() reads them.
    return np.array(nested, dtype=object)


def _capped(caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table | None:
    """Return a table of the first and the last rows where there are too many."""
    if not rows:
        return None
    if len(rows) <= _MOST_ROWS:
        return Table(caption, head, rows)
    half = _MOST_ROWS // 2
    more = f"{len(rows):,} rows in all: the first {half} and the last {half} are shown."
    return Table(caption, head, [*rows[:half], *rows[-half:]], more)


def _about(run: Run) -> list[tuple[str, str]]:
    """Return the network and its training in a few words."""
    if not run["layers"]:
        return []
    return [
        ("Network", _network(run)),
        ("Loss", _named(run["loss"], ("from_logits", "label_smoothing"))),
        ("Update", _named(run["optimizer"], tuple(run["optimizer"]))),
        ("Steps", f"{run['epochs']:,} epochs of {run['steps_per_epoch']:,} steps"),
    ]


def _network(run: Run) -> str:
    layers = [
        f"{layer['name']} ({layer['class']}"
        + (f" {layer['units']}" if "units" in layer else "")
        + (f", {layer['activation']}" if layer["activation"] != "linear" else "")
        + ")"
        for layer in run["layers"]
    ]
    return f"{_counted(run['inputs'], 'input')} → {' → '.join(layers)}"


def _named(config: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """Return a class with those settings that are set to something."""
    told = [
        f"{name} {config[name]}"
        for name in names
        if name != "class" and config.get(name) not in (None, False, 0, 0.0)
    ]
    return ", ".join([config["class"], *told])


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
