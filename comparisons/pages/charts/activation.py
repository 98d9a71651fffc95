"""Each activation that the network uses and its derivative, with the run's own points on them.

The curves are those of ``scratch.activations``: the function as it stands there, the derivative
through its pullback.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.numbers import cell, counted, cut, listed, spanned
from comparisons.pages.charts.paths import Point, straightened
from comparisons.pages.charts.plot import Panel, marks
from comparisons.pages.charts.reading import Array, Layer, Run
from comparisons.pages.charts.scales import Linear, linear
from scratch.activations import ACTIVATIONS

LEFT, RIGHT = 46.0, 412.0
LEGEND, HEADING, TALL, LOW, BETWEEN, FOOT = 24.0, 26.0, 150.0, 100.0, 26.0, 52.0
PITCH = HEADING + TALL + BETWEEN + LOW + FOOT

#: What the z axis shows at least, and at most.
LEAST, MOST = 6.0, 30.0
MOST_POINTS, SAMPLES = 40, 321


@dataclass(frozen=True)
class Points:
    """Pre-activations of one layer at one step, flat; ``shown`` are those that have a mark."""

    layer: str
    step: int
    z: Array
    shown: Array


@dataclass(frozen=True)
class Curve:
    """An activation, where it is used, and the points on it."""

    name: str
    layers: list[str]
    points: list[Points]

    def __call__(self, z: Array) -> tuple[Array, Array]:
        """Return the function and its derivative at each ``z``."""
        with np.errstate(all="ignore"):
            a, pullback = ACTIVATIONS[self.name](z)
            slope = pullback(np.ones_like(z))
        return np.asarray(a), np.asarray(slope)


def draw(run: Run) -> Chart | None:
    """Return the chart, or ``None`` where no layer has an activation that is a curve."""
    used = dict.fromkeys(reading.activation_of(layer) for layer in _activated(run))
    curves = [_curve(run, name) for name in used if name in ACTIVATIONS and name != "softmax"]
    if not curves:
        return None
    left_out = [name for name in used if name not in {curve.name for curve in curves}]
    title = f"{listed([curve.name for curve in curves])}: the activation and its derivative"
    steps = sorted({points.step for curve in curves for points in curve.points})
    parts = [_legend(steps)] if steps else []
    parts += [_panels(curve, LEGEND + PITCH * i, steps) for i, curve in enumerate(curves)]
    summary = _summary(run, curves, left_out)
    return Chart(
        key="activation",
        title=title,
        summary=summary,
        svg=svg.picture(
            str(run["id"]), "activation", title, summary, LEGEND + PITCH * len(curves) - 8, *parts
        ),
        headers=("activation", "layer", "step", "z (derived)", "a = f(z)", "f′(z)"),
        rows=tuple(row for curve in curves for row in _table(curve)),
    )


def _activated(run: Run) -> list[Layer]:
    """Return the layers that have an activation of their own."""
    return [layer for layer in reading.layers(run) if layer["class"] in {"Dense", "Activation"}]


def _curve(run: Run, name: str) -> Curve:
    steps, side = reading.steps(run), reading.sides(run)[0]
    points = []
    for index in sorted({0, len(steps) - 1}) if steps else ():
        for found in reading.preactivations(run, index, side):
            z = np.sort(found.z[np.isfinite(found.z)], axis=None)
            if found.activation == name and z.size:
                points.append(Points(found.layer, int(steps[index]["number"]), z, _spread(z)))
    layers = [
        str(layer["name"]) for layer in _activated(run) if reading.activation_of(layer) == name
    ]
    return Curve(name, layers, points)


def _spread(z: Array) -> Array:
    """Return at most so many of sorted values, the smallest and the largest among them."""
    inside = z[np.abs(z) <= MOST]
    if len(inside) <= MOST_POINTS:
        return inside
    places = np.linspace(0, len(inside) - 1, MOST_POINTS).round().astype(int)
    return np.asarray(inside[places])


def _panels(curve: Curve, top: float, steps: list[int]) -> Markup:
    z = _domain(curve)
    a, slope = curve(z)
    x = Linear(float(z[0]), float(z[-1]), LEFT, RIGHT)
    upper_top = top + HEADING
    lower_top = upper_top + TALL + BETWEEN
    upper = Panel(x, linear(a.tolist(), upper_top + TALL, upper_top))
    lower = Panel(x, linear([0.0, *slope.tolist()], lower_top + LOW, lower_top))
    where = cut(f"a = {curve.name}(z), in {listed(curve.layers)}", RIGHT - LEFT, svg.NORMAL)
    parts = [
        svg.text(LEFT, top + 17, where, class_="heading"),
        svg.text(LEFT, lower_top - 8, "da/dz, its derivative", class_="heading"),
        upper.frame([], upper.y.ticks(5)),
        lower.frame(x.ticks(7), lower.y.ticks(3)),
        svg.text((LEFT + RIGHT) / 2, lower.bottom + 35, "z", class_="symbol", anchor="middle"),
        svg.path("base", *(line for panel in (upper, lower) for line in _zeros(panel))),
        _drawn(upper, z, a, "function"),
        _drawn(lower, z, slope, "derivative"),
    ]
    for step in steps:
        places = []
        for points in (points for points in curve.points if points.step == step):
            for panel, heights in zip((upper, lower), curve(points.shown), strict=True):
                pairs = zip(points.shown.tolist(), heights.tolist(), strict=True)
                places += [(x(zi), panel.y(height)) for zi, height in pairs]
        parts.append(_marks(places, step == steps[0]))
    return svg.group(*parts, class_="activation")


def _domain(curve: Curve) -> Array:
    """Return the places at which the curve is drawn, both sides of a kink at 0 among them."""
    shown = np.concatenate([[-LEAST, LEAST], *(points.shown for points in curve.points)])
    low, high = float(shown.min()), float(shown.max())
    return np.sort(np.concatenate([np.linspace(low, high, SAMPLES), [-1e-9, 0.0, 1e-9]]))


def _zeros(panel: Panel) -> list[list[Point]]:
    """Return the lines of z = 0 and, where it is in the panel, of height 0."""
    lines = [[(panel.x(0), panel.top), (panel.x(0), panel.bottom)]]
    if panel.bottom > panel.y(0) > panel.top:
        lines.append([(panel.left, panel.y(0)), (panel.right, panel.y(0))])
    return lines


def _drawn(panel: Panel, z: Array, heights: Array, class_: str) -> Markup:
    """Return a curve through as few points as it takes to be seen as it is."""
    places = zip(z.tolist(), heights.tolist(), strict=True)
    points = [(panel.x(zi), panel.y(height)) for zi, height in places]
    return svg.path(f"curve {class_}", straightened(points))


def _marks(places: list[Point], is_first: bool) -> Markup:  # noqa: FBT001
    """Return marks: empty squares for the first step, full diamonds for the last."""
    if is_first:
        return marks("hollow", places, 3.8, "early")
    return marks("diamond", places, 3.4, "late")


def _legend(steps: list[int]) -> Markup:
    parts, x = [], LEFT + 6
    for step in steps:
        parts += [
            _marks([(x, 10)], step == steps[0]),
            svg.text(x + 11, 14, f"z of step {step:,}, derived", class_="key-label"),
        ]
        x += 170
    return svg.group(*parts, class_="legend")


def _summary(run: Run, curves: list[Curve], left_out: list[str]) -> str:
    told = []
    for curve in curves:
        z = np.concatenate([points.z for points in curve.points]) if curve.points else np.zeros(0)
        formula = _formula(curve.name)
        if z.size:
            _, slopes = curve(z)
            told.append(
                f"{curve.name} ({formula}): the z of {reading.sides(run)[0].name} lie "
                f"{spanned(float(z.min()), float(z.max()))}, where the derivative lies "
                f"{spanned(float(slopes.min()), float(slopes.max()))}"
            )
        else:
            told.append(f"{curve.name} ({formula}), without points: no z can be derived")
        beyond = int((np.abs(z) > MOST).sum())
        if beyond:
            told.append(f"{counted(beyond, 'point')} beyond ±{MOST:g} are not drawn")
        if any(np.count_nonzero(np.abs(p.z) <= MOST) > len(p.shown) for p in curve.points):
            told.append(f"of each layer and step {MOST_POINTS} points are drawn")
    if "softmax" in left_out:
        told.append("softmax has no curve: each of its outputs depends on all of its inputs")
    others = [name for name in left_out if name != "softmax"]
    if others:
        told.append(f"no curve is known here for {listed(others)}")
    return "; ".join(told) + "."


def _formula(name: str) -> str:
    """Return an activation's formula, in the words of its own docstring."""
    first = (ACTIVATIONS[name].__doc__ or name).strip().splitlines()[0]
    words = first.replace("`", "").rstrip(".")
    return words[:1].lower() + words[1:]


def _table(curve: Curve) -> Iterator[tuple[Cell, ...]]:
    """Yield the points that are drawn; of a curve without any, some of its own."""
    if not curve.points:
        z = np.linspace(-LEAST, LEAST, 13)
        for row in zip(z, *curve(z), strict=True):
            yield (curve.name, "", "", *map(cell, row))
    for points in curve.points:
        for z, a, slope in zip(points.shown, *curve(points.shown), strict=True):
            yield (curve.name, points.layer, float(points.step), *map(cell, (z, a, slope)))
