"""The network itself: units, connections and biases, with the weights of the start.

A weight's size is the width of its line; its sign is told by colour and by dashes. A wide layer
is one block that says how many units it has: a thousand lines would say less.
"""

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.numbers import cell, counted, cut, listed, short, spanned, subscript
from comparisons.pages.charts.reading import Array, Layer, Run

#: Where units stand: the heights between which a column is spread, and their size.
TOP, BOTTOM, RADIUS = 4.0, 226.0, 17.0
SIDE = 30.0
CAPTION = 38.0
HEIGHT = BOTTOM + 108.0

#: Units of a layer, columns, and connections between two columns up to which each is drawn.
MOST_UNITS, MOST_COLUMNS, MOST_LABELS = 6, 5, 6
BLOCK = 46.0


@dataclass(frozen=True)
class Column:
    """The inputs, a layer, or several layers in one; ``kernel`` leads to it, if it has one."""

    name: str
    words: tuple[str, ...]
    units: int
    symbol: str
    kernel: Array | None = None
    bias: Array | None = None
    folded: bool = False

    @property
    def is_dense(self) -> bool:
        """Whether weights lead to it."""
        return self.words[0] == "Dense"

    @property
    def is_block(self) -> bool:
        """Whether it is drawn as one block."""
        return self.folded or self.units > MOST_UNITS


def draw(run: Run) -> Chart | None:
    """Return the network, or ``None`` where the run does not say its layers."""
    if not reading.layers(run):
        return None
    every = _columns(run)
    columns = _folded(every)
    places = np.linspace(SIDE, svg.WIDTH - SIDE, len(columns)).tolist()
    strongest = max((_largest(column.kernel) for column in every), default=0.0) or 1.0
    parts = [
        _connections(columns[i], columns[i + 1], (places[i], places[i + 1]), strongest)
        for i in range(len(columns) - 1)
    ]
    parts += [
        _labels(columns[i], columns[i + 1], (places[i], places[i + 1]))
        for i in range(len(columns) - 1)
    ]
    gap = places[1] - places[0]
    parts += [_units(column, x, gap) for column, x in zip(columns, places, strict=True)]
    parts.append(_legend(strongest))
    title = "The network at the start"
    summary = _summary(every, columns)
    return Chart(
        key="network",
        title=title,
        summary=summary,
        svg=svg.picture(str(run["id"]), "network", title, summary, HEIGHT, *parts),
        headers=("layer", "tensor", "shape", "smallest", "mean", "largest"),
        rows=tuple(row for column in every for row in _rows(column)),
    )


def _columns(run: Run) -> list[Column]:
    layers = reading.layers(run)
    inputs = int(run.get("inputs") or math.prod(layers[0].get("input_shape") or [1]))
    columns = [Column("inputs", (counted(inputs, "input"),), inputs, "x")]
    start = run.get("start") or {}
    for depth, layer in enumerate(layers, 1):
        name = str(layer["name"])
        kernel, bias = (
            reading.array(start.get(f"{name}/{tensor}")) for tensor in ("kernel", "bias")
        )
        last = depth == len(layers)
        columns.append(
            Column(name, _words(layer), _size(layer), "ŷ" if last else "a", _matrix(kernel), bias)
        )
    return columns


def _words(layer: Layer) -> tuple[str, ...]:
    activation = reading.activation_of(layer)
    return (str(layer["class"]), "" if layer["class"] == "Flatten" else activation)


def _size(layer: Layer) -> int:
    """Return how many numbers a row's output has."""
    return int(math.prod(layer.get("output_shape") or [layer.get("units") or 1]))


def _matrix(kernel: Array | None) -> Array | None:
    return kernel if kernel is not None and kernel.ndim == 2 else None


def _folded(columns: list[Column]) -> list[Column]:
    """Return at most so many columns: of a deep network the middle ones in one."""
    if len(columns) <= MOST_COLUMNS:
        return columns
    inside = columns[2:-2]
    folded = Column(
        "…", (f"{len(inside)} more", "layers"), max(c.units for c in inside), "a", folded=True
    )
    return [*columns[:2], folded, *columns[-2:]]


