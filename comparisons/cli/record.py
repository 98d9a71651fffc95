"""``keras-parity record``."""

import os
from contextlib import suppress
from pathlib import Path

import click
from rich.text import Text

from comparisons import problems
from comparisons.cli.shared import (
    NO_DIFFERENCE,
    check_problems,
    console,
    dtype_option,
    or_else,
    progress,
)
from comparisons.runs import import_keras_ref
from comparisons.traces import Recording, RecordingError, check_free, record


def check_directory(_context: click.Context, _option: click.Parameter, path: Path) -> Path:
    """Refuse a directory that could not be made or written to: a callback of click."""
    there = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if not there.is_dir():
        message = f"{there} is a file; name a directory to write to"
        raise click.BadParameter(message)
    if not os.access(there, os.W_OK | os.X_OK):
        message = f"{path} cannot be written: there is no permission to write in {there}"
        raise click.BadParameter(message)
    return path


@click.command("record", short_help="Record Keras, to compare with where there is none.")
@click.argument("names", metavar="[PROBLEM]...", nargs=-1, callback=check_problems)
@click.option("--all", "every", is_flag=True, help="Record every problem of the catalogue.")
@dtype_option("Precision of the run")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    callback=check_directory,
    metavar="DIR",
    help="Write each recording to a directory in this one, PROBLEM-DTYPE.",
)
def record_command(
    names: tuple[str, ...],
    every: bool,  # noqa: FBT001  click passes flags by keyword
    dtypes: tuple[str, ...],
    out: Path,
) -> int:
    """Train Keras and write every number of every step to DIR/PROBLEM-DTYPE.

    Without a PROBLEM, the two classic ones are recorded: regression and classification. A
    recording that is there already is never written over.
    """
    if every and names:
        message = "give problems by name or --all, not both"
        raise click.UsageError(message)
    chosen = problems.names() if every else dict.fromkeys(names) or problems.CLASSIC
    runs = {
        out / f"{name}-{dtype}": problems.get(name).astype(dtype)
        for name in chosen
        for dtype in dict.fromkeys(dtypes)
    }
    try:
        for path in runs:
            check_free(path)
    except RecordingError as error:
        raise click.UsageError(str(error)) from error
    terminal, done, was_there = console(), list[Recording](), out.exists()
    steps = sum(problem.steps for problem in runs.values())
    try:
        instead = "what is shipped is compared with without it: keras-parity compare --recorded"
        with or_else(instead), progress(steps, terminal, "starting Keras") as advance:
            for warning in import_keras_ref().warnings():
                click.echo(f"warning: {warning}", err=True)
            for path, problem in runs.items():
                done.append(record(problem, path, on_steps=advance))
    except KeyboardInterrupt as error:
        if not done and not was_there:
            with suppress(OSError):
                out.rmdir()
        message = f"{_many(len(done))} complete, and the one under way was removed" if done else ""
        raise click.Abort(message) from error
    width = max(len(recording.path.name) for recording in done)
    for recording in done:
        numbers = f"{recording.steps:>7,} steps  {_size(recording.bytes):>9}"
        terminal.print(Text(f"  {recording.path.name:<{width}}  {numbers}"))
    size = _size(sum(recording.bytes for recording in done))
    terminal.print(Text(f"{_many(len(done))}, {size}, in {out}", style="bold"), soft_wrap=True)
    return NO_DIFFERENCE


def _many(recordings: int) -> str:
    return f"{recordings} recording{'s' if recordings != 1 else ''}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"
