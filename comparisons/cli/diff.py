"""``keras-parity diff``."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comparisons import reports
from comparisons.cli.shared import (
    DIFFERS,
    NO_DIFFERENCE,
    console,
    file_option,
    located,
    progress,
)
from comparisons.reports.text import show_table
from comparisons.traces import (
    Movement,
    Recording,
    environments_differ,
    sentence,
    source,
    what_moved,
)
from comparisons.verdicts import Outcome

#: Changes when a field changes its meaning or goes; new fields may come at any time.
SCHEMA = "keras-parity/diff/1"


def check_recording(_context: click.Context, _argument: click.Parameter, target: str) -> Path:
    """Refuse what is not one recording: a callback of click."""
    paths = located(target)
    if len(paths) > 1:
        names = " or ".join(path.name for path in paths)
        message = f"{target!r} has several recordings: name {names}"
        raise click.BadParameter(message)
    return paths[0]


@click.command("diff", short_help="Compare two recordings of one problem.")
@click.argument("a", callback=check_recording)
@click.argument("b", callback=check_recording)
@file_option("json", "Write the results as JSON.")
def diff_command(a: Path, b: Path, json_file: Path | None) -> int:
    """Compare recordings A and B of one problem: two Keras versions, machines or dtypes.

    Each is a directory that 'record' wrote, or the name, PROBLEM-DTYPE, of a recording that
    comes with keras-parity. Incomplete ones are compared as far as both go. Needs no Keras.
    """
    pair = {"A": Recording(a), "B": Recording(b)}
    terminal = console()
    steps = min(recording.steps for recording in pair.values())
    with progress(steps, terminal, "comparing") as advance:
        found = what_moved(pair["A"], pair["B"], partly=True, on_steps=advance)
    if json_file is not None:
        reports.write(json_file, _json(pair, found))
    _show_sources(pair, found, terminal)
    _show_sites(found, terminal)
    passed = found.outcome <= Outcome.CLOSE
    style = "bold green" if passed else "bold red"
    _print(f"{found.outcome.name}: {sentence(found, 'A', 'B')}", terminal, style=style)
    return NO_DIFFERENCE if passed else DIFFERS


def _show_sources(pair: Mapping[str, Recording], found: Movement, terminal: Console) -> None:
    """Print what is compared, and in what it was computed otherwise."""
    terminal.print(Text(f"{found.problem}, {found.steps} steps", style="bold"))
    for name, recording in pair.items():
        _print(f"{name}  {source(recording.environment)}: {recording.path}", terminal)
        if not recording.complete:
            told = f"{recording.steps} of {recording.problem.steps} steps"
            _print(f"{name} is incomplete: it has {told}", terminal, style="yellow")
    a, b = pair.values()
    for name, (ours, theirs) in environments_differ(a.environment, b.environment).items():
        _print(f"{name}: A {ours}, B {theirs}", terminal)
    if found.dtypes[0] != found.dtypes[1]:
        finer = next(dtype for dtype in found.dtypes if dtype != found.dtype)
        told = f"compared after widening to {finer}, with the rounding budget of {found.dtype}"
        _print(told, terminal)


def _show_sites(found: Movement, terminal: Console) -> None:
    """Print the worst of each site, in causal order."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_edge=False, header_style="dim")
    table.add_column("  site", overflow="fold")
    table.add_column("outcome", no_wrap=True)
    for name in ("moved", "× budget", "at step"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, site in found.sites.items():
        worst = site.worst
        table.add_row(
            Text(f"  {name}"),
            site.outcome.name,
            f"{site.moved:,}",
            "-" if worst is None else f"{site.multiple:.2g}",
            "-" if worst is None else str(worst.step),
        )
    show_table(table, terminal)


def _print(text: str, terminal: Console, *, style: str = "") -> None:
    for line in Text(text, style=style).wrap(terminal, terminal.width):
        line.rstrip()
        terminal.print(line)


def _json(pair: Mapping[str, Recording], found: Movement) -> str:
    document = {
        "schema": SCHEMA,
        "problem": found.problem,
        **{name.lower(): _side(recording) for name, recording in pair.items()},
        "environments_differ": environments_differ(*(r.environment for r in pair.values())),
        "outcome": found.outcome,
        "sentence": sentence(found, "A", "B"),
        "dtype": found.dtype,
        "steps": found.steps,
        "numbers": found.numbers,
        "moved": found.moved,
        "twins": found.twins,
        "missing": found.missing,
        "first": None if found.first is None else asdict(found.first),
        "beyond": None if found.beyond is None else asdict(found.beyond),
        "ended": None if found.ended is None else asdict(found.ended),
        "sites": {name: asdict(site) for name, site in found.sites.items()},
    }
    return reports.as_json(document)


def _side(recording: Recording) -> dict[str, Any]:
    return {
        "path": str(recording.path),
        "complete": recording.complete,
        "steps": recording.steps,
        "environment": recording.environment,
        "constants": recording.constants,
    }
