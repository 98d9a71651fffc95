"""What the commands share: exit statuses, the console, the progress bar, checks of arguments."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from comparisons import problems, reports
from comparisons.candidates.choices import ANSWERS
from comparisons.candidates.vocabulary import FUNCTIONS
from comparisons.problems import DTYPES, ProblemError
from comparisons.runs import MODES, KerasMissingError
from comparisons.traces import RecordingError, locate, shipped_names

F = TypeVar("F", bound=Callable[..., Any])

#: Exit statuses; 2, for a wrong command line, is click's own.
NO_DIFFERENCE, DIFFERS, USAGE, COULD_NOT_RUN = 0, 1, 2, 3

#: A day, in seconds: a file may take no longer.
LONGEST = 86_400

#: What ``--name`` may answer besides ``function.argument``.
ANSWERED = (*FUNCTIONS, *ANSWERS)


class Whole(click.IntRange):
    """A whole number in a range, by a name that fits into click's sentences."""

    name = "integer"


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


def located(target: str) -> tuple[Path, ...]:
    """Return the directories of the recordings meant; refuses what is none, for callbacks."""
    try:
        return locate(target)
    except RecordingError as error:
        problem = target.rpartition("-")[0]
        there = [name for name in shipped_names() if name.rpartition("-")[0] == problem]
        if not there:
            raise click.BadParameter(str(error)) from error
        message = (
            f"{target!r} is neither a directory nor a recording that comes with keras-parity, "
            f"which has of {problem}: {', '.join(there)}"
        )
        raise click.BadParameter(message) from error


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
        what = pair.split("=", 1)[0]
        if what not in ANSWERED and "." not in what:
            near = get_close_matches(what, ANSWERED, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise click.BadParameter(
                f"expected one of {', '.join(ANSWERED)} or function.argument before the =, "
                f"received {what!r}{hint}"
            )
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
def or_else(instead: str | None) -> Iterator[None]:
    """Where Keras is missing, say too what can be done without it, if anything can."""
    try:
        yield
    except KerasMissingError as error:
        if instead is None:
            raise
        message = f"{error}; {instead}"
        raise KerasMissingError(message) from error


#: What can be done instead of ``--live`` where there is no Keras.
NOT_LIVE = "or leave out --live, and compare with what is shipped"


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