def _heights(column: Column) -> list[float]:
    """Return where the units stand, from the top."""
    middle = (TOP + BOTTOM) / 2
    if column.is_block:
        return [middle]
    pitch = min((BOTTOM - TOP) / column.units, 104.0)
    return [middle + (i - (column.units - 1) / 2) * pitch for i in range(column.units)]


def _radius(column: Column) -> float:
    return min(RADIUS, (BOTTOM - TOP) / column.units / 2 - 2)


def _joined_by_lines(before: Column, after: Column) -> bool:
    shape = (before.units, after.units)
    whole = after.kernel is not None and after.kernel.shape == shape
    return whole and not before.is_block and not after.is_block


def _passes_on(before: Column, after: Column) -> bool:
    """Return whether each unit takes the number of one before it, as in an Activation."""
    alike = before.units == after.units and not before.is_block and not after.is_block
    return alike and not after.is_dense


def _connections(before: Column, after: Column, x: tuple[float, float], strongest: float) -> Markup:
    """Return the lines between two columns, or one band where a line each would be too many."""
    left, right = _heights(before), _heights(after)
    if _passes_on(before, after):
        pairs = zip(left, right, strict=True)
        return svg.path("passed-on", *([(x[0], a), (x[1], b)] for a, b in pairs))
    if not _joined_by_lines(before, after) or after.kernel is None:
        return _band(before, after, x)
    lines = []
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            weight = float(after.kernel[i, j])
            lines.append(
                svg.element(
                    "line",
                    svg.element("title", f"{after.name}/kernel[{i},{j}] = {short(weight)}"),
                    x1=x[0],
                    y1=a,
                    x2=x[1],
                    y2=b,
                    stroke_width=_thickness(weight, strongest),
                    class_=f"weight {_sign(weight)}",
                )
            )
    return svg.joined(*lines)


def _band(before: Column, after: Column, x: tuple[float, float]) -> Markup:
    def ends(column: Column) -> tuple[float, float]:
        heights = _heights(column)
        half = 76.0 if column.is_block else 0.0
        return heights[0] - half, heights[-1] + half

    (a, b), (c, d) = ends(before), ends(after)
    return svg.path("every-weight", [(x[0], a), (x[1], c), (x[1], d), (x[0], b), (x[0], a)])


def _thickness(weight: float, strongest: float) -> float:
    """Return a width between that of a hair and 6, growing with the weight's size."""
    return 1.0 + 5.0 * min(abs(weight) / strongest, 1.0) if math.isfinite(weight) else 1.0


def _sign(weight: float) -> str:
    if not math.isfinite(weight):
        return "strange"
    return "negative" if weight < 0 else "positive"


def _largest(kernel: Array | None) -> float:
    if kernel is None or not np.isfinite(kernel).any():
        return 0.0
    return float(np.abs(kernel[np.isfinite(kernel)]).max())


def _labels(before: Column, after: Column, x: tuple[float, float]) -> Markup:
    """Return the weights as numbers, where there is room for all of them."""
    if not _joined_by_lines(before, after) or after.kernel is None:
        return Markup()
    if after.kernel.size > MOST_LABELS or x[1] - x[0] < 110:
        return Markup()
    left, right = _heights(before), _heights(after)
    parts = []
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            # Near the left unit lines are apart, and those that cross have not met yet.
            share = 0.36 if len(right) > 1 else 0.5
            place = x[0] + (x[1] - x[0]) * share, a + (b - a) * share
            words = short(float(after.kernel[i, j]), 3)
            half = 0.34 * svg.NORMAL * len(words) + 3
            parts += [
                svg.rectangle(place[0] - half, place[1] - 9, 2 * half, 18, "ground", 5),
                svg.text(place[0], place[1] + 4, words, class_="weight-label", anchor="middle"),
            ]
    return svg.joined(*parts)


