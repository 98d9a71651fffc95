"""What charts with axes share: frames, lines with gaps, marks, and labels at the ends of lines."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from comparisons.pages.charts import svg
from comparisons.pages.charts.numbers import cut
from comparisons.pages.charts.paths import Point
from comparisons.pages.charts.scales import Scale, Tick

#: The shapes of marks, each as lines in a square from −1 to 1. A dot and a square are single
#: points: the ends of a line without length, round or square, are all there is to see.
SHAPES: dict[str, list[list[Point]]] = {
    "dot": [[(0, 0)]],
    "square": [[(0, 0)]],
    "hollow": [[(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]],
    "diamond": [[(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0), (0, -1.2)]],
    "cross": [[(-1, -1), (1, 1)], [(-1, 1), (1, -1)]],
    "triangle": [[(-1, 0.9), (0, -0.9), (1, 0.9), (-1, 0.9)]],
}


@dataclass(frozen=True)
class Panel:
    """A rectangle with two scales; the scales' places are its sides, ``y`` growing upward."""

    x: Scale
    y: Scale

    @property
    def left(self) -> float:
        """Where the frame begins."""
        return self.x.start

    @property
    def right(self) -> float:
        """Where the frame ends."""
        return self.x.end

    @property
    def top(self) -> float:
        """The upper side."""
        return self.y.end

    @property
    def bottom(self) -> float:
        """The lower side."""
        return self.y.start

    def frame(self, x_ticks: Sequence[Tick], y_ticks: Sequence[Tick]) -> Markup:
        """Return the background, the lines of the grid and the ticks' labels."""
        background = svg.rectangle(
            self.left, self.top, self.right - self.left, self.bottom - self.top, "frame"
        )
        return svg.joined(background, self.across(y_ticks), self.along(x_ticks, self.bottom))

    def across(self, ticks: Sequence[Tick]) -> Markup:
        """Return the horizontal lines of the grid, labelled at the left."""
        lines = [[(self.left, self.y(v)), (self.right, self.y(v))] for v, _ in ticks]
        labels = ((self.left - 6, self.y(v) + 4, label) for v, label in ticks)
        return svg.joined(svg.path("grid", *lines), svg.texts(labels, "tick", "end"))

    def along(self, ticks: Sequence[Tick], y: float) -> Markup:
        """Return the ticks of the x axis, below ``y``."""
        lines = [[(self.x(v), y), (self.x(v), y + 4)] for v, _ in ticks]
        labels = ((self.x(v), y + 17, label) for v, label in ticks)
        return svg.joined(svg.path("tick-mark", *lines), svg.texts(labels, "tick", "middle"))

    def curves(self, xs: Sequence[float], every: Iterable[Sequence[float]], class_: str) -> Markup:
        """Return a line for each list of ``y``, interrupted where there is no finite number.

        A point between two gaps is a line of no length: its round ends make it a dot.
        """
        lines = [line for ys in every for line in self._unbroken(xs, ys)]
        # Each dash has a border of the background, so that it is seen over another line.
        bed = svg.path("curve bed", *lines) if class_ == "candidate" else Markup()
        return svg.joined(bed, svg.path(f"curve {class_}", *lines))

    def _unbroken(self, xs: Sequence[float], ys: Sequence[float]) -> list[list[Point]]:
        places = zip(xs, ys, strict=True)
        runs = groupby(places, lambda place: math.isfinite(place[0]) and math.isfinite(place[1]))
        return [[(self.x(x), self.y(y)) for x, y in run] for known, run in runs if known]

    def gaps(self, xs: Iterable[float]) -> Markup:
        """Return a mark at the upper side for each place."""
        return marks("cross", [(self.x(x), self.top + 6) for x in xs], 3.2, "gap")


def marks(shape: str, places: Iterable[Point], size: float, class_: str) -> Markup:
    """Return a mark of a shape at each place, ``size`` to either side of it, as one path."""
    lines = [
        [(x + size * a, y + size * b) for a, b in line] for x, y in places for line in SHAPES[shape]
    ]
    width = 2 * size if shape in {"dot", "square"} else None
    return svg.path(f"mark {shape} {class_}", *lines, width=width)


@dataclass(frozen=True)
class EndLabel:
    """What a line is called, and the height at which it ends."""

    y: float
    words: str
    class_: str


def end_labels(
    labels: Iterable[EndLabel], x: float, high: float, low: float, gap: float = 15.0
) -> Markup:
    """Return labels right of ``x``, moved apart so that none covers another.

    A label that had to move is tied to its line's end. ``high`` and ``low`` are the picture's
    heights between which labels may stand, as far as there is room.
    """
    ordered = sorted(labels, key=lambda label: label.y)
    heights = apart([label.y for label in ordered], gap, high, low)
    parts = []
    for label, y in zip(ordered, heights, strict=True):
        words = cut(label.words, svg.WIDTH - x - 14, svg.NORMAL)
        parts += [
            svg.path("leader", [(x + 2, label.y), (x + 10, y)]),
            svg.text(x + 13, y + 4, words, class_=f"end-label {label.class_}"),
        ]
    return svg.joined(*parts)


def apart(heights: Sequence[float], gap: float, high: float, low: float) -> list[float]:
    """Return ascending heights at least ``gap`` apart, as near to the given ones as is easy.

    Down the picture first, then up from ``low`` again.
    """
    placed: list[float] = []
    for height in heights:
        wanted = max(height, high)
        placed.append(max(wanted, placed[-1] + gap) if placed else wanted)
    for i in reversed(range(len(placed))):
        limit = placed[i + 1] - gap if i + 1 < len(placed) else low
        placed[i] = min(placed[i], limit)
    return placed


def thinned(count: int, most: int) -> list[range]:
    """Return at most ``most`` neighbouring ranges of equal size that cover ``count`` places."""
    size = max(1, math.ceil(count / most))
    return [range(i, min(i + size, count)) for i in range(0, count, size)]
