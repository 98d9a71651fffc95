"""Cells: a percent-format file, as Jupytext reads it, cut into prose and code.

A line ``# %%`` begins a cell of code and ``# %% [markdown]`` one of prose, which stands in comment
lines. A title or metadata such as ``tags=["last-digits"]`` may follow on the same line.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_MARKER = re.compile(r"# ?%%( .*)?")
_PROSE = re.compile(r"\[(?:markdown|md)\]")
_TAGS = re.compile(r"\btags=\[.*?\]")
_TAG = re.compile(r'"(.*?)"')


@dataclass(frozen=True)
class Cell:
    """One cell: Markdown if ``is_prose``, else Python.

    ``line`` is where its text begins in the file, counted from 1.
    """

    text: str
    line: int
    is_prose: bool
    tags: tuple[str, ...] = ()


def split(text: str) -> tuple[Cell, ...]:
    """Return the cells of a file in the percent format, the empty ones left out.

    A header between two lines ``# ---`` at the top is not a cell.
    """
    return tuple(cell for cell in _cells(text.splitlines()) if cell.text)


def _cells(lines: list[str]) -> Iterator[Cell]:
    first = lines.index("# ---", 1) + 1 if lines[:1] == ["# ---"] and "# ---" in lines[1:] else 0
    starts = [i for i in range(first, len(lines)) if _MARKER.fullmatch(lines[i].rstrip())]
    if starts[:1] != [first]:
        yield _cell("", first, lines[first : starts[0] if starts else None])
    for start, stop in pairwise([*starts, len(lines)]):
        yield _cell(lines[start], start + 1, lines[start + 1 : stop])


def _cell(marker: str, before: int, lines: list[str]) -> Cell:
    """Return the cell of ``lines``, which ``before`` lines of the file precede."""
    is_prose = _PROSE.search(marker) is not None
    if is_prose:
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    while lines and not lines[0].strip():
        lines, before = lines[1:], before + 1
    tags = _TAGS.search(marker)
    return Cell(
        text="\n".join(lines).rstrip(),
        line=before + 1,
        is_prose=is_prose,
        tags=tuple(_TAG.findall(tags[0])) if tags else (),
    )
