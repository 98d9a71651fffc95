"""``keras-parity verify``."""

from collections.abc import Mapping

import click
from rich.console import Console
from rich.text import Text

from comparisons.cli.shared import (
    DIFFERS,
    NO_DIFFERENCE,
    console,
    located,
    or_else,
    progress,
)
from comparisons.runs import LiveKeras, import_keras_ref
from comparisons.traces import (
    Movement,
    Recording,
    RecordingError,
    environments_differ,
    locate,
    sentence,
    shipped_names,
    what_moved,
)
from comparisons.verdicts import Outcome

_STYLES = {Outcome.EXACT: "green", Outcome.CLOSE: "yellow"}


def check_targets(
    _context: click.Context, _argument: click.Parameter, targets: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse what is neither a directory nor a shipped recording: a callback of click."""
    for target in targets:
        located(target)
    return targets


@click.command("verify", short_help="Record again, and say what moved.")
@click.argument("targets", metavar="[RECORDING|PROBLEM]...", nargs=-1, callback=check_targets)
def verify_command(targets: tuple[str, ...]) -> int:
    """Run the Keras installed here and say which numbers of a recording it no longer computes.

    A RECORDING is a directory that 'record' wrote. A PROBLEM means the recordings of it that
    come with keras-parity; without any, all of these are verified. Exit status 1 only if
    something moved by more than rounding explains.
    """
    chosen = targets or shipped_names()
    paths = dict.fromkeys(path for target in chosen for path in locate(target))
    recordings = [Recording(path) for path in paths]
    for recording in recordings:
        recording.check_complete()
    if not recordings:
        message = "there is nothing to verify: no recordings come with this keras-parity"
        raise RecordingError(message)
    terminal, moved = console(), list[Movement]()
    environments: dict[tuple[str, ...], None] = {}
    steps = sum(recording.steps for recording in recordings)
    instead = "two recordings are compared without it: keras-parity diff A B"
    with or_else(instead), progress(steps, terminal, "starting Keras") as advance:
        for warning in import_keras_ref().warnings():
            click.echo(f"warning: {warning}", err=True)
        for recording in recordings:
            here = LiveKeras(recording.problem)
            found = what_moved(recording, here, on_steps=advance)
            moved.append(found)
            _show(recording, found, terminal)
            told = _versions(recording.environment, here.environment)
            told += [
                f"{name} held as {a!r}, here {b!r}"
                for name, (a, b) in _constants(recording.constants, here.constants).items()
            ]
            environments[tuple(told)] = None
    for told_once in environments:
        terminal.print(Text(f"versions: {'; '.join(told_once) or 'the same here as recorded'}"))
    passed = all(found.outcome <= Outcome.CLOSE for found in moved)
    terminal.print(Text(_summary(moved), style="bold green" if passed else "bold red"))
    return NO_DIFFERENCE if passed else DIFFERS


def _show(recording: Recording, found: Movement, terminal: Console) -> None:
    told = Text(f"{recording.problem.name}, {recording.problem.dtype}: ", style="bold")
    told.append(sentence(found, "recorded", "here"), _STYLES.get(found.outcome, "bold red"))
    for number, line in enumerate(told.wrap(terminal, terminal.width - 2)):
        line.rstrip()
        terminal.print(Text("  " if number else "") + line)


def _versions(recorded: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    differ = environments_differ(recorded, here)
    return [f"{name} {a} recorded, {b} here" for name, (a, b) in differ.items()]


def _constants(
    recorded: Mapping[str, float], here: Mapping[str, float]
) -> dict[str, tuple[float | None, float | None]]:
    """Return the constants that Keras holds otherwise here than when it was recorded."""
    names = dict.fromkeys((*recorded, *here))
    pairs = {name: (recorded.get(name), here.get(name)) for name in names}
    return {name: (a, b) for name, (a, b) in pairs.items() if a != b}


def _summary(moved: list[Movement]) -> str:
    """Return one line for all."""
    numbers = sum(found.numbers for found in moved)
    same = sum(found.outcome == Outcome.EXACT for found in moved)
    close = sum(found.outcome == Outcome.CLOSE for found in moved)
    recordings = f"{len(moved)} recording{'s' if len(moved) != 1 else ''}, {numbers:,} numbers"
    beyond = len(moved) - same - close
    return f"{recordings}: {same} the same, {close} moved by rounding only, {beyond} beyond"
