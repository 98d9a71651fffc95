"""Hold a lesson's page to what running the lesson prints now, and its prose to its numbers."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from comparisons.lessons.lesson import Lesson
from comparisons.lessons.numbers import alike, unfounded
from comparisons.lessons.writing import Line, lines

#: Prose, code and output fit a terminal.
COLUMNS = 80

_TYPED = re.compile(r"`[^`]*`")


def complaints(lesson: Lesson, outputs: Sequence[str], page: str) -> list[str]:
    """Return a sentence for everything wrong with a lesson whose cells now print ``outputs``.

    ``page`` is the text of its page. Prose is held to the page's numbers, which are held to
    the new ones: a quote of last digits is then true on every machine.
    """
    fresh, old = lines(lesson, outputs), page.splitlines()
    return [
        *_of_form(lesson),
        *_of_width(lesson, outputs),
        *_of_page(fresh, old),
        *_of_prose(lesson, [text for line, text in zip(fresh, old, strict=False) if line.printed]),
    ]


def _of_form(lesson: Lesson) -> Iterator[str]:
    cells = lesson.cells
    if not lesson.number:
        yield f"its file is {lesson.path.name}, expected NN-name.py"
    if not (cells and cells[0].is_prose and lesson.title.endswith("?")):
        yield "its first cell must begin with a title that asks: # …?"
    if cells and len(cells[0].text.split("\n\n")) < 2:
        yield "its first cell must say, under the title, what one will know"
    if not (cells and cells[-1].is_prose and cells[-1].text.startswith("## Try it\n")):
        yield "its last cell must be ## Try it"
    for before, cell in pairwise(cells):
        if not (before.is_prose or cell.is_prose):
            yield f"line {cell.line}: code must come after prose"


def _of_width(lesson: Lesson, outputs: Sequence[str]) -> Iterator[str]:
    for text in (*(cell.text for cell in lesson.cells), *outputs):
        for line in text.splitlines():
            if len(line) > COLUMNS:
                yield f"wider than {COLUMNS} columns: {line}"


def _of_page(fresh: Sequence[Line], old: Sequence[str]) -> Iterator[str]:
    for number, (line, text) in enumerate(zip(fresh, old, strict=False), 1):
        if line.printed:
            same = alike(text, line.text, last_digits=line.last_digits)
        else:
            same = text == line.text
        if not same:
            what = "running it prints" if line.printed else "the lesson has"
            yield f"line {number} of the page: {text!r}, but {what} {line.text!r}"
            if not line.printed:
                return  # whatever follows is shifted
    if len(fresh) != len(old):
        yield f"the page has {len(old)} lines, expected {len(fresh)}"


def _of_prose(lesson: Lesson, printed: Sequence[str]) -> Iterator[str]:
    codes = [cell.text for cell in lesson.cells if not cell.is_prose]
    for cell in lesson.cells:
        if not cell.is_prose:
            continue
        # What one is asked to type, in the last cell, is not there before one does.
        text = _TYPED.sub("", cell.text) if cell is lesson.cells[-1] else cell.text
        for number in unfounded(text, printed, codes):
            yield f"the prose from line {cell.line} says {number}, which nothing prints"
