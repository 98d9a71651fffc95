"""How far apart the two sides are at each site, step by step, beside what is allowed there.

One small panel for each site, phase by phase, all with the same axes, so that heights can be
compared. A difference of exactly 0 has no place on a logarithmic axis: it stands in a row of its
own below. What cannot be compared stands in a row above.
"""

import math
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.numbers import cell, counted, cut, listed, short
from comparisons.pages.charts.paths import straightened
from comparisons.pages.charts.plot import Panel, marks, thinned
from comparisons.pages.charts.reading import Run
from comparisons.pages.charts.scales import Log, logarithmic, whole, whole_ticks
from comparisons.pages.charts.sites import (
    CLOSE,
    DIVERGED,
    EXACT,
    INCOMPARABLE,
    Moment,
    Site,
    sites_of,
)

TITLE = "Difference at each site against what is allowed"

#: The left sides of the two columns of panels; the second shares the first's labels.
COLUMNS = (50.0, 244.0)
#: A panel, and the room at its sides.
WIDTH, HEIGHT, MARGIN = 174.0, 72.0, 6.0
#: Heights: of the legend, a phase's heading, a panel's, the two rows, and a panel with all.
LEGEND, PHASE, HEADING, ROW, PITCH = 52.0, 30.0, 22.0, 16.0, 148.0

#: More steps than this are thinned; more sites in a phase are left out, the best first.
MOST_POINTS, MOST_SITES = 48, 8

#: How the marks of each outcome look: shape, size, class.
MARKS = {
    EXACT: ("square", 2.6, "outcome-exact"),
    CLOSE: ("dot", 2.8, "outcome-close"),
    DIVERGED: ("cross", 3.5, "outcome-diverged"),
    INCOMPARABLE: ("triangle", 3.8, "outcome-incomparable"),
}
WORDS = {
    EXACT: "exactly equal",
    CLOSE: "difference",
    DIVERGED: "beyond",
    INCOMPARABLE: "not comparable",
}


@dataclass(frozen=True)
class Axes:
    """What all panels share: the range of steps and of differences."""

    first: int
    last: int
    values: Log

    def panel(self, left: float, top: float) -> Panel:
        """Return the panel at a place; its upper row lies above ``top``, its lower below."""
        y = Log(self.values.low, self.values.high, top + HEIGHT, top)
        places = left + MARGIN, left + WIDTH - MARGIN
        return Panel(whole(self.first, self.last, *places), y)


