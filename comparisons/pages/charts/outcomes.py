"""A map of the whole run: sites downward in causal order, steps to the right.

Each cell's class is told twice, by colour and by a glyph, and where something is wrong a third
time, in words where a pointer rests. Where there are more steps than columns, a cell is the worst
of its steps.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.numbers import counted, cut, listed, short
from comparisons.pages.charts.paths import Point
from comparisons.pages.charts.plot import thinned
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
#: A cell's height, and how far it is from the next one.
HIGH, APART = 16.0, 1.0
MOST_COLUMNS, MOST_SITES = 38, 60


#: The glyphs, as lines in a square of five by five: small cells have whole numbers for corners.
NONE: list[list[Point]] = []
DASH: list[list[Point]] = [[(2, 2.5), (3, 2.5)]]
EQUALS: list[list[Point]] = [[(1, 1.5), (4, 1.5)], [(1, 3.5), (4, 3.5)]]
CROSS: list[list[Point]] = [[(1, 1), (4, 4)], [(1, 4), (4, 1)]]
TRIANGLE: list[list[Point]] = [[(1, 4), (2.5, 1), (4, 4), (1, 4)]]


@dataclass(frozen=True)
class Level:
    """A class of cells: its name in CSS, what it is called, and its glyph."""

    key: str
    words: str
    glyph: list[list[Point]]


def levels(factor: float) -> tuple[Level, ...]:
    """Return the classes from best to worst; up to ``factor`` times the budget is allowed."""
    return (
        Level("exact", "exactly equal", NONE),
        Level("budget", "within its rounding budget", DASH),
        Level("allowed", f"up to {short(factor)}× its budget, allowed", EQUALS),
        Level("beyond", "beyond what is allowed", CROSS),
        Level("incomparable", "not comparable", TRIANGLE),
    )


#: From this level on something is wrong.
WRONG = 3


def level_of(moment: Moment) -> int:
    """Return the place of a moment's class among the levels."""
    if moment.outcome == EXACT:
        return 0
    if moment.outcome == DIVERGED:
        return 3
    if moment.outcome == INCOMPARABLE or math.isnan(moment.multiple):
        return 4
    return 1 if moment.multiple <= 1 else 2


@dataclass(frozen=True)
class Stretch:
    """Neighbouring cells of a row that are of one level; ``worst`` has the worst of each."""

    site: str
    level: int
    corner: Point
    worst: list[Moment]
    steps: range

    def cells(self, width: float) -> list[Point]:
        """Return the upper left corners of the cells."""
        x, y = self.corner
        return [(x + i * width, y) for i in range(len(self.worst))]

    def told(self, known: Sequence[Level]) -> str:
        """Return what a pointer resting on it shows."""
        first, last = self.steps[0], self.steps[-1]
        steps = f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
        multiples = [m.multiple for m in self.worst if not math.isnan(m.multiple)]
        most = f", {short(max(multiples), 3)} × budget" if multiples else ""
        up_to = most.replace(", ", ", up to ") if len(self.worst) > 1 else most
        return f"{self.site}, {steps}: {known[self.level].words}{up_to}"


def draw(run: Run) -> Chart | None:
    """Return the map, or ``None`` where the run has no series of its sites."""
    sites = sites_of(run)
    if not sites:
        return None
    known = levels(reading.factor(run))
    shown = _shown(sites)
    longest = max(sites, key=lambda site: len(site.moments))
    columns = thinned(len(longest.moments), MOST_COLUMNS)
    # Whole tenths, so that all cells have one width after rounding.
    width = min(math.floor((RIGHT - LEFT) / len(columns) * 10) / 10, WIDEST)
    parts, stretches, y = list[Markup](), list[Stretch](), TOP
    for phase in dict.fromkeys(reading.phase(site.name) for site in shown):
        parts.append(svg.text(0, y + 19, phase, class_="title"))
        y += PHASE
        for site in (site for site in shown if reading.phase(site.name) == phase):
            name = cut(reading.rest(site.name), LEFT - 10, svg.NORMAL)
            parts.append(svg.text(LEFT - 8, y + 13, name, class_="name", anchor="end"))
            stretches += _stretches(site, columns, (LEFT, y), width)
            y += ROW
    parts.append(_cells(stretches, width, known))
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


