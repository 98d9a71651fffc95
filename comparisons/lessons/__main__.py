"""``python -m comparisons.lessons``: run the lessons, and write their pages or check them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from comparisons.lessons import (
    INDEX,
    CellError,
    Lesson,
    LessonError,
    complaints,
    find,
    index,
    page,
    run,
    series,
)
from comparisons.runs import KerasMissingError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.argument("names", metavar="[LESSON]...", nargs=-1)
@click.option("--write", is_flag=True, help="Write the pages anew.")
def main(directory: Path, names: tuple[str, ...], *, write: bool) -> None:
    """Run the lessons, or those named, and hold their pages in DIR to what they print.

    Exit status: 0 nothing to complain of, 1 something, 3 Keras is missing.
    """
    lessons = series()
    try:
        chosen = [find(name, lessons) for name in names] or lessons
    except LessonError as error:
        raise click.BadParameter(str(error)) from error
    if write:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / INDEX).write_text(index(lessons), "utf-8")
    status = 0
    for lesson in chosen:
        try:
            for complaint in _looked_at(lesson, directory, write=write):
                click.echo(f"{lesson.stem}: {complaint}")
                status = 1
        except KerasMissingError as error:
            click.echo(f"{lesson.stem}: could not run: {error}", err=True)
            sys.exit(3)
    if _text(directory / INDEX) != index(lessons):
        click.echo(f"{INDEX} is not the index of these lessons")
        status = 1
    sys.exit(status)


def _looked_at(lesson: Lesson, directory: Path, *, write: bool) -> Iterator[str]:
    """Run a lesson, write its page if asked to, and yield what is wrong with the two."""
    file = directory / f"{lesson.stem}.md"
    try:
        outputs = run(lesson)
    except CellError as error:
        yield str(error)
        return
    if write:
        file.write_text(page(lesson, outputs), "utf-8")
    yield from complaints(lesson, outputs, _text(file))


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


if __name__ == "__main__":
    main()
