"""The charts of a run as figures: each with one sentence, its drawing, and its data as a table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: How many rows of a chart's data are printed.
_MOST_ROWS = 50

#: About how many bytes the pictures of all runs together may take.
_MOST_BYTES = 950_000

#: How high title, sentence and folded table are, in units of a figure's width.
_WORDS = 0.3


@dataclass(frozen=True)
class Figure:
    """A chart as a page prints it; ``more`` says which rows are left out, if any."""

    key: str
    title: str
    summary: str
    svg: Any
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: str

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        cells = sum(len(cell) + len("<td></td>") for row in self.rows for cell in row)
        return len(str(self.svg)) + cells

    @property
    def height(self) -> float:
        """How high the drawing is about, in units of its width, with the words below it."""
        box = re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', str(self.svg))
        return _WORDS + (1 if box is None else float(box[2]) / float(box[1]))


def figures_of(run: Mapping[str, Any]) -> list[Figure]:
    """Return the figures of a run; one whose numbers are not known step by step has few."""
    from comparisons.pages.charts import charts_of  # noqa: PLC0415  drawing needs Jinja's Markup

    return [_figure(chart) for chart in charts_of(run)]


def figures_that_fit(runs: Sequence[Mapping[str, Any]]) -> list[list[Figure]]:
    """Return the figures of each run; those of the last ones are left out where there are many.

    The picture of the network is always there, and so are all figures of the first run.
    """
    room, fitting = _MOST_BYTES, list[list[Figure]]()
    for run in runs:
        figures = figures_of(run)
        room -= sum(figure.size for figure in figures)
        alone = not fitting
        fitting.append([f for f in figures if room >= 0 or alone or f.key == "network"])
    return fitting


def _figure(chart: Any) -> Figure:
    rows = [[_written(cell) for cell in row] for row in chart.rows[:_MOST_ROWS]]
    more = ""
    if len(chart.rows) > _MOST_ROWS:
        more = (
            f"The first {_MOST_ROWS} of {len(chart.rows):,} rows; the file’s embedded JSON has all."
        )
    return Figure(chart.key, chart.title, chart.summary, chart.svg, chart.headers, rows, more)


def _written(cell: str | float) -> str:
    """Return a cell as text: a number in full, a whole one without a point."""
    return cell if isinstance(cell, str) else repr(cell).removesuffix(".0")


def columns_of(figures: Sequence[Figure]) -> list[list[Figure]]:
    """Return figures in two columns of about the same height, in order; a single one in one."""
    columns: list[list[Figure]] = [[] for _ in figures[:2]]
    for figure in figures:
        lower = min(columns, key=lambda column: sum(each.height for each in column))
        lower.append(figure)
    return columns
