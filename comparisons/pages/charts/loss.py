"""The loss of both sides, step by step and epoch by epoch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Chart
from comparisons.pages.charts.numbers import cells, counted, short
from comparisons.pages.charts.plot import EndLabel, Panel, end_labels, marks, thinned
from comparisons.pages.charts.reading import Run, Side
from comparisons.pages.charts.scales import (
    Linear,
    Log,
    linear,
    logarithmic,
    whole,
    whole_ticks,
)

LEFT, RIGHT, TOP, BOTTOM = 64.0, 312.0, 34.0, 214.0
HEIGHT = 258.0

#: More values than this are drawn as stretches, so many of them; to fewer each gets a mark.
MOST_EACH, MOST_STRETCHES, MOST_MARKS = 100, 60, 40
MOST_ROWS = 200

Curves = dict[Side, list[float]]


def per_step(run: Run) -> Chart | None:
    """Return the loss of each step."""
    numbers = [int(n) for n in reading.series(run).get("steps") or ()]
    curves = _curves(run, reading.series(run).get("loss"), len(numbers))
    return _chart(run, "loss", "step", numbers, curves) if curves else None


def per_epoch(run: Run) -> Chart | None:
    """Return the loss of each epoch: the mean over its steps, as ``fit`` reports it."""
    losses = run.get("epoch_losses") or {}
    count = max((len(values or ()) for values in losses.values()), default=0)
    curves = _curves(run, losses, count)
    return _chart(run, "epoch-loss", "epoch", list(range(1, count + 1)), curves) if curves else None


def _curves(run: Run, losses: Mapping[str, Any] | None, count: int) -> Curves:
    if not losses or not count:
        return {}
    found = {}
    hidden = "loss/value" in ((run.get("verdict") or {}).get("not_offered") or ())
    for side in reading.sides(run):
        if side.key == "candidate" and hidden:
            continue  # it shows no loss, which is another thing than a loss of nan
        values = reading.numbers(losses.get(side.key))[:count]
        found[side] = values + [math.nan] * (count - len(values))
    if hidden and not any(math.isfinite(x) for values in found.values() for x in values):
        return {}
    return found


def _chart(run: Run, key: str, unit: str, numbers: list[int], curves: Curves) -> Chart:
    title = f"Loss per {unit}"
    stretches = _stretches(len(numbers), int(run.get("steps_per_epoch") or 1))
    summary = _summary(unit, numbers, curves, len(stretches[0]))
    every = [value for values in curves.values() for value in values]
    is_log = _wants_log(every)
    y: Linear | Log = (logarithmic if is_log else linear)(every, BOTTOM, TOP)
    panel = Panel(whole(numbers[0], numbers[-1], LEFT, RIGHT), y)
    y_ticks = y.ticks(6) if any(map(math.isfinite, every)) else []
    axis = "loss, logarithmic" if is_log else "loss"
    parts = [
        panel.frame(whole_ticks(numbers[0], numbers[-1], 6), y_ticks),
        svg.text(LEFT, TOP - 12, axis, class_="axis"),
        svg.text((LEFT + RIGHT) / 2, BOTTOM + 36, unit, class_="axis", anchor="middle"),
        *(_side(panel, side, numbers, values, stretches) for side, values in curves.items()),
        end_labels(_labels(panel, curves, stretches), RIGHT, TOP + 6, BOTTOM - 6, gap=18),
    ]
    stride = math.ceil(len(numbers) / MOST_ROWS)
    rows = tuple(
        (float(numbers[i]), *cells([values[i] for values in curves.values()]))
        for i in range(0, len(numbers), stride)
    )
    headers = (unit, *(f"loss of {side.name}" for side in curves))
    picture = svg.picture(str(run["id"]), key, title, summary, HEIGHT, *parts)
    return Chart(key, title, summary, picture, headers, rows)


def _stretches(count: int, steps_per_epoch: int) -> list[range]:
    """Return the ranges of which each is one point: single values, or whole epochs of many."""
    if count <= MOST_EACH:
        return thinned(count, count)
    size = math.ceil(count / MOST_STRETCHES)
    if steps_per_epoch <= 2 * size:
        # A stretch with every batch in it does not show the batches' own ups and downs.
        size = math.ceil(size / steps_per_epoch) * steps_per_epoch
    stretches = thinned(count, math.ceil(count / size))
    if len(stretches) > 1 and len(stretches[-1]) < size:
        # A few batches alone have another mean than all of them: the line would jump at its end.
        *stretches, before, last = stretches
        stretches.append(range(before.start, last.stop))
    return stretches


def _side(
    panel: Panel,
    side: Side,
    numbers: Sequence[int],
    values: Sequence[float],
    stretches: Sequence[range],
) -> Markup:
    """Return a side's line: through each value, or through the means of stretches in a band."""
    xs = [(numbers[s.start] + numbers[s.stop - 1]) / 2 for s in stretches]
    means = [_mean(values, stretch) for stretch in stretches]
    missing = [x for x, mean in zip(xs, means, strict=True) if not math.isfinite(mean)]
    parts = [panel.curves(xs, [means], side.key), panel.gaps(missing)]
    if len(stretches) < len(numbers):
        known = [i for i, mean in enumerate(means) if math.isfinite(mean)]
        of = [[values[k] for k in stretches[i]] for i in known]
        parts.insert(0, _band(panel, [xs[i] for i in known], of, side))
    elif len(numbers) <= MOST_MARKS:
        parts.append(_marks(panel, xs, means, side))
    return svg.joined(*parts)