def _stretches(
    site: Site, columns: Sequence[range], corner: Point, width: float
) -> Iterator[Stretch]:
    """Yield a row's cells, those of one level that stand together in one stretch."""
    filled = [column for column in columns if column.start < len(site.moments)]
    worst = [max(site.moments[c.start : c.stop], key=Moment.badness) for c in filled]
    places = range(len(filled))
    for level, group in groupby(places, lambda i: level_of(worst[i])):
        inside = list(group)
        first, last = inside[0], inside[-1]
        moments = site.moments[filled[first].start : filled[last].stop]
        yield Stretch(
            site.name,
            level,
            (corner[0] + first * width, corner[1]),
            worst[first : last + 1],
            range(moments[0].step, moments[-1].step + 1),
        )


def _cells(stretches: Sequence[Stretch], width: float, known: Sequence[Level]) -> Markup:
    """Return all cells, level by level, and the glyphs over them.

    What is as it should be is one path; what is not, one for each stretch, with its words.
    """
    fields, glyphs = [], []
    for i, level in enumerate(known):
        of_level = [stretch for stretch in stretches if stretch.level == i]
        corners = [cell for stretch in of_level for cell in stretch.cells(width)]
        if i < WRONG:
            fields.append(_fields(level, corners, width))
        else:
            fields += [_fields(level, s.cells(width), width, s.told(known)) for s in of_level]
        glyphs.append(_glyphs(level, corners, width))
    # A field is a line as broad as the cell is high: one number instead of a rectangle's four.
    return svg.joined(svg.group(*fields, class_="cells", stroke_width=HIGH), *glyphs)


def _fields(level: Level, corners: list[Point], width: float, told: str | None = None) -> Markup:
    near, far, middle = APART / 2, width - APART / 2, HIGH / 2
    lines = ([(x + near, y + middle), (x + far, y + middle)] for x, y in corners)
    return svg.path(f"cell level-{level.key}", *lines, title=told)


def _glyphs(level: Level, corners: list[Point], width: float) -> Markup:
    side = min(width, HIGH) - 2
    side = math.floor(side / 5) * 5 or side
    left, top = round((width - side) / 2, 1), (HIGH - side) / 2
    lines = (
        [(x + left + side * a / 5, y + top + side * b / 5) for a, b in line]
        for x, y in corners
        for line in level.glyph
    )
    return svg.path(f"glyph level-{level.key}", *lines)


def _steps(site: Site, columns: Sequence[range], y: float, width: float) -> Markup:
    """Return the numbers of the steps below the map: of each labelled column, its first."""
    apart = max(1, math.ceil(44 / width), round(len(columns) / 6))
    labels = (
        (LEFT + (i + 0.5) * width, y + 16, f"{site.moments[columns[i].start].step:,}")
        for i in range(0, len(columns), apart)
    )
    return svg.joined(
        svg.texts(labels, "tick", "middle"),
        svg.text(LEFT - 8, y + 16, "step", class_="axis", anchor="end"),
    )


def _legend(known: Sequence[Level], y: float) -> Markup:
    rows = []
    for i, level in enumerate(known):
        corners = [(0.0, y + 22 * i)]
        fields = svg.group(_fields(level, corners, WIDEST), class_="cells", stroke_width=HIGH)
        rows += [fields, _glyphs(level, corners, WIDEST)]
    labels = ((28, y + 22 * i + 13, level.words) for i, level in enumerate(known))
    return svg.group(*rows, svg.texts(labels, "key-label"), class_="legend")


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
    beyond = [m.step for m, level in zip(site.moments, found, strict=True) if level >= WRONG]
    counts = (float(found.count(i)) for i in range(len(known)))
    return (site.name, *counts, float(beyond[0]) if beyond else "never")
