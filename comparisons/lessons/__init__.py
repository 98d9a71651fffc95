"""Lessons that run: percent-format scripts, played in a terminal or written as pages.

A lesson is ``pages/NN-name.py``: a title that asks, what one will know, prose before each piece of
code, and at the end ``## Try it``. Its code prints what its prose quotes. Importing Keras (``import
keras``) is what marks a lesson that needs it. A code cell that prints last digits, which differ
from one processor to the next, begins with ``# %% tags=["last-digits"]``.

``python -m comparisons.lessons --write docs/lessons`` writes the pages; without ``--write`` they
are held to what the lessons print now.
"""

from comparisons.lessons.cells import Cell, split
from comparisons.lessons.checking import complaints
from comparisons.lessons.lesson import Lesson, LessonError, find, read, series
from comparisons.lessons.running import CellError, Session, run, start
from comparisons.lessons.writing import INDEX, index, page, printed, shown

__all__ = [
    "INDEX",
    "Cell",
    "CellError",
    "Lesson",
    "LessonError",
    "Session",
    "complaints",
    "find",
    "index",
    "page",
    "printed",
    "read",
    "run",
    "series",
    "shown",
    "split",
    "start",
]
