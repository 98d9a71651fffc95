"""The cycle of training as a ring: forward, loss, backward, update, and round again.

Drawn with what this run really computed in its first step.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from comparisons.pages.charts import reading, svg
from comparisons.pages.charts.chart import Chart
from comparisons.pages.charts.numbers import cells, counted, cut, short
from comparisons.pages.charts.reading import Array, Run, Side

#: Said of a number that a side does not show.
NOT_GIVEN = "not given"

#: Two columns and two rows of boxes; the rest is room for arrows and their names.
WIDTH, HEIGHT, ROUND = 182.0, 126.0, 10.0
LEFT, RIGHT, UPPER, LOWER = 2.0, 236.0, 56.0, 252.0
BOTTOM = LOWER + HEIGHT + 6
INSET = 34.0
#: The room for a side's name.
MOST_NAME = 96.0

Step = Mapping[str, Any]


@dataclass(frozen=True)
class Station:
    """One of the four: what is done, the quantity looked at, its values, and how it comes."""

    name: str
    quantity: str
    values: dict[Side, float]
    note: str


def draw(run: Run) -> Chart | None:
    """Return the ring, or ``None`` where the run's first step is not in the document."""
    if not reading.steps(run):
        return None
    step = reading.steps(run)[0]
    stations = _stations(run, step)
    places = ((LEFT, UPPER), (RIGHT, UPPER), (RIGHT, LOWER), (LEFT, LOWER))
    boxes = [
        _box(number, station, *place)
        for number, (station, place) in enumerate(zip(stations, places, strict=True), 1)
    ]
    title = f"The cycle of training, with the numbers of step {step['number']}"
    summary = _summary(stations)
    rows = tuple(
        (
            station.name,
            station.quantity,
            *(NOT_GIVEN if cell == "nan" else cell for cell in cells([*station.values.values()])),
        )
        for station in stations
    )
    return Chart(
        key="cycle",
        title=title,
        summary=summary,
        svg=svg.picture(
            str(run["id"]), "cycle", title, summary, BOTTOM, _arrows(run, step), *boxes
        ),
        headers=("phase", "quantity", *(side.name for side in reading.sides(run))),
        rows=rows,
    )


def _stations(run: Run, step: Step) -> tuple[Station, ...]:
    sites = list(step["sites"])
    output = next((site for site in reversed(sites) if site.startswith("forward/")), "")
    parameter, index = _steepest(run, step)
    # One weight, w, is followed from its slope to its new value.
    name = f"{parameter}[{','.join(map(str, index))}]" if parameter else "no parameters"
    prediction = reading.value(step, output, reading.sides(run)[0])
    shape = () if prediction is None else prediction.shape
    one = math.prod(shape) == 1
    first = (0,) * len(shape)
    depth = len(reading.layers(run))
    return (
        Station(
            "Forward",
            "prediction ŷ" if one else f"prediction ŷ[{','.join(map(str, first))}]",
            _values(run, step, output, first),
            f"x through {counted(depth, 'layer')}" if depth else "x through the layers",
        ),
        Station(
            "Loss",
            "loss L",
            _values(run, step, "loss/value", ()),
            str((run.get("loss") or {}).get("class") or "compares ŷ with y"),
        ),
        Station(
            "Backward",
            "slope ∂L/∂w",
            _values(run, step, f"backward/{parameter}", index),
            f"w: {name}",
        ),
        Station(
            "Update",
            "new w",
            _values(run, step, f"update/{parameter}", index),
            _rule(run, step, parameter, index),
        ),
    )


def _steepest(run: Run, step: Step) -> tuple[str, tuple[int, ...]]:
    """Return the parameter to follow: of the last layer's kernel the one of the steepest slope."""
    names = list(run.get("start") or {})
    kernels = [name for name in names if name.endswith("/kernel")] or names
    if not kernels:
        return "", ()
    slopes = reading.value(step, f"backward/{kernels[-1]}", reading.sides(run)[0])
    if slopes is None or not slopes.size:
        shape = np.shape(run["start"][kernels[-1]])
        return kernels[-1], (0,) * len(shape)
    place = int(np.argmax(np.nan_to_num(np.abs(slopes))))
    return kernels[-1], tuple(int(i) for i in np.unravel_index(place, slopes.shape))


def _values(run: Run, step: Step, site: str, index: tuple[int, ...]) -> dict[Side, float]:
    return {side: _at(reading.value(step, site, side), index) for side in reading.sides(run)}


def _at(values: Array | None, index: tuple[int, ...]) -> float:
    """Return one of the values; ``nan`` where there is none."""
    if values is None or values.ndim != len(index) or not values.size:
        return math.nan
    inside = all(i < n for i, n in zip(index, values.shape, strict=True))
    return float(values[index]) if inside else math.nan


