"""Lessons: each is one file, one question, and some ten minutes."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from comparisons.lessons.cells import Cell, split

PAGES = Path(__file__).with_name("pages")

_STEM = re.compile(r"(?P<number>\d\d)-(?P<name>[a-z0-9-]+)")


class LessonError(ValueError):
    """A lesson that is not there or cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Lesson:
    """A file of cells, ``NN-name.py``: its title is the question that it answers."""

    path: Path
    cells: tuple[Cell, ...]

    @property
    def stem(self) -> str:
        """What the lesson and its page are called: ``01-regression-by-hand``."""
        return self.path.stem

    @property
    def number(self) -> int:
        """Its place in the series; 0 for a file that is not named in the way of the series."""
        match = _STEM.fullmatch(self.stem)
        return int(match["number"]) if match else 0

    @property
    def name(self) -> str:
        """Its name without the number."""
        match = _STEM.fullmatch(self.stem)
        return match["name"] if match else self.stem

    @property
    def title(self) -> str:
        """The question: the heading that the first cell begins with, or else the name."""
        first = self.cells[0].text.splitlines()[0] if self.cells else ""
        return first.removeprefix("# ") if first.startswith("# ") else self.name

    @cached_property
    def needs_keras(self) -> bool:
        """Whether its code imports Keras."""
        return any("keras" in _imports(cell.text) for cell in self.cells if not cell.is_prose)


def read(path: Path) -> Lesson:
    """Return the lesson in a file; raises ``LessonError`` for one that cannot be read."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise LessonError(f"there is no file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LessonError(f"{path} cannot be read as text: {error}") from None
    return Lesson(path, split(text))


def series() -> tuple[Lesson, ...]:
    """Return all the lessons in order."""
    return tuple(map(read, sorted(PAGES.glob("[0-9][0-9]-*.py"))))


def find(wanted: str, lessons: Sequence[Lesson]) -> Lesson:
    """Return the lesson with that number, name or both; raises ``LessonError`` where none has."""
    for lesson in lessons:
        number = wanted.isdecimal() and int(wanted) == lesson.number
        if number or wanted in (lesson.name, lesson.stem):
            return lesson
    names = [lesson.name for lesson in lessons]
    near = get_close_matches(wanted, names, n=3) or [n for n in names if wanted and wanted in n][:3]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise LessonError(
        f"there is no lesson {wanted!r} (they are numbered from {lessons[0].number} to "
        f"{lessons[-1].number}){hint}"
    )


def _imports(code: str) -> set[str]:
    """Return the first names of the modules that code imports, none where it is no Python."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return set()
    nodes = list(ast.walk(tree))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {module.split(".")[0] for module in modules}
