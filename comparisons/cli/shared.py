"""What the commands share: exit statuses, the console, the progress bar, checks of arguments."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from comparisons import problems, reports
from comparisons.problems import DTYPES, ProblemError
from comparisons.runs import MODES

F = TypeVar("F", bound=Callable[..., Any])

#: Exit statuses; 2, for a wrong command line, is click's own.
NO_DIFFERENCE, DIFFERS, USAGE, COULD_NOT_RUN = 0, 1, 2, 3

#: A day, in seconds: a file may take no longer.
LONGEST = 86_400


def check_problems(
    _context: click.Context, _option: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Refuse names that the catalogue does not have: a callback of click."""
    try:
        for name in names:
            problems.get(name)
    except ProblemError as error:
        raise click.BadParameter(str(error)) from error
    return names


def check_problem(context: click.Context, option: click.Parameter, name: str) -> str:
    """Refuse a name that the catalogue does not have: a callback of click."""
    return check_problems(context, option, (name,))[0]


def check_output(
    _context: click.Context, _option: click.Parameter, path: Path | None
) -> Path | None:
    """Refuse a file that could not be written in the end: a callback of click."""
    try:
        if path is not None:
            reports.check_writable(path)
    except reports.OutputError as error:
        raise click.BadParameter(str(error)) from error
    return path


def check_seconds(_context: click.Context, _option: click.Parameter, seconds: float) -> float:
    """Refuse a time that no clock can measure: a callback of click."""
    if not 0 < seconds <= LONGEST:
        message = f"expected seconds above 0 and at most {LONGEST:,}, received {seconds:g}"
        raise click.BadParameter(message)
    return seconds


def check_names(
    _context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, str]:
    """Split ``WHAT=NAME``: a callback of click."""
    for pair in pairs:
        if "=" not in pair:
            raise click.BadParameter(f"wanted WHAT=NAME, such as forward=my_forward; got {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def name_option(of: str) -> Callable[[F], F]:
    """Return the option ``--name``, which a command is handed as the dict ``answers``."""
    return click.option(
        "--name",
        "answers",
        multiple=True,
        metavar="WHAT=NAME",
        callback=check_names,
        help=f"Answer a question about {of}, such as forward=my_forward; may be repeated.",
    )


def dtype_option(help_text: str, default: Sequence[str] = DTYPES) -> Callable[[F], F]:
    """Return the option ``--dtype``, which a command is handed as ``dtypes``."""
    return click.option(
        "--dtype",
        "dtypes",
        type=click.Choice(DTYPES),
        multiple=True,
        default=default,
        show_default=True,
        help=f"{help_text}; may be given twice.",
    )


def mode_option() -> Callable[[F], F]:
    """Return the option ``--mode``, which a command is handed as ``modes``."""
    return click.option(
        "--mode",
        "modes",
        type=click.Choice([*MODES, "both"]),
        default="both",
        show_default=True,
        callback=lambda _context, _option, mode: MODES if mode == "both" else (mode,),
        help="free: each side keeps its own state. locked: every step restarts from Keras's.",
    )


def file_option(kind: str, help_text: str) -> Callable[[F], F]:
    """Return an option such as ``--json FILE``, which a command is handed as ``json_file``."""
    return click.option(
        f"--{kind}",
        f"{kind}_file",
        type=click.Path(path_type=Path),
        callback=check_output,
        metavar="FILE",
        help=help_text,
    )


def console() -> Console:
    """Return a console as wide as the terminal, 80 columns where there is none."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 80)


@contextmanager
def progress(
    total: int, terminal: Console, starting: str, unit: str = "steps"
) -> Iterator[Callable[[int], object]]:
    """Show a bar while there is a terminal to show it on: stdout's, or else stderr's.

    It says ``starting`` until the first of ``total`` units is done.
    """
    shown = terminal if terminal.is_terminal else Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=shown, transient=True, disable=not shown.is_terminal) as bar:
        task = bar.add_task(starting, total=total)
        yield lambda steps: bar.update(task, advance=steps, description=unit)
