"""Run a lesson: its code cells, one after the other, in a namespace of their own."""

import io
import linecache
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from comparisons.lessons.cells import Cell
from comparisons.lessons.lesson import Lesson
from comparisons.runs import import_keras_ref


class CellError(Exception):
    """An error inside a cell; ``output`` is what the cell printed before it."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True)
class Session:
    """A lesson being run. Cells share names, as in a notebook, and nothing else sees these."""

    lesson: Lesson
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    def run(self, cell: Cell) -> str:
        """Run a code cell and return what it printed; raises ``CellError``."""
        printed = io.StringIO()
        file = str(self.lesson.path)
        # Blank lines in front: the numbers in an error are then those of the file.
        source = "\n" * (cell.line - 1) + cell.text
        try:
            with redirect_stdout(printed):
                exec(compile(source, file, "exec"), self.names)  # noqa: S102  it is what a lesson is for
        except (Exception, SystemExit) as error:
            raise CellError(self._told(cell, error), printed.getvalue()) from error
        return printed.getvalue()

    def _told(self, cell: Cell, error: BaseException) -> str:
        """Return where in the lesson an error arose, the line of code, and what it says."""
        file = str(self.lesson.path)
        number = self.lesson.cells.index(cell) + 1
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        what = f"{type(error).__name__}: {error}"
        if line is None:
            return f"cell {number} of {self.lesson.stem}: {what}"
        code = linecache.getline(file, line).strip()
        return f"cell {number} of {self.lesson.stem}, line {line}: {code}\n{what}"


def start(lesson: Lesson) -> Session:
    """Return a session with a lesson, before its first cell.

    Where the lesson needs Keras, it is imported here, quietly and on TensorFlow. Raises
    ``KerasMissingError`` where it is not installed.
    """
    if lesson.needs_keras:
        import_keras_ref()
    return Session(lesson)


def run(lesson: Lesson, on_cell: Callable[[Cell], object] = lambda _: None) -> list[str]:
    """Run a whole lesson and return what each cell printed, nothing for prose.

    ``on_cell`` is told of each cell before it runs. Raises ``CellError``, and
    ``KerasMissingError`` as in ``start``.
    """
    session, outputs = start(lesson), []
    for cell in lesson.cells:
        on_cell(cell)
        outputs.append("" if cell.is_prose else session.run(cell))
    return outputs
