"""A map of the whole run: sites downward in causal order, steps to the right.

Each cell's class is told three times: by colour, by a glyph, and in words where a pointer rests.
Where there are more steps than columns, a cell is the worst of its steps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.numbers import counted, cut, listed, short
from comparisons.pages.charts.plot import point, thinned
from comparisons.pages.charts.reading import Run
from comparisons.pages.charts.sites import (
    DIVERGED,
    EXACT,
    INCOMPARABLE,
    Moment,
    Site,
    sites_of,
)

TITLE = "Map of the run: every site at every step"

LEFT, RIGHT, TOP = 126.0, 418.0, 0.0
ROW, PHASE, WIDEST = 18.0, 28.0, 20.0
MOST_COLUMNS, MOST_SITES = 38, 60


@dataclass(frozen=True)
class Level:
    """A class of cells: its name in CSS, what it is called, and its glyph in a unit square."""

    key: str
    words: str
    glyph: str


def levels(factor: float) -> tuple[Level, ...]:
    """Return the classes from best to worst; up to ``factor`` times the budget is allowed."""
    return (
        Level("exact", "exactly equal", ""),
        Level("budget", "within its rounding budget", "M.38 .5h.24"),
        Level("allowed", f"up to {short(factor)}× its budget, allowed", "M.2 .36h.6M.2 .64h.6"),
        Level("beyond", "beyond what is allowed", "M.2 .2L.8 .8M.8 .2L.2 .8"),
        Level("incomparable", "not comparable", "M.5 .2L.82 .8H.18Z"),
    )


def level_of(moment: Moment) -> int:
    """Return the place of a moment's class among the levels."""
    if moment.outcome == EXACT:
        return 0
    if moment.outcome == DIVERGED:
        return 3
    if moment.outcome == INCOMPARABLE or math.isnan(moment.multiple):
        return 4
    return 1 if moment.multiple <= 1 else 2


def draw(run: Run) -> Chart | None:
    """Return the map, or ``None`` where the run has no series of its sites."""
    sites = sites_of(run)
    if not sites:
        return None
    known = levels(reading.factor(run))
    shown = _shown(sites)
    longest = max(sites, key=lambda site: len(site.moments))
    columns = thinned(len(longest.moments), MOST_COLUMNS)
    width = min((RIGHT - LEFT) / len(columns), WIDEST)
    parts, y = [], TOP
    for phase in dict.fromkeys(reading.phase(site.name) for site in shown):
        parts.append(svg.text(0, y + 19, phase, class_="title"))
        y += PHASE
        for site in (site for site in shown if reading.phase(site.name) == phase):
            parts.append(_row_of_cells(site, columns, y, width, known))
            y += ROW
    parts.append(_steps(longest, columns, y, width))
    parts.append(_legend(known, y + 36))
    summary = _summary(sites, shown, columns, known)
    height = y + 36 + 22 * len(known)
    return Chart(
        key="map",
        title=TITLE,
        summary=summary,
        svg=svg.picture(str(run["id"]), "map", TITLE, summary, height, *parts),
        headers=("site", *(level.words for level in known), "first step beyond"),
        rows=tuple(_row(site, known) for site in sites),
    )


def _shown(sites: list[Site]) -> list[Site]:
    """Return the sites to draw: the worst where there are too many, in causal order."""
    worst = sorted(sites, key=lambda site: site.worst().badness(), reverse=True)[:MOST_SITES]
    return [site for site in sites if site in worst]


def _row_of_cells(
    site: Site, columns: Sequence[range], y: float, width: float, known: Sequence[Level]
) -> Markup:
    name = cut(reading.rest(site.name), LEFT - 10, svg.NORMAL)
    cells = [svg.text(LEFT - 8, y + 13, name, anchor="end")]
    for i, column in enumerate(columns):
        moments = [site.moments[k] for k in column if k < len(site.moments)]
        if moments:
            worst = max(moments, key=Moment.badness)
            level = known[level_of(worst)]
            cells.append(_cell(level, LEFT + i * width, y, width, _told(site, worst, level)))
    return svg.joined(*cells)


def _cell(level: Level, x: float, y: float, width: float, told: str | None = None) -> Markup:
    """Return a cell; the common one, exactly equal, is a field and nothing else."""
    height = ROW - 2
    if not level.glyph:
        return svg.rectangle(x + 0.5, y, width - 1, height, f"cell level-{level.key}")
    side = min(width, height) - 2
    corner = point(x + (width - side) / 2, y + (height - side) / 2)
    move = f"translate({corner}) scale({side:.4g})"
    glyph = svg.element("path", d=level.glyph, transform=move, class_="glyph")
    return svg.group(
        svg.rectangle(x + 0.5, y, width - 1, height, "field"),
        glyph,
        class_=f"cell level-{level.key}",
        title=told,
    )


def _told(site: Site, moment: Moment, level: Level) -> str:
    multiple = "" if math.isnan(moment.multiple) else f", {short(moment.multiple, 3)} × budget"
    return f"{site.name}, step {moment.step:,}: {level.words}{multiple}"


def _steps(site: Site, columns: Sequence[range], y: float, width: float) -> Markup:
    """Return the numbers of the steps below the map: of each labelled column, its first."""
    apart = max(1, math.ceil(44 / width), round(len(columns) / 6))
    labelled = [i for i in range(len(columns)) if i % apart == 0]
    return svg.joined(
        *(
            svg.text(
                LEFT + (i + 0.5) * width,
                y + 16,
                f"{site.moments[columns[i].start].step:,}",
                class_="tick",
                anchor="middle",
            )
            for i in labelled
        ),
        svg.text(LEFT - 8, y + 16, "step", class_="axis", anchor="end"),
    )


def _legend(known: Sequence[Level], y: float) -> Markup:
    rows = []
    for i, level in enumerate(known):
        rows += [
            _cell(level, 0, y + 22 * i, 20),
            svg.text(28, y + 22 * i + 13, level.words, class_="key-label"),
        ]
    return svg.group(*rows, class_="legend")


def _summary(
    sites: Sequence[Site], shown: Sequence[Site], columns: Sequence[range], known: Sequence[Level]
) -> str:
    counts = [0] * len(known)
    for site in sites:
        for moment in site.moments:
            counts[level_of(moment)] += 1
    total = sum(counts)
    parts = [f"{n:,} {level.words}" for n, level in zip(counts, known, strict=True) if n]
    steps = columns[-1].stop
    size = f"{counted(len(sites), 'site')} × {counted(steps, 'step')}"
    told = f"Of {counted(total, 'cell')} ({size}): {listed(parts)}"
    if len(columns) < steps:
        told += f"; each column is the worst of up to {counted(len(columns[0]), 'step')}"
    if len(shown) < len(sites):
        told += f"; the {len(shown)} worst sites are drawn"
    return told + "."


def _row(site: Site, known: Sequence[Level]) -> tuple[Cell, ...]:
    found = [level_of(moment) for moment in site.moments]
    beyond = [m.step for m, level in zip(site.moments, found, strict=True) if level >= 3]
    counts = (float(found.count(i)) for i in range(len(known)))
    return (site.name, *counts, float(beyond[0]) if beyond else "never")