def draw(run: Run) -> Chart | None:
    """Return the chart, or ``None`` where the run has no series of its sites."""
    sites = sites_of(run)
    if not sites:
        return None
    shown = _shown(sites)
    stretches = thinned(max(len(site.moments) for site in sites), MOST_POINTS)
    drawn = [
        site.thinned([range(s.start, min(s.stop, len(site.moments))) for s in stretches])
        if len(site.moments) > MOST_POINTS
        else site
        for site in shown
    ]
    moments = [moment for site in drawn for moment in site.moments]
    values = [value for m in moments for value in (m.difference, m.allowed)]
    steps = [m.step for m in moments]
    axes = Axes(min(steps), max(steps), logarithmic(values, 0, 1))
    parts, y = [_legend()], LEGEND
    for phase in dict.fromkeys(reading.phase(site.name) for site in drawn):
        parts.append(svg.text(0, y + 18, phase, class_="title"))
        y += PHASE
        of_phase = [site for site in drawn if reading.phase(site.name) == phase]
        for i, site in enumerate(of_phase):
            parts.append(_panel(axes, site, COLUMNS[i % 2], y + PITCH * (i // 2), i % 2 == 0))
        y += PITCH * math.ceil(len(of_phase) / 2)
    summary = _summary(sites, shown, drawn)
    return Chart(
        key="difference",
        title=TITLE,
        summary=summary,
        svg=svg.picture(str(run["id"]), "difference", TITLE, summary, y, *parts),
        headers=(
            "site",
            "steps",
            "exact",
            "beyond",
            "worst difference",
            "allowed there",
            "× budget",
            "at step",
        ),
        rows=tuple(_row(site) for site in sites),
    )


def _shown(sites: list[Site]) -> list[Site]:
    """Return the sites to draw: of a phase with too many, the worst, in causal order."""
    kept = []
    for phase in {reading.phase(site.name) for site in sites}:
        of_phase = [site for site in sites if reading.phase(site.name) == phase]
        kept += sorted(of_phase, key=lambda site: site.worst().badness(), reverse=True)[:MOST_SITES]
    return [site for site in sites if site in kept]


def _panel(axes: Axes, site: Site, left: float, top: float, labelled: bool) -> Markup:  # noqa: FBT001
    panel = axes.panel(left, top + HEADING + ROW)
    upper, lower = panel.top - ROW / 2, panel.bottom + ROW / 2
    y_ticks = panel.y.ticks(5)
    labels = [
        # One at the very bottom would stand on the word below it.
        *((panel.y(v), words) for v, words in y_ticks if panel.y(v) < panel.bottom - 8),
        (lower, "exact"),
    ]
    parts = [
        svg.text(left, top + 14, cut(reading.rest(site.name), WIDTH, svg.NORMAL), class_="heading"),
        svg.rectangle(left, panel.top - ROW, WIDTH, HEIGHT + 2 * ROW, "frame"),
        _allowed(panel, site),
        svg.path("grid", *([(left, panel.y(v)), (left + WIDTH, panel.y(v))] for v, _ in y_ticks)),
        svg.path("base", [(left, panel.bottom), (left + WIDTH, panel.bottom)]),
        panel.along(whole_ticks(axes.first, axes.last, 3), panel.bottom + ROW),
    ]
    if labelled:
        words = ((left - 6, y + 4, words) for y, words in labels)
        parts.append(svg.texts(words, "tick", "end"))
    rows = {EXACT: lower, INCOMPARABLE: upper}
    for outcome, (shape, size, class_) in MARKS.items():
        places = [
            (panel.x(moment.step), rows.get(outcome, _height(panel, moment)))
            for moment in site.moments
            if _kind(moment) == outcome
        ]
        parts.append(marks(shape, places, size, class_))
    return svg.group(*parts, class_="site", title=_told(site))


def _kind(moment: Moment) -> str:
    """Return a moment's outcome; one without a name of ours cannot be compared."""
    return moment.outcome if moment.outcome in MARKS else INCOMPARABLE


def _height(panel: Panel, moment: Moment) -> float:
    """Return where a difference stands; one that is 0 in other bits (−0) stands with the exact."""
    if moment.difference == 0:
        return panel.bottom + ROW / 2
    if 0 < moment.difference < math.inf:
        return panel.y(moment.difference)
    return panel.top


def _allowed(panel: Panel, site: Site) -> Markup:
    """Return the area of what is allowed, its upper edge a line; nothing where it is not known."""
    parts = []
    for known, moments in groupby(site.moments, lambda moment: 0 < moment.allowed < math.inf):
        if not known:
            continue
        places = [(panel.x(m.step), panel.y(m.allowed)) for m in moments]
        # A little to either side, so that a single step has an edge too.
        left, right = places[0][0] - MARGIN, places[-1][0] + MARGIN
        edge = straightened([(left, places[0][1]), *places, (right, places[-1][1])])
        below = [(right, panel.bottom), (left, panel.bottom), edge[0]]
        parts += [svg.path("allowed-area", [*edge, *below]), svg.path("allowed-edge", edge)]
    return svg.joined(*parts)


def _legend() -> Markup:
    """Return what the marks mean, in two rows."""
    parts = [
        svg.rectangle(0, 3, 16, 12, "allowed-area"),
        svg.path("allowed-edge", [(0, 3), (16, 3)]),
    ]
    parts.append(svg.text(22, 14, "allowed", class_="key-label"))
    places = {CLOSE: (110, 10), EXACT: (220, 10), DIVERGED: (110, 32), INCOMPARABLE: (220, 32)}
    for outcome, (x, y) in places.items():
        shape, size, class_ = MARKS[outcome]
        parts += [
            marks(shape, [(x, y)], size * 1.2, class_),
            svg.text(x + 12, y + 4, WORDS[outcome], class_="key-label"),
        ]
    return svg.group(*parts, class_="legend")


def _summary(sites: list[Site], shown: list[Site], drawn: list[Site]) -> str:
    steps = max(len(site.moments) for site in sites)
    exact = sum(site.count(EXACT) == len(site.moments) for site in sites)
    apart = [site for site in sites if site.count(DIVERGED) or site.count(INCOMPARABLE)]
    measured = [site for site in sites if not math.isnan(site.worst().multiple)]
    told = (
        f"Of {counted(len(sites), 'site')} over {counted(steps, 'step')}, "
        f"{exact} exactly equal at every step"
    )
    if apart:
        names = listed([site.name for site in apart[:3]])
        more = f" and {len(apart) - 3} more" if len(apart) > 3 else ""
        told += f" and {len(apart)} leave what is allowed: {names}{more}"
    elif measured:
        worst = max(measured, key=lambda site: site.worst().badness())
        moment = worst.worst()
        told += (
            f" and none leaves what is allowed; the worst is {worst.name} at step {moment.step:,}, "
            f"{short(moment.difference, 2)} where {short(moment.allowed, 2)} is allowed"
        )
    if len(shown) < len(sites):
        told += f"; drawn are the worst {MOST_SITES} sites of each phase"
    if len(drawn[0].moments) < len(shown[0].moments):
        told += "; of each stretch of steps the worst is drawn"
    return told + "."


def _told(site: Site) -> str:
    worst = site.worst()
    return (
        f"{site.name}: exact at {site.count(EXACT)} of {counted(len(site.moments), 'step')}; "
        f"worst at step {worst.step:,}, {short(worst.difference, 3)} where "
        f"{short(worst.allowed, 3)} is allowed"
    )


def _row(site: Site) -> tuple[Cell, ...]:
    worst = site.worst()
    counts = len(site.moments), site.count(EXACT), site.count(DIVERGED) + site.count(INCOMPARABLE)
    measured = (worst.difference, worst.allowed, worst.multiple)
    return (site.name, *map(float, counts), *map(cell, measured), float(worst.step))
