"""``keras-parity lesson``: list the lessons, run one, or put it somewhere to edit."""

import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from comparisons.cli.shared import COULD_NOT_RUN, NO_DIFFERENCE, console
from comparisons.lessons import CellError, Lesson, LessonError, find, read, series
from comparisons.lessons.playing import play


@click.command("lesson", short_help="List the lessons, or run one.")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--pause", is_flag=True, help="Wait for Enter after each piece of code.")
@click.option(
    "--copy", "directory", type=click.Path(path_type=Path), metavar="DIR",
    help="Put the lesson's file into this directory, to edit or to open as a notebook.",
)  # fmt: skip
@click.option("--in-this-process", is_flag=True, hidden=True)
def lesson_command(
    name: str | None, directory: Path | None, *, pause: bool, in_this_process: bool
) -> int:
    """Run a lesson in the terminal: prose, code, and what the code prints.

    NAME is a lesson's name or number, or the file of a copy that you have edited; without it the
    lessons are listed. Into a pipe goes Markdown.
    """
    if name is None:
        if directory is not None:
            raise click.UsageError("--copy needs the name of a lesson: keras-parity lesson NAME")
        return _list(console())
    is_file = name.endswith(".py")
    if is_file and directory is None and not in_this_process:
        # A file of the user's runs in a process of its own, whatever it does to it.
        command = [sys.executable, "-m", "comparisons", "lesson", "--in-this-process", name]
        return subprocess.run([*command, *["--pause"] * pause], check=False).returncode  # noqa: S603
    try:
        lesson = read(Path(name)) if is_file else find(name, series())
    except LessonError as error:
        told = str(error)
        if not is_file:
            told += f"{'' if told.endswith('?') else ';'} 'keras-parity lesson' lists them"
        raise click.BadParameter(told, param_hint="'NAME'") from error
    return _play(lesson, pause=pause) if directory is None else _copy(lesson, directory)


def _list(terminal: Console) -> int:
    for lesson in series():
        needs = "  (needs Keras)" if lesson.needs_keras else ""
        terminal.print(
            Text(f"{lesson.number:>2}  "), Text(lesson.name, "bold"), Text(needs, "dim"), sep=""
        )
        for line in Text(lesson.title).wrap(terminal, terminal.width - 8):
            terminal.print(Text("    ") + line)
    return NO_DIFFERENCE


def _copy(lesson: Lesson, directory: Path) -> int:
    """Write a lesson's file into a directory, never over another."""
    target = directory / lesson.path.name
    if directory.is_file():
        raise click.UsageError(f"{directory} is a file: name a directory to put the lesson into")
    if not directory.is_dir():
        raise click.UsageError(f"there is no directory {directory}: make it first, or name another")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(lesson.path.read_text("utf-8"))
    except FileExistsError:
        raise click.UsageError(
            f"{target} is there already, and is not overwritten: move it, or name another directory"
        ) from None
    except OSError as error:
        raise click.UsageError(f"{target} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {target}\nrun it: keras-parity lesson {target}")
    return NO_DIFFERENCE


def _play(lesson: Lesson, *, pause: bool) -> int:
    terminal = console()
    waits = pause and terminal.is_terminal and sys.stdin.isatty()
    try:
        play(lesson, terminal, _wait_for_enter if waits else lambda: None)
    except CellError as error:
        click.echo(str(error), err=True)
        return COULD_NOT_RUN
    return NO_DIFFERENCE


def _wait_for_enter() -> None:
    click.prompt("Enter", default="", show_default=False, prompt_suffix=" … ")
