"""Paths in few characters: many lines in one, each step written from where the last one ended.

Places are rounded to a tenth of a unit before steps are taken, so that no error adds up along a
line.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]


def trace(lines: Iterable[Sequence[Point]]) -> str:
    """Return the ``d`` of a path of straight lines.

    A line that comes back to its first point is closed. One of a single point has no length:
    its ends make it a dot, where they are round, or a square.
    """
    written, pen = "", (0, 0)
    for line in lines:
        places = [(_tenths(x), _tenths(y)) for x, y in line]
        is_closed = len(places) > 2 and places[0] == places[-1]
        x, y = places[0]
        move = ("m", x - pen[0], y - pen[1]) if written else ("M", x, y)
        written += move[0] + _pair(*move[1:])
        written += _steps(places[: -1 if is_closed else None]) + ("z" if is_closed else "")
        pen = places[-1]
    return written


def straightened(points: Sequence[Point], tolerance: float = 0.05) -> list[Point]:
    """Return the points without those that a straight line passes within ``tolerance``.

    The line through what is left is nowhere further from the old one (Ramer, Douglas, Peucker).
    """
    kept, waiting = {0, len(points) - 1}, [(0, len(points) - 1)]
    while waiting:
        first, last = waiting.pop()
        between = range(first + 1, last)
        away = [_distance(points[i], points[first], points[last]) for i in between]
        if away and max(away) > tolerance:
            farthest = first + 1 + away.index(max(away))
            kept.add(farthest)
            waiting += [(first, farthest), (farthest, last)]
    return [points[i] for i in sorted(kept)]


def _distance(point: Point, start: Point, end: Point) -> float:
    """Return how far a point is from the straight line between two others."""
    (x, y), (x0, y0), (x1, y1) = point, start, end
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    share = ((x - x0) * dx + (y - y0) * dy) / length if length else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.hypot(x - x0 - share * dx, y - y0 - share * dy)


def _steps(places: Sequence[tuple[int, int]]) -> str:
    """Return the steps from place to place."""
    if len(places) == 1:
        return "h0"
    written, last = "", ""
    for (x0, y0), (x1, y1) in pairwise(places):
        dx, dy = x1 - x0, y1 - y0
        if not dy:
            written, last = f"{written}h{_number(dx)}", "h"
        elif not dx:
            written, last = f"{written}v{_number(dy)}", "v"
        else:
            pair = _pair(dx, dy)
            # A letter that would be repeated may be left out.
            letter = "l" if last != "l" else "" if pair.startswith("-") else " "
            written, last = written + letter + pair, "l"
    return written


def _tenths(value: float) -> int:
    return round(max(min(value, 1e5), -1e5) * 10)


def _pair(x: int, y: int) -> str:
    second = _number(y)
    return _number(x) + ("" if second.startswith("-") else " ") + second


def _number(tenths: int) -> str:
    """Return ``12``, ``1.2``, ``.2``, ``-.2``."""
    whole, tenth = divmod(abs(tenths), 10)
    digits = f"{whole or ''}.{tenth}" if tenth else str(whole)
    return f"-{digits}" if tenths < 0 else digits
