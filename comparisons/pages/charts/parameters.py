"""The parameters over time, both sides: what the updates add up to.

One panel for each tensor. A large tensor is told by its first few elements and by its smallest,
mean and largest one.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Cell, Chart
from comparisons.pages.charts.numbers import cells, counted, cut, short
from comparisons.pages.charts.plot import EndLabel, Panel, end_labels
from comparisons.pages.charts.reading import Array, Run, Side
from comparisons.pages.charts.scales import linear, whole, whole_ticks

TITLE = "Parameters over the steps"

LEFT, RIGHT = 64.0, 312.0
LEGEND, HEADING, HEIGHT, PITCH = 30.0, 24.0, 112.0, 168.0

#: Tensors drawn; elements of a tensor up to which each is drawn; of a larger one, the first few.
MOST_TENSORS, MOST_ELEMENTS, FIRST_ELEMENTS = 8, 6, 3
MOST_LABELS, MOST_COLUMNS, MOST_BROAD = 8, 10, 60

#: In place of a moment's number: the steps from here on do not follow those before.
BREAK = math.nan

Measure = Callable[[Array], float]


@dataclass(frozen=True)
class Line:
    """What is followed (``[0, 1]``, ``mean``), and its value at each moment."""

    words: str
    values: dict[Side, list[float]]


@dataclass(frozen=True)
class Moment:
    """The parameters of both sides after so many steps; a break in time has no number."""

    number: float
    parameters: dict[Side, dict[str, Array | None]]


@dataclass(frozen=True)
class Tensor:
    """A parameter tensor and the lines that tell it."""

    name: str
    size: int
    lines: list[Line]


def draw(run: Run) -> Chart | None:
    """Return the chart, or ``None`` where the run holds no parameters step by step."""
    start = run.get("start") or {}
    if not reading.steps(run) or not start:
        return None
    moments = [moment.number for moment in _moments(run)]
    tensors = [tensor for name in start if (tensor := _tensor(run, name)) is not None]
    if not tensors:
        return None
    shown = tensors[:MOST_TENSORS]
    parts = [_legend(run)]
    for i, tensor in enumerate(shown):
        parts.append(_panel(tensor, moments, LEGEND + PITCH * i))
    parts.append(
        svg.text(
            (LEFT + RIGHT) / 2,
            LEGEND + PITCH * (len(shown) - 1) + HEADING + HEIGHT + 36,
            "after step (0: the start)",
            class_="axis",
            anchor="middle",
        )
    )
    summary = _summary(run, tensors, shown, left_out=len(start) - len(tensors))
    return Chart(
        key="parameters",
        title=TITLE,
        summary=summary,
        svg=svg.picture(
            str(run["id"]), "parameters", TITLE, summary, LEGEND + PITCH * len(shown) + 14, *parts
        ),
        headers=("parameter", "side", *(_words_of(moments[i]) for i in _tabled(moments))),
        rows=tuple(_table(shown, moments)),
    )


def _moments(run: Run) -> Iterator[Moment]:
    """Yield the start, what is after each step, and where steps are left out a break."""
    names, both = run.get("start") or {}, reading.sides(run)
    for index, step in enumerate(reading.steps(run)):
        if not reading.follows(run, index):
            if index:
                yield Moment(BREAK, {side: {} for side in both})
            before = {side: reading.parameters_before(run, index, side) for side in both}
            if any(value is not None for found in before.values() for value in found.values()):
                yield Moment(int(step["number"]) - 1, before)
        after = {
            side: {name: reading.value(step, f"update/{name}", side) for name in names}
            for side in both
        }
        yield Moment(int(step["number"]), after)


def _tensor(run: Run, name: str) -> Tensor | None:
    """Return a tensor's lines, or ``None`` where its values were left out."""
    start = reading.array(run["start"][name])
    if start is None or not start.size:
        return None
    followed = _followed(start)
    lines = [Line(words, {side: [] for side in reading.sides(run)}) for words, _ in followed]
    for side in reading.sides(run):
        for moment in _moments(run):
            values = moment.parameters[side].get(name)
            known = values if values is not None and values.shape == start.shape else None
            for line, (_, measure) in zip(lines, followed, strict=True):
                line.values[side].append(math.nan if known is None else float(measure(known)))
    after = (v for line in lines for values in line.values.values() for v in values[1:])
    return Tensor(name, start.size, lines) if any(map(math.isfinite, after)) else None


def _followed(start: Array) -> list[tuple[str, Measure]]:
    """Return what is followed of a tensor: names, and functions from its array to a number."""
    indexes = list(np.ndindex(start.shape))
    many = len(indexes) > MOST_ELEMENTS
    chosen = indexes[:FIRST_ELEMENTS] if many else indexes
    followed: list[tuple[str, Measure]] = [(_words(i), partial(_element, i)) for i in chosen]
    if many:
        followed += [("min", np.min), ("mean", np.mean), ("max", np.max)]
    return followed


def _words(index: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, index))}]"


def _element(index: tuple[int, ...], values: Array) -> float:
    return float(values[index])