def _mean(values: Sequence[float], stretch: range) -> float:
    return sum(values[i] / len(stretch) for i in stretch)


def _band(panel: Panel, xs: list[float], of: list[list[float]], side: Side) -> Markup:
    """Return the area between the lowest and the highest value of each stretch."""
    if not xs:
        return Markup()
    there = [(panel.x(x), panel.y(max(values))) for x, values in zip(xs, of, strict=True)]
    back = [(panel.x(x), panel.y(min(values))) for x, values in zip(xs, of, strict=True)]
    return svg.path(f"range {side.key}", [*there, *reversed(back), there[0]])


def _wants_log(values: Sequence[float]) -> bool:
    """Return whether the values span so much that a linear axis would hide most of them."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) / min(finite) > 300


def _marks(panel: Panel, xs: Sequence[float], ys: Sequence[float], side: Side) -> Markup:
    """Return a mark for each value: the reference's a square, the candidate's a smaller dot."""
    shape, size = ("square", 4.6) if side.key == "reference" else ("dot", 2.6)
    known = ((x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(y))
    return marks(shape, [(panel.x(x), panel.y(y)) for x, y in known], size, side.key)


def _labels(panel: Panel, curves: Curves, stretches: Sequence[range]) -> list[EndLabel]:
    """Return each side's name, at the height where its line ends."""
    found = []
    for side, values in curves.items():
        means = (_mean(values, stretch) for stretch in reversed(stretches))
        last = next((mean for mean in means if math.isfinite(mean)), math.nan)
        height = panel.y(last) if math.isfinite(last) else panel.top + 8
        found.append(EndLabel(height, side.name, f"side {side.key}"))
    return found


def _summary(unit: str, numbers: Sequence[int], curves: Curves, size: int) -> str:
    words = [_told(unit, numbers, side.name, values) for side, values in curves.items()]
    reference, *candidate = curves.values()
    if candidate == [reference]:
        names = " and ".join(side.name for side in curves)
        words = [_told(unit, numbers, f"{names} (equal at every {unit})", reference)]
    if not candidate:
        words.append("the other side shows no loss")
    if size > 1:
        words.append(
            f"of each {counted(size, unit)} the mean is drawn as a line, from the lowest to the "
            "highest as a band"
        )
    return "; ".join(words) + "."


def _told(unit: str, numbers: Sequence[int], name: str, values: Sequence[float]) -> str:
    missing = sum(not math.isfinite(value) for value in values)
    gaps = f", without a finite number at {counted(missing, unit)}" if missing else ""
    first = f"{name}: a loss of {short(values[0])} at {unit} {numbers[0]:,}"
    last = f", {short(values[-1])} at {unit} {numbers[-1]:,}" if len(values) > 1 else ""
    return first + last + gaps
