"""What charts with axes share: frames, lines with gaps, marks, and labels at the ends of lines."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from comparisons.pages.charts import svg
from comparisons.pages.charts.numbers import cut
from comparisons.pages.charts.scales import Scale, Tick

#: The shapes of marks that are no elements of their own, in a square from −1 to 1.
SHAPES = {
    "diamond": ((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0), (0, -1.2)),
    "cross": ((-1, -1), (1, 1), (0, 0), (-1, 1), (1, -1)),
    "triangle": ((-1, 0.9), (0, -0.9), (1, 0.9), (-1, 0.9)),
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
        return svg.joined(
            *(svg.line(self.left, self.y(v), self.right, self.y(v), "grid") for v, _ in ticks),
            *(
                svg.text(self.left - 6, self.y(v) + 4, label, class_="tick", anchor="end")
                for v, label in ticks
            ),
        )

    def along(self, ticks: Sequence[Tick], y: float) -> Markup:
        """Return the ticks of the x axis, below ``y``."""
        return svg.joined(
            *(svg.line(self.x(v), y, self.x(v), y + 4, "tick-mark") for v, _ in ticks),
            *(
                svg.text(self.x(v), y + 17, label, class_="tick", anchor="middle")
                for v, label in ticks
            ),
        )

    def curve(self, xs: Sequence[float], ys: Sequence[float], class_: str) -> Markup:
        """Return a line through the points, interrupted where there is no finite number.

        A point between two gaps is a line of no length: its round ends make it a dot.
        """
        d, pen_down = "", False
        for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
            if not math.isfinite(y):
                pen_down = False
                continue
            d += f"{'L' if pen_down else 'M'}{point(self.x(x), self.y(y))}"
            alone = not pen_down and not (i + 1 < len(ys) and math.isfinite(ys[i + 1]))
            d += "h0" if alone else ""
            pen_down = True
        if not d:
            return Markup()
        # Each dash has a border of the background, so that it is seen over another line.
        bed = svg.path(d, "curve bed") if class_ == "candidate" else Markup()
        return svg.joined(bed, svg.path(d, f"curve {class_}"))

    def gaps(self, xs: Sequence[float], ys: Sequence[float]) -> Markup:
        """Return a mark at the upper side for each place where there is no finite number."""
        return svg.joined(
            *(
                mark("cross", self.x(x), self.top + 6, 3.2, "gap")
                for x, y in zip(xs, ys, strict=True)
                if not math.isfinite(y)
            )
        )


def point(x: float, y: float) -> str:
    """Return a point of a path."""
    return f"{svg.coordinate(x)} {svg.coordinate(y)}"


def mark(shape: str, x: float, y: float, size: float, class_: str) -> Markup:
    """Return a ``dot``, a ``square`` or one of the shapes, ``size`` to either side of a place."""
    class_ = f"mark {class_}"
    if shape == "dot":
        return svg.element("circle", cx=x, cy=y, r=size, class_=class_)
    if shape == "square":
        return svg.rectangle(x - size, y - size, 2 * size, 2 * size, class_)
    corners = (point(x + size * a, y + size * b) for a, b in SHAPES[shape])
    return svg.path("M" + "L".join(corners), class_)


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
        words = cut(label.words, svg.WIDTH - x - 14, svg.SMALL)
        parts += [
            svg.path(f"M{point(x + 2, label.y)}L{point(x + 10, y)}", "leader"),
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