def _panel(tensor: Tensor, moments: list[float], top: float) -> Markup:
    every = [v for line in tensor.lines for values in line.values.values() for v in values]
    y = linear(every, top + HEADING + HEIGHT, top + HEADING)
    first, last = int(moments[0]), int(moments[-1])
    panel = Panel(whole(first, last, LEFT, RIGHT), y)
    parts = [
        svg.text(LEFT, top + 15, cut(tensor.name, RIGHT - LEFT, svg.NORMAL), class_="heading"),
        panel.frame(whole_ticks(first, last, 5), y.ticks(4)),
    ]
    reference, candidate = tensor.lines[0].values
    fine = " fine" if len(moments) > MOST_BROAD else ""
    # All of the reference first, so that the candidate's dashes lie over every line.
    for side in (reference, candidate):
        histories = [line.values[side] for line in tensor.lines]
        parts.append(panel.curves(moments, histories, side.key + fine))
    gaps = {
        n
        for line in tensor.lines
        for values in line.values.values()
        for n, v in zip(moments, values, strict=True)
        if math.isfinite(n) and not math.isfinite(v)
    }
    parts.append(panel.gaps(sorted(gaps)))
    labels = _labels(panel, tensor.lines, reference)
    own = [
        label
        for label in _labels(panel, tensor.lines, candidate)
        if all(abs(label.y - other.y) > 4 for other in labels)
    ]
    if len(labels) + len(own) <= MOST_LABELS:
        labels += own
    parts.append(end_labels(labels, RIGHT, panel.top - 4, panel.bottom + 4, gap=14))
    return svg.joined(*parts)


def _labels(panel: Panel, lines: list[Line], side: Side) -> list[EndLabel]:
    """Return a label for each place at which lines of a side end; lines that meet share one."""
    ends: list[tuple[float, list[str]]] = []
    for line in lines:
        finite = [v for v in line.values[side] if math.isfinite(v)]
        if not finite:
            continue
        y = panel.y(finite[-1])
        near = next((words for height, words in ends if abs(height - y) < 3), None)
        if near is None:
            ends.append((y, [line.words]))
        else:
            near.append(line.words)
    return [EndLabel(y, _together(words), side.key) for y, words in ends]


def _together(words: list[str]) -> str:
    return " ".join(words) if len(words) < 3 else f"{words[0]} and {len(words) - 1} more"


def _legend(run: Run) -> Markup:
    parts, x = [], LEFT
    for side in reading.sides(run):
        line = [(x, 12), (x + 30, 12)]
        name = cut(side.name, 130, svg.NORMAL)
        parts += [
            *((svg.path("curve bed", line),) if side.key == "candidate" else ()),
            svg.path(f"curve {side.key}", line),
            svg.text(x + 38, 16, name, class_=f"side key-label {side.key}"),
        ]
        x += 180
    return svg.group(*parts, class_="legend")


def _words_of(number: float) -> str:
    return f"after step {int(number):,}" if number else "start"


def _summary(run: Run, tensors: list[Tensor], shown: list[Tensor], left_out: int) -> str:
    moved = [
        (abs(values[-1] - values[0]), tensor.name, line.words, side.name, values)
        for tensor in shown
        for line in tensor.lines
        for side, values in line.values.items()
        if math.isfinite(values[-1])
    ]
    told = f"{counted(len(tensors), 'tensor')} over {counted(len(reading.steps(run)), 'step')}"
    if moved:
        _, tensor, words, name, values = max(moved, key=lambda found: found[0])
        told += (
            f"; what moves farthest is {tensor} {words}, from {short(values[0])} to "
            f"{short(values[-1])} ({name})"
        )
    if any(tensor.size > MOST_ELEMENTS for tensor in shown):
        told += (
            f"; of tensors with more than {MOST_ELEMENTS} elements the first {FIRST_ELEMENTS}, "
            "the smallest, the mean and the largest are drawn"
        )
    if any(math.isnan(moment.number) for moment in _moments(run)):
        told += "; a line is interrupted where steps are left out"
    if len(shown) < len(tensors):
        told += f"; the first {len(shown)} tensors are drawn"
    if left_out:
        told += f"; the values of {counted(left_out, 'tensor')} are not in the document"
    return told + "."


def _table(shown: list[Tensor], moments: list[float]) -> Iterator[tuple[Cell, ...]]:
    """Yield a row for each line and side: its values at the start and after some of the steps."""
    at = _tabled(moments)
    for tensor in shown:
        for line in tensor.lines:
            columns = [cells([values[i] for values in line.values.values()]) for i in at]
            for side, row in zip(line.values, zip(*columns, strict=True), strict=True):
                yield (f"{tensor.name} {line.words}", side.name, *row)


def _tabled(moments: list[float]) -> list[int]:
    """Return which moments have a column in the table: the first, the last, some between."""
    stride = max(1, math.ceil((len(moments) - 1) / MOST_COLUMNS))
    chosen = sorted({*range(0, len(moments), stride), len(moments) - 1})
    return [i for i in chosen if math.isfinite(moments[i])]