def _units(column: Column, x: float, gap: float) -> Markup:
    parts = []
    if column.is_block:
        middle = _heights(column)[0]
        parts.append(svg.rectangle(x - BLOCK / 2, middle - 80, BLOCK, 160, "unit", 10))
        words = "…" if column.folded else f"{column.units:,}"
        parts.append(svg.text(x, middle + 5, words, class_="title", anchor="middle"))
    else:
        radius = _radius(column)
        for i, y in enumerate(_heights(column)):
            symbol = column.symbol + (subscript(i + 1) if column.units > 1 else "")
            parts += [
                svg.element("circle", cx=x, cy=y, r=radius, class_="unit"),
                svg.text(x, y + 4.5, symbol, class_="unit-name", anchor="middle"),
            ]
            if (
                column.bias is not None
                and column.bias.shape == (column.units,)
                and column.units < 5
            ):
                bias = f"b {short(float(column.bias[i]), 3)}"
                parts.append(
                    svg.text(x, y + radius + 15, bias, class_="halo note", anchor="middle")
                )
    lines = [line for line in (column.name, *column.words) if line]
    for row, line in enumerate(lines):
        class_ = "heading" if row == 0 else "note"
        # The first and the last column have half a gap, and the picture's margin.
        room = max(gap - 6, 60.0)
        parts.append(
            _caption(x, BOTTOM + CAPTION - 14 + 17 * row, cut(line, room, svg.NORMAL), class_)
        )
    return svg.joined(*parts)


def _caption(x: float, y: float, words: str, class_: str) -> Markup:
    """Return words below a column, kept inside the picture at its sides."""
    half = 0.29 * svg.NORMAL * len(words)
    if x - half < 0:
        return svg.text(0, y, words, class_=class_)
    if x + half > svg.WIDTH:
        return svg.text(svg.WIDTH, y, words, class_=class_, anchor="end")
    return svg.text(x, y, words, class_=class_, anchor="middle")


def _legend(strongest: float) -> Markup:
    y = HEIGHT - 12
    return svg.group(
        svg.element(
            "line", x1=0, y1=y - 4, x2=28, y2=y - 4, stroke_width=3, class_="weight positive"
        ),
        svg.text(34, y, "positive", class_="key-label"),
        svg.element(
            "line", x1=104, y1=y - 4, x2=132, y2=y - 4, stroke_width=3, class_="weight negative"
        ),
        svg.text(138, y, "negative weight", class_="key-label"),
        svg.element(
            "line", x1=252, y1=y - 4, x2=280, y2=y - 4, stroke_width=6, class_="weight positive"
        ),
        svg.text(286, y, f"widest: {short(strongest, 3)}", class_="key-label"),
        class_="legend",
    )


def _summary(every: list[Column], columns: list[Column]) -> str:
    sizes = "-".join(str(column.units) for column in every)
    kernels = [column.kernel for column in every if column.kernel is not None]
    told = f"A {sizes} network"
    if kernels:
        weights = np.concatenate([kernel.ravel() for kernel in kernels])
        finite = weights[np.isfinite(weights)]
        count = sum(kernel.size for kernel in kernels)
        told += f" with {counted(count, 'weight')}"
        if finite.size:
            told += f" {spanned(float(finite.min()), float(finite.max()))}"
    biases = sum(column.bias.size for column in every if column.bias is not None)
    told += f" and {counted(biases, 'bias')}" if biases else " and no bias"
    unknown = [column.name for column in every[1:] if column.is_dense and column.kernel is None]
    if unknown:
        told += f", besides those of {listed(unknown)}, which are not in the document"
    if any(column.is_block and not column.folded for column in columns):
        told += f"; a layer with more than {MOST_UNITS} units is drawn as one block"
    if len(columns) < len(every):
        told += (
            f"; {counted(len(every) - len(columns) + 1, 'layer')} in the middle are drawn as one"
        )
    return told + "."


def _rows(column: Column) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for tensor, values in (("kernel", column.kernel), ("bias", column.bias)):
        if values is not None and values.size:
            shape = " × ".join(map(str, values.shape))
            numbers = (cell(float(f(values))) for f in (np.min, np.mean, np.max))
            rows.append((column.name, tensor, shape, *numbers))
    return rows or [(column.name, "none", str(column.units), "", "", "")]