def _rule(run: Run, step: Step, parameter: str, index: tuple[int, ...]) -> str:
    """Return how the new parameter comes: for plain descent the sum itself, else the rule."""
    optimizer = run.get("optimizer") or {}
    name = str(optimizer.get("class") or "the update rule")
    before = _at(reading.parameters_before(run, 0, reading.sides(run)[0]).get(parameter), index)
    slope = _at(reading.value(step, f"backward/{parameter}", reading.sides(run)[0]), index)
    rate = reading.number(optimizer.get("learning_rate"))
    plain = name == "SGD" and not optimizer.get("momentum") and not optimizer.get("weight_decay")
    if plain and all(map(math.isfinite, (before, slope, rate))):
        factor = f"({short(slope)})" if slope < 0 else short(slope)
        words = f"{short(before)} − {short(rate)} · {factor}"
        if cut(words, WIDTH - 12, svg.NORMAL) == words:
            return words
    return f"{name}, from w = {short(before)}" if math.isfinite(before) else name


def _fitted(value: float) -> str:
    """Return a number with as many digits as fit beside a side's name."""
    written = [short(value, digits) for digits in (5, 4, 3, 2)]
    return next((words for words in written if len(words) <= 7), written[-1])


def _box(number: int, station: Station, x: float, y: float) -> Markup:
    parts = [
        svg.rectangle(x, y, WIDTH, HEIGHT, "box", ROUND),
        svg.element("circle", cx=x + 21, cy=y + 20, r=11, class_="badge"),
        svg.text(x + 21, y + 24.5, str(number), class_="badge-number", anchor="middle"),
        svg.text(x + 40, y + 25, station.name, class_="title"),
        svg.text(x + 10, y + 50, cut(station.quantity, WIDTH - 22, svg.NORMAL)),
    ]
    for row, (side, value) in enumerate(station.values.items()):
        height = y + 72 + 18 * row
        words = NOT_GIVEN if math.isnan(value) else _fitted(value)
        # Names are bold, and so wider than other words.
        room = min(WIDTH - 28 - 0.64 * svg.NORMAL * len(words), MOST_NAME)
        name = cut(side.name, room, svg.NORMAL)
        parts += [
            svg.text(x + 10, height, name, class_=f"side end-label {side.key}"),
            svg.text(x + WIDTH - 10, height, words, class_="number", anchor="end"),
        ]
    parts.append(
        svg.text(x + 10, y + 114, cut(station.note, WIDTH - 12, svg.NORMAL), class_="note")
    )
    return svg.group(*parts, class_=f"station station-{station.name.lower()}")


def _arrows(run: Run, step: Step) -> Markup:
    near, far = LEFT + INSET, RIGHT + WIDTH - INSET
    upper, lower = UPPER + HEIGHT / 2, LOWER + HEIGHT / 2
    inner = LEFT + WIDTH, RIGHT
    between = (UPPER + HEIGHT + LOWER) / 2
    epochs = counted(int(run.get("epochs") or 1), "epoch")
    batches = counted(int(run.get("steps_per_epoch") or 1), "step")
    return svg.joined(
        svg.arrow([(near, 22), (near, UPPER - 2)], "forward"),
        svg.text(near - INSET, 14, cut(_batch(step), svg.WIDTH, svg.NORMAL)),
        svg.arrow([(inner[0] + 3, upper), (inner[1] - 2, upper)], "forward"),
        svg.text(svg.WIDTH / 2, upper - 9, "ŷ", class_="symbol", anchor="middle"),
        svg.arrow([(far, UPPER + HEIGHT + 3), (far, LOWER - 2)], "backward"),
        svg.text(far - 10, between + 5, "∂L/∂ŷ", class_="symbol", anchor="end"),
        svg.arrow([(inner[1] - 3, lower), (inner[0] + 2, lower)], "backward"),
        svg.text(svg.WIDTH / 2, lower - 9, "∂L/∂w", class_="symbol", anchor="middle"),
        svg.arrow([(near, LOWER - 3), (near, UPPER + HEIGHT + 2)], "forward"),
        svg.text(near + 12, between + 5, "next batch", class_="note"),
        svg.text(
            svg.WIDTH / 2 + 14, between - 4, f"{batches} an epoch,", class_="note", anchor="middle"
        ),
        svg.text(svg.WIDTH / 2 + 14, between + 13, epochs, class_="note", anchor="middle"),
    )


def _batch(step: Step) -> str:
    """Return what goes in: the numbers of a single small row, or how many there are."""
    x, y = reading.array(step.get("x")), reading.array(step.get("y"))
    if x is None:
        return "one batch of x and y"
    if x.size <= 4 and y is not None and y.size <= 3:
        return f"x = {_row(x)}, y = {_row(y)}"
    return f"x: {counted(len(x), 'row')} of {counted(x.size // max(len(x), 1), 'number')}, with y"


def _row(values: Array) -> str:
    numbers = ", ".join(short(v, 3) for v in values.ravel().tolist())
    return numbers if values.size == 1 else f"[{numbers}]"


def _summary(stations: tuple[Station, ...]) -> str:
    told = []
    for station in stations:
        values = list(station.values.items())
        words = [f"{short(v, 5)} ({side.name})" for side, v in values if not math.isnan(v)]
        if len(words) == 2 and short(values[0][1], 5) == short(values[1][1], 5):
            words = [f"{short(values[0][1], 5)} on both sides"]
        told.append(f"{station.name}: {station.quantity} is {' and '.join(words) or 'not given'}")
    return "; ".join(told) + "; then the next batch."
