"""Pages: a lesson that has been run, as Markdown, and the index of them all."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from comparisons.lessons.cells import Cell
from comparisons.lessons.lesson import Lesson

INDEX = "README.md"

#: The tag of a cell that prints last digits, which are not the same on every machine.
LAST_DIGITS = "last-digits"

_INDEX_HEAD = """\
# Lessons

One question each, ten minutes, and every number on a page is what its code prints: the tests run
the lessons and compare. `keras-parity lesson` lists them, `keras-parity lesson 1` runs the first
in the terminal, and `keras-parity lesson 1 --copy .` puts it here as a file to edit, which
Jupyter opens as a notebook with [Jupytext](https://jupytext.readthedocs.io).

| | question | needs Keras |
|---|---|---|
"""


@dataclass(frozen=True)
class Line:
    """A line of a page. ``printed`` by its code, and then maybe about the ``last_digits``."""

    text: str
    printed: bool = False
    last_digits: bool = False


def lines(lesson: Lesson, outputs: Sequence[str]) -> list[Line]:
    """Return the page of a lesson whose cells printed ``outputs``."""
    return list(_lines(lesson, outputs))


def _lines(lesson: Lesson, outputs: Sequence[str]) -> Iterator[Line]:
    for cell, output in zip(lesson.cells, outputs, strict=True):
        yield from shown(cell)
        yield from printed(cell, output)
    yield Line("---")
    yield Line("")
    yield Line(
        f"Run it: `keras-parity lesson {lesson.number}`. "
        f"Edit it: `keras-parity lesson {lesson.number} --copy .`. [All lessons]({INDEX})"
    )


def shown(cell: Cell) -> Iterator[Line]:
    """Yield a cell as it stands: prose, or code between fences."""
    text = [Line(text) for text in cell.text.splitlines()]
    yield from text if cell.is_prose else _fenced("python", text)
    yield Line("")


def printed(cell: Cell, output: str) -> Iterator[Line]:
    """Yield what a cell has printed between fences, nothing if that is nothing."""
    if output:
        last_digits = LAST_DIGITS in cell.tags
        text = (
            Line(text.rstrip(), printed=True, last_digits=last_digits)
            for text in output.splitlines()
        )
        yield from _fenced("text", text)
        yield Line("")


def _fenced(language: str, inside: Iterable[Line]) -> Iterator[Line]:
    yield Line(f"```{language}")
    yield from inside
    yield Line("```")


def page(lesson: Lesson, outputs: Sequence[str]) -> str:
    """Return the page of a lesson whose cells printed ``outputs``, as text."""
    return "".join(f"{line.text}\n" for line in lines(lesson, outputs))


def index(lessons: Iterable[Lesson]) -> str:
    """Return the table of all lessons."""
    rows = (
        f"| {lesson.number} | [{lesson.title}]({lesson.stem}.md) "
        f"| {'yes' if lesson.needs_keras else 'no'} |\n"
        for lesson in lessons
    )
    return _INDEX_HEAD + "".join(rows)
