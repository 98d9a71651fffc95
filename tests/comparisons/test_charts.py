"""The charts of a run: that what they show is what the run holds, and that nothing breaks them."""

import copy
import itertools
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from comparisons.pages.charts import Chart, charts_of, reading
from comparisons.pages.charts.numbers import cells as cells_of
from comparisons.pages.charts.numbers import cut, short
from comparisons.pages.charts.paths import straightened, trace
from comparisons.pages.charts.plot import apart
from comparisons.pages.charts.scales import Linear, linear, logarithmic, whole_ticks
from scratch import training
from scratch.activations import ACTIVATIONS
from scratch.layers import Activation, Dense, Flatten, Layer
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanSquaredError,
)
from scratch.optimizers import SGD, Adam, Optimizer

Run = dict[str, Any]
Point = tuple[float, float]

CSS = Path(__file__).parents[2] / "comparisons" / "pages" / "charts.css"
CLASSIC = [
    "network",
    "cycle",
    "dependencies",
    "activation",
    "loss",
    "epoch-loss",
    "parameters",
    "difference",
    "map",
]
X = np.array([[8.0, 8.0], [7.0, 9.0], [6.0, 10.0], [5.0, 12.0]])
Y = np.array([[4.0], [5.0], [6.0], [7.0]])
PLACED = np.array([[1.0], [1.0], [0.0], [0.0]])


# ---------------------------------------------------------------- runs, trained by scratch


def two_dense(activation: str = "linear") -> list[Layer]:
    return [Dense(2, activation, name="dense"), Dense(1, activation, name="dense_1")]


def a_run(
    layers: Sequence[Layer] = (),
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    x: Any = X,
    y: Any = Y,
    *,
    batch: int = 1,
    epochs: int = 3,
    weights: float | None = 0.1,
) -> Run:
    """Return the document of a run in which both sides are scratch, and so equal in every bit."""
    layers = list(layers) or two_dense()
    loss, optimizer = loss or MeanSquaredError(), optimizer or SGD(learning_rate=0.001)
    rng = np.random.default_rng(0)
    params: dict[str, Any] = {}
    told, shape = [], x.shape[1:]
    for layer in layers:
        config = layer.get_config()
        after = layer(_new(layer, shape, rng, weights, params), np.zeros((1, *shape)))[0].shape[1:]
        told.append(
            {
                "name": layer.name,
                "class": type(layer).__name__,
                "activation": config.get("activation", "linear"),
                "use_bias": config.get("use_bias", False),
                "input_shape": list(shape),
                "output_shape": list(after),
            }
            | ({"units": config["units"]} if "units" in config else {})
        )
        shape = after
    net = training.network(layers, loss, optimizer)
    start = copy.deepcopy(params)
    state = training.State(params, training.new_slots(net, params))
    steps: list[dict[str, Any]] = []
    per_epoch = len(x) // batch
    for number in range(1, epochs * per_epoch + 1):
        row = (number - 1) % per_epoch * batch
        rows = slice(row, row + batch)
        state, record = training.step(net, state, x[rows], y[rows])
        steps.append(
            {
                "number": number,
                "epoch": (number - 1) // per_epoch + 1,
                "batch": (number - 1) % per_epoch + 1,
                "rows": list(range(row, row + batch)),
                "x": x[rows].tolist(),
                "y": y[rows].tolist(),
                "sites": {
                    site: {"candidate": v.tolist(), "reference": v.tolist()}
                    for site, v in record.items()
                },
            }
        )
    run = {
        "id": "run-1",
        "problem": "regression",
        "dtype": "float64",
        "mode": "free",
        "candidate": "scratch",
        "reference": "Keras 3.15.1",
        "inputs": math.prod(x.shape[1:]),
        "layers": told,
        "loss": {"class": type(loss).__name__, **loss.get_config(), "computed_from_logits": False},
        "optimizer": {"class": type(optimizer).__name__, **optimizer.get_config()},
        "steps_per_epoch": per_epoch,
        "epochs": epochs,
        "factor": 4.0,
        "sites": list(steps[0]["sites"]),
        "start": {f"{n}/{t}": v.tolist() for n, ts in start.items() for t, v in ts.items()},
        "steps": steps,
    }
    return judged(run)


def _new(layer: Layer, shape: Any, rng: Any, weights: float | None, params: Any) -> Any:
    found = {}
    if isinstance(layer, Dense):
        size = (shape[-1], layer.units)
        kernel = rng.normal(size=size) if weights is None else np.full(size, weights)
        found = {"kernel": kernel}
        if layer.use_bias:
            found["bias"] = np.zeros(layer.units)
    params[layer.name] = found
    return found


def judged(run: Run) -> Run:
    """Return the run with its series and outcomes made from the values of its steps."""
    sites: dict[str, Any] = {}
    for site in run["sites"]:
        columns: dict[str, list[Any]] = {
            key: [] for key in ("outcome", "difference", "allowed", "budget", "multiple")
        }
        for step in run["steps"]:
            entry = step["sites"][site]
            ours, theirs = (np.array(entry[key], float) for key in ("candidate", "reference"))
            budget = 1e-15 * float(np.abs(theirs).max() or 1)
            difference = float(np.abs(ours - theirs).max())
            multiple = difference / budget
            outcome = "EXACT" if not difference else "CLOSE" if multiple <= 4 else "DIVERGED"
            made = (outcome, difference, 4 * budget, budget, multiple)
            for key, value in zip(columns, made, strict=True):
                columns[key].append(value)
        sites[site] = columns
    losses = {
        key: [float(step["sites"]["loss/value"][key]) for step in run["steps"]]
        for key in ("candidate", "reference")
    }
    n = run["steps_per_epoch"]
    run["series"] = {
        "steps": [step["number"] for step in run["steps"]],
        "loss": losses,
        "sites": sites,
    }
    run["epoch_losses"] = {
        key: [float(np.mean(v[i : i + n])) for i in range(0, len(v), n)]
        for key, v in losses.items()
    }
    return run


def parted(run: Run, site: str, steps: Sequence[int], by: float) -> Run:
    """Return the run with the candidate's values at a site and some steps moved."""
    for step in run["steps"]:
        if step["number"] in steps:
            entry = step["sites"][site]
            entry["candidate"] = (np.array(entry["reference"]) + by).tolist()
    return judged(run)


def chart(run: Run, key: str) -> Chart:
    return next(c for c in charts_of(run) if c.key == key)


# ---------------------------------------------------------------- pictures, taken apart


def parsed(found: Chart) -> ET.Element:
    return ET.fromstring(str(found.svg))  # noqa: S314  our own picture


def having(root: ET.Element, *classes: str) -> list[ET.Element]:
    """Return the elements that have all the classes."""
    return [e for e in root.iter() if set(classes) <= set((e.get("class") or "").split())]


def words_of(root: ET.Element) -> list[str]:
    return ["".join(e.itertext()) for e in root.iter("text")]


def lines(path: ET.Element) -> list[list[Point]]:
    """Return the lines of a path, each through its points, as the grammar of SVG reads it."""
    found: list[list[Point]] = []
    letter, pen = "", (0.0, 0.0)
    tokens = re.findall(r"[a-zA-Z]|-?(?:\d+\.?\d*|\.\d+)", path.get("d") or "")
    assert re.sub(r"[\s,]", "", path.get("d") or "") == "".join(tokens)
    while tokens:
        if tokens[0].isalpha():
            letter = tokens.pop(0)
        if letter == "z":
            found[-1].append(found[-1][0])
            pen = found[-1][0]
            continue
        if letter in "hv":
            far = float(tokens.pop(0))
            pen = (pen[0] + far, pen[1]) if letter == "h" else (pen[0], pen[1] + far)
        else:
            x, y = float(tokens.pop(0)), float(tokens.pop(0))
            pen = (x, y) if letter == "M" else (pen[0] + x, pen[1] + y)
        assert letter in "Mmlhv"
        if letter in "Mm":
            found.append([])
            # Pairs that follow a move are lines.
            letter = "l"
        found[-1].append(pen)
    return found


def points(path: ET.Element) -> list[Point]:
    """Return the points of a path that is one line."""
    (line,) = lines(path)
    return line


def places(root: ET.Element, *classes: str) -> list[Point]:
    """Return the middle of each mark that has the classes: a path has many of one look."""
    found = []
    for path in having(root, "mark", *classes):
        strokes = lines(path)
        each = 2 if "cross" in (path.get("class") or "").split() else 1
        for i in range(0, len(strokes), each):
            xs, ys = zip(*itertools.chain(*strokes[i : i + each]), strict=True)
            found.append(((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2))
    return found


def rising(places: Sequence[float], values: Sequence[float]) -> None:
    """Assert that larger values stand higher, and in proportion (to a coordinate's rounding)."""
    slope, offset = np.polyfit(values, places, 1)
    assert slope < 0  # downward is positive in a picture
    np.testing.assert_allclose(places, slope * np.array(values) + offset, atol=0.11)


# ---------------------------------------------------------------- all charts alike


RUNS: dict[str, Callable[[], Run]] = {
    "regression": a_run,
    "classification": lambda: a_run(two_dense("sigmoid"), BinaryCrossentropy(), y=PLACED),
    "adam": lambda: a_run(two_dense("tanh"), optimizer=Adam(), batch=2, weights=None),
    "momentum, relu": lambda: a_run(
        [Dense(3, "relu", name="dense"), Dense(1, name="dense_1")],
        optimizer=SGD(0.001, momentum=0.9),
        weights=None,
    ),
    "classes": lambda: a_run(
        [Dense(4, "elu", name="dense"), Dense(3, "softmax", name="dense_1")],
        CategoricalCrossentropy(),
        y=np.eye(3)[[0, 1, 2, 1]],
        batch=2,
        weights=None,
    ),
    "one layer": lambda: a_run([Dense(1, name="dense")]),
    "no bias": lambda: a_run([Dense(2, use_bias=False, name="dense"), Dense(1, name="dense_1")]),
    "other layers": lambda: a_run(
        [
            Dense(3, use_bias=False, name="dense"),
            Activation("leaky_relu", name="activation"),
            Flatten(name="flatten"),
            Dense(1, name="dense_1"),
        ],
        x=np.random.default_rng(1).normal(size=(4, 2, 2)),
        batch=2,
        weights=None,
    ),
    "wide": lambda: a_run(
        [Dense(40, "relu", name="dense"), Dense(3, name="dense_1")],
        x=np.random.default_rng(1).normal(size=(8, 30)),
        y=np.random.default_rng(2).normal(size=(8, 3)),
        batch=4,
        weights=None,
    ),
    "deep": lambda: a_run(
        [Dense(3, "tanh", name=f"dense_{i}") for i in range(9)] + [Dense(1, name="last")],
        weights=None,
    ),
    "long": lambda: a_run(epochs=60),
    "one step": lambda: a_run(x=X[:1], y=Y[:1], epochs=1),
}


@pytest.fixture(params=RUNS)
def any_run(request: pytest.FixtureRequest) -> Run:
    return RUNS[request.param]()


def check(charts: Sequence[Chart]) -> None:
    """Assert what holds of every chart of every run."""
    ids: list[str] = []
    for found in charts:
        root = parsed(found)
        left, top, width, height = map(float, root.get("viewBox", "").split())
        assert (left, top, root.get("role"), root.get("width")) == (0, 0, "img", "100%")
        names = {e.get("id"): e.text for e in root if e.tag in {"title", "desc"}}
        assert names[root.get("aria-labelledby")] == found.title
        assert names[root.get("aria-describedby")] == found.summary
        ids += [e.get("id", "") for e in root.iter() if e.get("id")]
        for element in root.iter():
            assert element.tag not in {"style", "script", "foreignObject", "image", "a", "use"}
            keys = set(element.attrib)
            assert not keys & {"style", "fill", "stroke", "href"}
            assert not any(key.startswith("on") for key in keys)
            for key in keys & {
                "x",
                "y",
                "cx",
                "cy",
                "x1",
                "x2",
                "y1",
                "y2",
                "width",
                "height",
                "r",
            }:
                if element is root:
                    continue
                number = float(element.get(key, ""))
                assert -0.5 <= number <= (width if "x" in key else max(width, height)) + 0.5
            if element.tag == "text":
                assert "".join(element.itertext()).strip()
                assert 0 < float(element.get("y", "nan")) <= height
            for x, y in itertools.chain(*lines(element)):
                assert -1 <= x <= width + 1
                assert -1 <= y <= height + 1
        assert not re.search(r"\b(nan|inf|None)\b", " ".join(e.get("d", "") for e in root.iter()))
        assert found.summary.endswith(".")
        assert found.rows
        for row in found.rows:
            assert len(row) == len(found.headers)
            assert all(type(cell) in {str, float} for cell in row)
            assert all(math.isfinite(cell) for cell in row if isinstance(cell, float))
    assert len(ids) == len(set(ids))


def test_every_run_has_all_its_charts(any_run: Run) -> None:
    found = charts_of(any_run)
    assert [c.key for c in found] == CLASSIC
    check(found)


def test_ids_of_two_runs_on_one_page_differ() -> None:
    ids = [
        {e.get("id") for c in charts_of(a_run() | {"id": name}) for e in parsed(c).iter()} - {None}
        for name in ("run-1", "run-2")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_every_class_of_a_shape_has_a_rule(any_run: Run) -> None:
    css = CSS.read_text("utf-8")
    shapes = {"path", "rect", "circle", "line"}
    for found in charts_of(any_run):
        parents = {child: parent for parent in parsed(found).iter() for child in parent}
        for element in parents:
            if element.tag in shapes:
                classes = (element.get("class") or "").split()
                assert any(f".{name}" in css for name in classes), ET.tostring(element)


def test_no_words_cover_others(any_run: Run) -> None:
    for found in charts_of(any_run):
        root = parsed(found)
        anchors = {t: g.get("text-anchor") for g in root.iter("g") for t in g.findall("text")}
        boxes = [box(e, e.get("text-anchor") or anchors.get(e)) for e in root.iter("text")]
        for (a, first), (b, second) in itertools.combinations(boxes, 2):
            apart_ = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
            assert apart_, f"{found.key}: {first!r} and {second!r}"


def box(text: ET.Element, anchor: str | None) -> tuple[tuple[float, float, float, float], str]:
    """Return about the place that a text takes."""
    words = "".join(text.itertext())
    width, x, y = 0.46 * 13 * len(words), float(text.get("x", "")), float(text.get("y", ""))
    left = x - {"middle": width / 2, "end": width}.get(anchor or "", 0.0)
    return (left, y - 9, left + width, y + 1.5), words


HOSTILE = "</text><script>alert(1)</script>\"'&<img onerror=x>\x00\ud800"


def test_names_from_outside_stay_text() -> None:
    # A name that is part of a site has no slash.
    run = a_run([Dense(2, name=HOSTILE.replace("/", "")[:60]), Dense(1, name="dense_1")])
    run |= {"candidate": HOSTILE, "reference": HOSTILE, "problem": HOSTILE}
    run["loss"]["class"] = run["optimizer"]["class"] = HOSTILE
    run["layers"][1]["activation"] = HOSTILE
    found = charts_of(run)
    assert len(found) == len(CLASSIC)
    check(found)
    for picture in (str(c.svg) for c in found):
        picture.encode()
        assert "<script" not in picture
        assert "<img" not in picture
        assert picture.count("<text") == picture.count("</text>")
    assert any("alert(1)" in str(c.svg) for c in found)


def test_drawing_imports_no_keras() -> None:
    code = "import sys, comparisons.pages.charts; print({'keras', 'tensorflow'} & {*sys.modules})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  ours
    assert done.stdout.strip() == "set()"


# ---------------------------------------------------------------- what cannot be drawn


def without_steps(run: Run) -> Run:
    return run | {"steps": [], "series": None, "start": {}}


def without_numbers(value: Any) -> Run:
    """Return a run whose candidate has no finite number from step 3 on."""
    run = a_run()
    for step in run["steps"][2:]:
        for entry in step["sites"].values():
            entry["candidate"] = value
    tail = [value] * (len(run["steps"]) - 2)
    run["series"]["loss"]["candidate"][2:] = tail
    run["epoch_losses"]["candidate"] = [value] * 3
    for columns in run["series"]["sites"].values():
        columns["outcome"][2:] = ["INCOMPARABLE"] * len(tail)
        for key in ("difference", "allowed", "budget", "multiple"):
            columns[key][2:] = tail
    return run


def constant(value: float) -> Run:
    run = a_run()
    for losses in (run["series"]["loss"], run["epoch_losses"]):
        for key in losses:
            losses[key] = [value] * len(losses[key])
    return run


def left_out() -> Run:
    """Return a run in which the kernels were too large for the document."""
    run = a_run()
    run["start"]["dense/kernel"] = None
    for step in run["steps"]:
        for site, entry in step["sites"].items():
            if site.endswith("dense/kernel"):
                told = {"min": 0.0, "max": 1.0, "norm": 1.0}
                entry |= {"candidate": None, "reference": None}
                entry["summary"] = {"shape": [2, 2], "candidate": told, "reference": told}
    return run


def unoffered() -> Run:
    """Return a run whose candidate shows no gradients: those sites are not compared."""
    run = a_run()
    for step in run["steps"]:
        for site, entry in step["sites"].items():
            if site.startswith("backward/"):
                entry |= {"candidate": None, "outcome": None}
    for site in list(run["series"]["sites"]):
        if site.startswith("backward/"):
            del run["series"]["sites"][site]
    run["sites"] = list(run["series"]["sites"])
    return run


def huge() -> Run:
    run = constant(1e308)
    run["series"]["loss"]["candidate"][1] = -1e308
    run["start"]["dense/kernel"] = [[1e308, -1e308], ["inf", "nan"]]
    return run


@pytest.mark.parametrize(
    "run",
    [
        *(without_numbers(value) for value in (None, "nan", "inf", "-inf")),
        *(constant(value) for value in (0.0, -3.0, 1e-300, 1e300, 0.1)),
        left_out(),
        unoffered(),
        huge(),
    ],
)
def test_what_is_missing_or_not_finite_breaks_nothing(run: Run) -> None:
    found = charts_of(run)
    assert [c.key for c in found] == CLASSIC
    check(found)


def test_gaps_have_a_mark_each() -> None:
    run = without_numbers("nan")
    root = parsed(chart(run, "loss"))
    steps = points(having(root, "curve", "reference")[0])
    assert [x for x, _ in places(root, "gap")] == pytest.approx([x for x, _ in steps[2:]], abs=0.1)
    assert len(points(having(root, "curve", "candidate")[0])) == 2
    assert len(points(having(root, "curve", "reference")[0])) == len(run["steps"])
    assert "without a finite number at 10 steps" in chart(run, "loss").summary


def test_a_line_is_interrupted_where_a_number_is_missing() -> None:
    run = a_run()
    run["series"]["loss"]["candidate"][3:5] = ["inf", None]
    run["series"]["loss"]["candidate"][6] = "nan"
    root = parsed(chart(run, "loss"))
    line = lines(having(root, "curve", "candidate")[0])
    whole = points(having(root, "curve", "reference")[0])
    # Steps 1 to 3; step 6 alone, a dot; steps 8 to 12.
    assert [[x for x, _ in piece] for piece in line] == [
        pytest.approx([whole[i][0] for i in at]) for at in ((0, 1, 2), (5, 5), (7, 8, 9, 10, 11))
    ]


def test_a_run_without_steps_has_the_charts_that_are_left() -> None:
    found = charts_of(without_steps(a_run()))
    assert [c.key for c in found] == ["network", "dependencies", "activation", "epoch-loss"]
    check(found)
    assert "no z can be derived" in found[2].summary
    bare = {"id": "run-1", "epoch_losses": {"reference": [2.0, 1.0], "candidate": [2.0, 1.0]}}
    assert [c.key for c in charts_of(bare)] == ["epoch-loss"]
    check(charts_of(bare))
    assert charts_of({"id": "run-1"}) == ()


def test_a_softmax_has_no_curve_and_the_chart_says_why() -> None:
    run = RUNS["classes"]()
    assert "softmax has no curve" in chart(run, "activation").summary
    for layer in run["layers"]:
        layer["activation"] = "softmax"
    assert "activation" not in [c.key for c in charts_of(run)]


# ---------------------------------------------------------------- loss


def test_the_loss_stands_where_its_value_says() -> None:
    run = parted(a_run(), "loss/value", [4, 5], 7.0)
    root = parsed(chart(run, "loss"))
    for side in ("reference", "candidate"):
        drawn = points(having(root, "curve", side)[0])
        values = run["series"]["loss"][side]
        rising([y for _, y in drawn], values)
        rising([-x for x, _ in drawn], run["series"]["steps"])
        np.testing.assert_allclose(places(root, side), drawn, atol=0.11)
    curves = [e.get("class") for e in having(root, "curve")]
    assert curves == ["curve reference", "curve bed", "curve candidate"]
    for row, *values in zip(chart(run, "loss").rows, *run["series"]["loss"].values(), strict=True):
        assert sorted(row[1:]) == pytest.approx(sorted(values), rel=1e-5)
        assert (row[1] == row[2]) == (values[0] == values[1])


def test_equal_losses_are_told_in_one_phrase() -> None:
    summary = chart(a_run(), "loss").summary
    assert summary.startswith(
        "Keras 3.15.1 and scratch (equal at every step): a loss of 13.54 at step 1"
    )


def test_a_long_run_is_told_by_whole_epochs() -> None:
    run = RUNS["long"]()
    found = chart(run, "loss")
    root = parsed(found)
    means = points(having(root, "curve", "reference")[0])
    values = np.array(run["series"]["loss"]["reference"]).reshape(-1, 4)
    axis = having(root, "axis")[0]
    assert "logarithmic" in "".join(axis.itertext())
    rising([y for _, y in means], np.log10(values.mean(axis=1)).tolist())
    band = points(having(root, "range", "reference")[0])
    assert len(band) == 2 * len(means) + 1 == 121
    rising([y for _, y in band[:60]], np.log10(values.max(axis=1)).tolist())
    rising([y for _, y in band[119:59:-1]], np.log10(values.min(axis=1)).tolist())
    assert "of each 4 steps the mean" in found.summary


def test_a_line_does_not_jump_where_the_last_stretch_is_short() -> None:
    run = RUNS["long"]()
    # The batches' own losses differ, their mean over an epoch does not.
    for values in run["series"]["loss"].values():
        values[:] = [(0.25, 0.5, 0.75, 1.0)[i % 4] for i in range(len(values))]
    for column in (run["series"]["steps"], *run["series"]["loss"].values()):
        del column[239:]
    means = points(having(parsed(chart(run, "loss")), "curve", "reference")[0])
    heights = [y for _, y in means]
    # Seven batches come nearer to it than three, which would lie 27 units off.
    assert max(heights) - min(heights) < 15
    assert len(means) == 59


def test_the_loss_of_each_epoch_is_drawn() -> None:
    run = a_run(epochs=5)
    root = parsed(chart(run, "epoch-loss"))
    drawn = points(having(root, "curve", "reference")[0])
    rising([y for _, y in drawn], run["epoch_losses"]["reference"])


# ---------------------------------------------------------------- differences


def site_of(root: ET.Element, name: str) -> ET.Element:
    return next(
        e for e in having(root, "site") if (e.findtext("title") or "").startswith(f"{name}:")
    )


def test_exact_zeros_stand_in_their_own_row() -> None:
    run = a_run()
    root = parsed(chart(run, "difference"))
    panels = having(root, "site")
    assert len(panels) == len(run["sites"])
    for panel in panels:
        marks = places(panel, "outcome-exact")
        assert len(marks) == len(run["steps"])
        rising([-x for x, _ in marks], run["series"]["steps"])
        (row,) = {y for _, y in marks}
        (base,) = having(panel, "base")
        assert row > points(base)[0][1]
        assert not having(panel, "outcome-close")
    assert "exact" in words_of(root)
    assert "11 exactly equal at every step" in chart(run, "difference").summary


def test_what_is_allowed_lies_above_what_passes_and_below_what_does_not() -> None:
    site = "backward/dense_1/kernel"
    run = a_run(weights=None)
    for step in (2, 3):
        run = parted(run, site, [step], 2 * run["series"]["sites"][site]["budget"][step - 1])
    run = parted(run, site, [5, 7, 8], 1e-3)
    assert [run["series"]["sites"][site]["outcome"][i - 1] for i in (2, 5)] == [
        "CLOSE",
        "DIVERGED",
    ]
    panel = site_of(parsed(chart(run, "difference")), site)
    edge = points(having(panel, "allowed-edge")[0])
    xs, ys = (list(v) for v in zip(*edge, strict=True))

    def heights(outcome: str) -> list[tuple[float, float]]:
        return [(y, float(np.interp(x, xs, ys))) for x, y in places(panel, outcome)]

    passing, failing = heights("outcome-close"), heights("outcome-diverged")
    assert (len(passing), len(failing)) == (2, 3)
    assert all(y > allowed for y, allowed in passing)
    assert all(y < allowed for y, allowed in failing)
    told = chart(run, "difference")
    assert f"1 leave what is allowed: {site}" in told.summary
    (row,) = (row for row in told.rows if row[0] == site)
    assert row[3] == 3.0


def test_differences_stand_on_a_logarithmic_axis() -> None:
    run = a_run()
    site = "loss/value"
    for i in range(12):
        run = parted(run, site, [i + 1], 10.0 ** (i - 12))
    panel = site_of(parsed(chart(run, "difference")), site)
    marks = places(panel, "outcome-close") + places(panel, "outcome-diverged")
    differences = run["series"]["sites"][site]["difference"]
    heights = [y for _, y in sorted(marks)]
    rising(heights, np.log10(differences).tolist())


def test_the_edge_of_what_is_allowed_is_on_the_same_axis() -> None:
    run = a_run()
    columns = run["series"]["sites"]["loss/value"]
    columns["outcome"] = ["CLOSE"] * 12
    columns["difference"] = (10.0 ** -np.arange(16, 4, -1)).tolist()
    columns["allowed"] = (10.0 ** -np.random.default_rng(0).uniform(5, 15, 12)).tolist()
    panel = site_of(parsed(chart(run, "difference")), "loss/value")
    xs, ys = (list(v) for v in zip(*points(having(panel, "allowed-edge")[0]), strict=True))
    marks = places(panel, "outcome-close")
    edge = np.interp([x for x, _ in marks], xs, ys)
    # Both what differs and what is allowed, on one axis.
    values = np.log10([*columns["difference"], *columns["allowed"]])
    heights = [*(y for _, y in marks), *edge.tolist()]
    slope, offset = np.polyfit(values[:12], heights[:12], 1)
    np.testing.assert_allclose(heights, slope * values + offset, atol=0.25)


def test_the_worst_of_each_stretch_of_steps_is_kept() -> None:
    run = parted(RUNS["long"](), "loss/value", [103], 1.0)
    found = chart(run, "difference")
    panel = site_of(parsed(found), "loss/value")
    marks = places(panel)
    assert len(marks) == 48
    (bad,) = places(panel, "outcome-diverged")
    # Of 240 steps in stretches of five the 103rd stands in the 21st.
    assert sorted(marks).index(bad) == 20
    assert "of each stretch of steps the worst is drawn" in found.summary


def test_the_worst_step_is_the_one_of_the_largest_multiple() -> None:
    run = a_run()
    columns = run["series"]["sites"]["loss/value"]
    columns["outcome"][1:4] = ["CLOSE"] * 3
    columns["difference"][1:4] = [1e-15, 3e-15, 2e-15]
    columns["multiple"][1:4] = [0.1, 0.3, 0.2]
    found = chart(run, "difference")
    assert "the worst is loss/value at step 3, 3e−15 where" in found.summary
    (row,) = (row for row in found.rows if row[0] == "loss/value")
    assert row[4:] == pytest.approx((3e-15, columns["allowed"][2], 0.3, 3.0), rel=1e-5)


def test_a_difference_of_0_in_other_bits_stands_with_the_exact() -> None:
    run = a_run()
    run["series"]["sites"]["loss/value"]["outcome"][4] = "CLOSE"  # -0.0 and 0.0
    panel = site_of(parsed(chart(run, "difference")), "loss/value")
    ((_, close),) = places(panel, "outcome-close")
    assert close == pytest.approx(places(panel, "outcome-exact")[0][1], abs=0.01)


# ---------------------------------------------------------------- the map


def cells(run: Run) -> dict[tuple[int, int], str]:
    """Return the class of each cell, by row and column; no place has two."""
    root = parsed(chart(run, "map"))
    legend = set(having(root, "legend")[0].iter())
    found = {}
    for path in (path for path in having(root, "cell") if path not in legend):
        for (x, y), (right, end) in lines(path):
            assert y == end
            assert right > x
            assert (round(y, 1), round(x, 1)) not in found
            found[round(y, 1), round(x, 1)] = (path.get("class") or "").split()[1]
    ys, xs = sorted({y for y, _ in found}), sorted({x for _, x in found})
    return {(ys.index(y), xs.index(x)): kind for (y, x), kind in found.items()}


def glyphs(run: Run) -> dict[tuple[int, int], str]:
    """Return the class of the glyph over each cell that has one, by row and column."""
    root = parsed(chart(run, "map"))
    legend = set(having(root, "legend")[0].iter())
    fields = [line for path in having(root, "cell") if path not in legend for line in lines(path)]
    ys = sorted({round(line[0][1], 1) for line in fields})
    spans = sorted({(round(line[0][0], 1), round(line[1][0], 1)) for line in fields})
    found: dict[tuple[int, int], str] = {}
    for path in (path for path in having(root, "glyph") if path not in legend):
        kind = (path.get("class") or "").split()[1]
        for line in lines(path):
            (row,) = {row for row, y in enumerate(ys) for _, b in line if abs(b - y) <= 8}
            columns = [
                i for i, (left, right) in enumerate(spans) if left < line[0][0] < line[1][0] < right
            ]
            (column,) = columns
            assert found.setdefault((row, column), kind) == kind
    return found


def test_a_planted_difference_changes_exactly_its_cells() -> None:
    before = cells(a_run())
    assert set(before) == set(itertools.product(range(11), range(12)))
    assert set(before.values()) == {"level-exact"}
    run = parted(a_run(), "update/dense/bias", [3, 9], 0.5)
    row = run["sites"].index("update/dense/bias")
    after = cells(run)
    changed = {key: kind for key, kind in after.items() if kind != before[key]}
    assert changed == {(row, 2): "level-beyond", (row, 8): "level-beyond"}
    assert glyphs(run) == changed


def test_what_is_wrong_says_so_where_a_pointer_rests() -> None:
    def told(run: Run) -> list[str]:
        return [e.findtext("title") or "" for e in having(parsed(chart(run, "map")), "cell")]

    run = parted(a_run(), "update/dense/bias", [3, 4, 5, 9], 0.5)
    multiples = run["series"]["sites"]["update/dense/bias"]["multiple"]
    most, last = (short(multiple, 3) for multiple in (max(multiples[2:5]), multiples[8]))
    assert [words for words in told(run) if words] == [
        f"update/dense/bias, steps 3 to 5: beyond what is allowed, up to {most} × budget",
        f"update/dense/bias, step 9: beyond what is allowed, {last} × budget",
    ]
    assert not any(told(a_run()))
    missing = told(without_numbers(None))
    assert missing.count("loss/value, steps 3 to 12: not comparable") == 1


def test_pictures_stay_small() -> None:
    exact, wrong = RUNS["long"](), RUNS["long"]()
    for site in wrong["sites"]:
        wrong = parted(wrong, site, range(1, 241, 2), 1.0)
    sizes = [{c.key: len(str(c.svg).encode()) for c in charts_of(run)} for run in (exact, wrong)]
    # 11 sites and 240 steps; the document has them all, which makes many parameters.
    assert [size["map"] < 20_000 for size in sizes] == [True, True]
    assert [size["difference"] < 25_000 for size in sizes] == [True, True]
    assert sum(sizes[0].values()) < 90_000


def test_each_class_of_the_map_has_its_own_look_and_glyph() -> None:
    run = a_run()
    columns = run["series"]["sites"]["forward/dense/output"]
    columns["outcome"][:4] = ["CLOSE", "CLOSE", "DIVERGED", "INCOMPARABLE"]
    columns["multiple"][:4] = [0.5, 3.0, 100.0, None]
    found = cells(run)
    kinds = [found[0, i] for i in range(5)]
    assert kinds == [
        f"level-{kind}" for kind in ("budget", "allowed", "beyond", "incomparable", "exact")
    ]
    assert glyphs(run) == {key: kind for key, kind in found.items() if kind != "level-exact"}
    legend = having(parsed(chart(run, "map")), "legend")[0]
    assert [e.get("class") for e in having(legend, "cell")] == [
        f"cell level-{kind}" for kind in ("exact", "budget", "allowed", "beyond", "incomparable")
    ]
    # Of each glyph what follows its first place.
    shapes = [re.sub(r"^M[^lhv]+", "", e.get("d", "")) for e in having(legend, "glyph")]
    assert len(set(shapes)) == len(shapes) == 4
    assert chart(run, "map").rows[0][1:] == (8.0, 1.0, 1.0, 1.0, 1.0, 3.0)
    assert "1 beyond what is allowed" in chart(run, "map").summary


def test_columns_of_several_steps_show_the_worst() -> None:
    run = parted(RUNS["long"](), "loss/value", [101], 1.0)
    found = cells(run)
    columns = max(column for _, column in found) + 1
    size = math.ceil(240 / columns)
    assert columns <= 38
    (bad,) = (key for key, kind in found.items() if kind != "level-exact")
    assert bad == (run["sites"].index("loss/value"), 100 // size)
    assert f"the worst of up to {size} steps" in chart(run, "map").summary


# ---------------------------------------------------------------- parameters


def test_each_parameter_is_a_line_of_each_side() -> None:
    run = a_run(weights=None)
    root = parsed(chart(run, "parameters"))
    for side in ("reference", "candidate"):
        panels = [lines(e) for e in having(root, "curve", side)][1:]
        assert [len(panel) for panel in panels] == [4, 2, 2, 1]
        drawn = list(itertools.chain(*panels))
        assert all(len(line) == 13 for line in drawn)
        history = [run["start"]["dense/kernel"][0][1]] + [
            step["sites"]["update/dense/kernel"][side][0][1] for step in run["steps"]
        ]
        rising([y for _, y in drawn[1]], history)


def test_a_large_tensor_is_told_by_a_few_lines_and_says_so() -> None:
    found = chart(RUNS["wide"](), "parameters")
    words = {row[0] for row in found.rows if str(row[0]).startswith("dense/kernel")}
    assert words == {f"dense/kernel {w}" for w in ("[0,0]", "[0,1]", "[0,2]", "min", "mean", "max")}
    assert "more than 6 elements the first 3, the smallest, the mean and the largest" in (
        found.summary
    )


# ---------------------------------------------------------------- activation


@pytest.mark.parametrize("mode", ["free", "locked"])
@pytest.mark.parametrize("name", ["regression", "classification", "adam", "other layers"])
def test_derived_preactivations_give_the_recorded_outputs(name: str, mode: str) -> None:
    run = RUNS[name]() | {"mode": mode}
    for side in reading.sides(run):
        for index in (0, 4):
            found = list(reading.preactivations(run, index, side))
            assert found
            for z in found:
                a, _ = ACTIVATIONS[z.activation](z.z)
                recorded = reading.value(run["steps"][index], f"forward/{z.layer}/output", side)
                assert recorded is not None
                np.testing.assert_allclose(a, recorded, rtol=1e-12)


def test_a_locked_step_begins_with_the_references_parameters() -> None:
    run = parted(a_run(), "update/dense/kernel", [1], 1.0)
    reference, candidate = reading.sides(run)

    def kernel(mode: str, side: reading.Side) -> Any:
        values = reading.parameters_before(run | {"mode": mode}, 1, side)["dense/kernel"]
        assert values is not None
        return values[0, 0]

    apart_ = kernel("free", candidate) - kernel("free", reference)
    assert apart_ == pytest.approx(1.0)
    assert kernel("locked", candidate) == kernel("locked", reference)


def gently() -> Run:
    """Return a run of 12 steps in which every parameter moves at each of them."""
    return a_run(two_dense("tanh"), optimizer=SGD(0.1), x=X / 10, y=Y / 10, weights=None)


def with_a_gap(*, known: bool = True, mode: str = "free") -> Run:
    """Return a run of 12 steps without the 4th to the 8th; the 9th says what was before it."""
    run = parted(gently() | {"mode": mode}, "update/dense/kernel", range(2, 13), 0.125)
    late, before = run["steps"][8], run["steps"][7]
    if known:
        late["before"] = {
            side: {
                site.removeprefix("update/"): entry[side]
                for site, entry in before["sites"].items()
                if site.startswith("update/")
            }
            for side in ("candidate", "reference")
        }
    del run["steps"][3:8]
    return run


def test_a_step_behind_a_gap_begins_with_what_was_before_it() -> None:
    whole = gently()
    for mode in ("free", "locked"):
        run = with_a_gap(mode=mode)
        for side in reading.sides(run):
            # The 4th element is step 9, the 5th the step after it.
            whose = "reference" if mode == "locked" else side.key
            for index, number in ((3, 8), (4, 9)):
                found = reading.parameters_before(run, index, side)
                step = whole["steps"][number - 1]["sites"]
                kernel = np.array(step["update/dense/kernel"]["reference"])
                kernel = kernel + (0.125 if whose == "candidate" else 0)
                np.testing.assert_array_equal(found["dense/kernel"], kernel)
    unknown = with_a_gap(known=False)
    for side in reading.sides(unknown):
        assert set(reading.parameters_before(unknown, 3, side).values()) == {None}
        assert not list(reading.preactivations(unknown, 3, side))
    first = with_a_gap()
    first["steps"] = first["steps"][3:]
    side = reading.sides(first)[1]
    kernel_ = reading.parameters_before(first, 0, side)["dense/kernel"]
    assert kernel_ is not None
    assert kernel_.tolist() == first["steps"][0]["before"]["candidate"]["dense/kernel"]


@pytest.mark.parametrize("known", [True, False])
def test_steps_that_are_left_out_are_a_gap_in_each_line(known: bool) -> None:  # noqa: FBT001
    run = with_a_gap(known=known)
    found = chart(run, "parameters")
    check(charts_of(run))
    root = parsed(found)
    whole = points_of_steps(root, run)
    for side in ("reference", "candidate"):
        for panel in having(root, "curve", side)[1:]:
            drawn = lines(panel)
            # The start and steps 1 to 3; then what was before step 9, if it is known, to 12.
            numbers = [(0, 1, 2, 3), (8, 9, 10, 11, 12) if known else (9, 10, 11, 12)]
            expected = [[whole(n) for n in part] for part in numbers]
            xs = [[x for x, _ in line] for line in drawn]
            assert len(xs) % 2 == 0
            for i in range(0, len(xs), 2):
                for got, wanted in zip(xs[i : i + 2], expected, strict=True):
                    assert got == pytest.approx(wanted, abs=0.11)
    assert not places(root, "gap")
    assert "a line is interrupted where steps are left out" in found.summary
    assert ("after step 8" in found.headers) == known
    assert "after step 4" not in found.headers
    heights = [y for _, y in lines(having(root, "curve", "candidate")[1])[1]]
    history = [step["sites"]["update/dense/kernel"]["candidate"][0][0] for step in run["steps"][3:]]
    if known:
        history.insert(0, run["steps"][3]["before"]["candidate"]["dense/kernel"][0][0])
    # Two lines stand on one scale: what one of them rises by says where the other one is.
    rising(heights, history)


def points_of_steps(root: ET.Element, run: Run) -> Callable[[int], float]:
    """Return from a step's number to its place, by the labels of the first panel's ticks."""
    ticks = next(g for g in having(root, "tick") if g.get("text-anchor") == "middle")
    labels = [(int("".join(t.itertext())), float(t.get("x", ""))) for t in ticks]
    (n0, x0), (n1, x1) = labels[0], labels[-1]
    assert n0 == run["steps"][0]["number"] - 1
    return lambda number: x0 + (number - n0) * (x1 - x0) / (n1 - n0)


def test_the_first_step_of_a_document_need_not_be_step_1() -> None:
    run = with_a_gap()
    run["steps"] = run["steps"][3:]
    check(charts_of(run))
    assert "with the numbers of step 9" in chart(run, "cycle").title
    before = run["steps"][0]["before"]["reference"]["dense_1/kernel"]
    slopes = run["steps"][0]["sites"]["backward/dense_1/kernel"]["reference"]
    steepest = max(range(2), key=lambda i: abs(slopes[i][0]))
    rule = having(parsed(chart(run, "cycle")), "station-update")[0]
    assert short(before[steepest][0]) in words_of(rule)[-1]
    assert "in step 9)" in chart(run, "dependencies").summary
    assert "what the loss divides by in step 9" in " ".join(
        words_of(parsed(chart(run, "dependencies")))
    )


def test_the_runs_points_lie_on_the_curve() -> None:
    run = RUNS["classification"]()
    root = parsed(chart(run, "activation"))
    curve, slope = (points(having(root, "curve", kind)[0]) for kind in ("function", "derivative"))
    marks = places(having(root, "activation")[0])
    floor = max(y for _, y in curve)
    upper, lower = [m for m in marks if m[1] <= floor], [m for m in marks if m[1] > floor]
    # Three units at two steps, on the function and on its derivative.
    assert (len(upper), len(lower)) == (6, 6)
    for on, line in ((upper, curve), (lower, slope)):
        for x, y in on:
            xs, ys = (list(v) for v in zip(*line, strict=True))
            assert y == pytest.approx(np.interp(x, xs, ys), abs=0.3)
    # The sigmoid rises all the way; its derivative has its top in the middle and ends equal.
    assert [y for _, y in curve] == sorted((y for _, y in curve), reverse=True)
    top = min(slope, key=lambda point: point[1])
    assert top[0] == pytest.approx((slope[0][0] + slope[-1][0]) / 2, abs=1)
    assert slope[0][1] == pytest.approx(slope[-1][1], abs=0.1)


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if n != "softmax"])
def test_the_derivative_is_the_slope_of_the_function(name: str) -> None:
    run = a_run([Dense(2, name, name="dense"), Dense(1, name, name="dense_1")], weights=None)
    for _, _, _, z, a, slope in chart(run, "activation").rows:
        assert isinstance(z, float)
        f = ACTIVATIONS[name]
        ahead, behind = f(np.array([z + 1e-6]))[0][0], f(np.array([z - 1e-6]))[0][0]
        # A table has six digits of each number.
        assert slope == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-5)
        assert a == pytest.approx((ahead + behind) / 2, rel=1e-5, abs=1e-5)


# ---------------------------------------------------------------- diagrams


def test_the_cycle_shows_what_the_first_step_computed() -> None:
    found = chart(a_run(), "cycle")
    words = words_of(parsed(found))
    for number in ("0.32", "13.542", "−11.776", "0.11178"):
        assert words.count(number) == 2, number
    assert "0.1 − 0.001 · (−11.78)" in words
    assert "x = [8, 8], y = 4" in words
    assert [row[0] for row in found.rows] == ["Forward", "Loss", "Backward", "Update"]
    arrows = [(e.get("class") or "").split()[1] for e in having(parsed(found), "arrow")]
    assert arrows.count("forward") == 3
    assert arrows.count("backward") == 2


def test_the_cycle_says_where_the_sides_differ_and_what_is_not_given() -> None:
    words = words_of(parsed(chart(parted(a_run(), "loss/value", [1], 1.0), "cycle")))
    assert words.count("13.542") == words.count("14.542") == 1
    assert words_of(parsed(chart(unoffered(), "cycle"))).count("not given") == 1


def test_the_cycle_follows_the_weight_of_the_steepest_slope() -> None:
    run = a_run(weights=None)
    slopes = np.array(run["steps"][0]["sites"]["backward/dense_1/kernel"]["reference"])
    index = np.unravel_index(np.abs(slopes).argmax(), slopes.shape)
    rows = {row[0]: row[2] for row in chart(run, "cycle").rows}
    assert rows["Backward"] == pytest.approx(slopes[index], rel=1e-5)
    updated = run["start"]["dense_1/kernel"][index[0]][0] - 0.001 * slopes[index]
    assert rows["Update"] == pytest.approx(updated, rel=1e-5)


def test_the_network_shows_each_weight_by_width_and_sign() -> None:
    run = a_run()
    run["start"]["dense/kernel"] = [[0.4, -0.2], [0.1, 0.0]]
    root = parsed(chart(run, "network"))
    lines = having(root, "weight")
    assert len(having(root, "unit")) == 5
    weights = {}
    for line in lines:
        name, _, value = (line.findtext("title") or "").partition(" = ")
        if value:
            weights[name] = (float(line.get("stroke-width", "nan")), line.get("class"))
    assert len(weights) == 6
    assert weights["dense/kernel[0,0]"] == (6.0, "weight positive")
    assert weights["dense/kernel[0,1]"] == (3.5, "weight negative")
    assert weights["dense/kernel[1,1]"] == (1.0, "weight positive")
    words = words_of(root)
    assert {"x₁", "x₂", "a₁", "a₂", "ŷ", "0.4", "−0.2"} <= set(words)
    assert words.count("b 0") == 3
    assert chart(run, "network").summary.startswith("A 2-2-1 network with 6 weights between −0.2")
    assert "6 weights at 0.1 and 3 biases" in chart(a_run(), "network").summary


def test_what_is_allowed_is_not_drawn_where_it_is_not_known() -> None:
    run = a_run()
    run["series"]["sites"]["loss/value"]["allowed"][4:6] = [None, "nan"]
    panel = site_of(parsed(chart(run, "difference")), "loss/value")
    xs = sorted(x for x, _ in places(panel))
    edges = [points(edge) for edge in having(panel, "allowed-edge")]
    ends = [(edge[0][0], edge[-1][0]) for edge in edges]
    # A little to either side of the steps at which it is known.
    assert ends == [
        pytest.approx((first - 6, last + 6), abs=0.11)
        for first, last in ((xs[0], xs[3]), (xs[6], xs[11]))
    ]


def test_a_wide_layer_is_a_block() -> None:
    root = parsed(chart(RUNS["wide"](), "network"))
    drawn = [e for e in having(root, "weight") if e.find("title") is not None]
    assert not drawn
    assert len(having(root, "every-weight")) == 2
    assert {"30", "40"} <= set(words_of(root))


def test_the_chain_names_each_quantity_and_its_slope() -> None:
    found = chart(RUNS["classification"](), "dependencies")
    assert [row[0] for row in found.rows] == ["x", "z₁", "a₁", "z₂", "ŷ", "L"]
    slopes = [row[3] for row in found.rows]
    assert slopes[2:5] == ["∂a₁/∂z₁ = a₁ (1 − a₁)", "∂z₂/∂a₁ = W₂", "∂ŷ/∂z₂ = ŷ (1 − ŷ)"]
    words = set(words_of(parsed(found)))
    assert {"W₁, b₁", "W₂, b₂", "y", "∂L/∂W₂ = a₁ᵀ · ∂L/∂z₂", "∂L/∂b₁ = Σ ∂L/∂z₁"} <= words
    assert set(slopes[2:]) <= words
    arrows = [(e.get("class") or "").split()[1] for e in having(parsed(found), "arrow")]
    # Five links and three things beside; back along all but that of x and that of y.
    assert arrows.count("forward") - 1 == 8
    assert arrows.count("backward") - 1 == 6


def test_the_chains_local_slopes_multiply_to_the_recorded_gradient() -> None:
    run = RUNS["classification"]()
    step = run["steps"][0]["sites"]
    a1, y_hat = (step[f"forward/{n}/output"]["reference"][0] for n in ("dense", "dense_1"))
    y, n = run["steps"][0]["y"][0][0], 1
    p = y_hat[0]
    rows = {row[0]: str(row[3]) for row in chart(run, "dependencies").rows}
    assert rows["L"] == "∂L/∂ŷ = (ŷ − y) / (ŷ (1 − ŷ)) / n"
    assert rows["ŷ"] == "∂ŷ/∂z₂ = ŷ (1 − ŷ)"
    gradient = a1[0] * (p - y) / (p * (1 - p)) / n * p * (1 - p)
    assert gradient == pytest.approx(step["backward/dense_1/kernel"]["reference"][0][0])


def test_a_deep_chain_and_network_are_folded() -> None:
    run = RUNS["deep"]()
    assert "⋮" in words_of(parsed(chart(run, "dependencies")))
    assert "6 more layers alike" in " ".join(words_of(parsed(chart(run, "dependencies"))))
    assert len(chart(run, "dependencies").rows) == 22
    assert "7 layers in the middle are drawn as one" in chart(run, "network").summary


# ---------------------------------------------------------------- small parts


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.32, "0.32"),
        (-11.776, "−11.78"),
        (1.2e-16, "1.2e−16"),
        (-0.0, "0"),
        (1234567.0, "1.235e6"),
        (math.nan, "nan"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_are_short(value: float, words: str) -> None:
    assert short(value) == words


def test_numbers_of_a_table_are_rounded_but_told_apart() -> None:
    assert cells_of([1 / 3, 1 / 3]) == [0.333333, 0.333333]
    assert cells_of([1 / 3, 1 / 3 + 1e-9]) == [0.333333333, 0.333333334]
    near = [0.1, math.nextafter(0.1, 1)]
    assert cells_of(near) == near
    assert cells_of([math.nan, 1234567.0, math.inf]) == ["nan", 1234570.0, "∞"]


def test_a_path_comes_back_as_the_lines_that_made_it() -> None:
    rng = np.random.default_rng(3)
    drawn = [
        [(0.0, 0.0)],
        [(0.04, -0.04), (0.96, 0.05), (0.96, 12.0), (-3.0, 12.0), (0.1, 0.5)],
        [(1.0, 1.0), (2.5, 3.0), (4.0, 1.0), (1.0, 1.0)],
        [(float(x), float(y)) for x, y in rng.normal(scale=40, size=(500, 2))],
        [(1e9, -1e9), (0.0, 0.0)],
    ]
    path = ET.Element("path", d=trace(drawn))
    read = lines(path)
    assert len(read) == len(drawn)
    # A dot is a line back to where it began.
    assert read[0] == [(0, 0), (0, 0)]
    for got, wanted in zip(read[1:], drawn[1:], strict=True):
        np.testing.assert_allclose(got, np.clip(wanted, -1e5, 1e5), atol=0.0501)
    assert trace(drawn[2:3]) == "M1 1l1.5 2 1.5-2z"
    assert trace([]) == ""


def test_what_is_straightened_is_nowhere_far_from_what_it_was() -> None:
    xs = np.linspace(0, 400, 2000)
    ys = 60 * np.sin(xs / 30) + np.where(xs > 200, 40, 0)
    drawn = list(zip(xs.tolist(), ys.tolist(), strict=True))
    kept = straightened(drawn, 0.2)
    assert len(kept) < 150
    assert set(kept) <= set(drawn)
    steep = np.abs(xs - 200) < 1
    away = np.interp(xs, [x for x, _ in kept], [y for _, y in kept]) - ys
    assert np.abs(away[~steep]).max() < 0.5
    assert straightened([(0, 0), (1, 0), (2, 0), (3, 1)]) == [(0, 0), (2, 0), (3, 1)]
    # There and back again is not a straight line.
    assert straightened([(0, 0), (9, 0), (0, 0)]) == [(0, 0), (9, 0), (0, 0)]
    assert straightened([(0, 0), (9, 0), (5, 0)]) == [(0, 0), (9, 0), (5, 0)]
    assert straightened([(1, 2)]) == [(1, 2)]


def test_names_are_cut_in_the_middle() -> None:
    assert cut("dense_1/kernel", 500, 12) == "dense_1/kernel"
    short_ = cut("a_long_layer_name/kernel", 80, 12)
    assert short_.startswith("a_lon")
    assert short_.endswith("rnel")
    assert len(short_) <= 80 / (0.58 * 12)


@pytest.mark.parametrize(
    "values", [[0.0], [5.0, 5.0], [-1e308, 1e308], [math.nan], [1e-320, 2e-320], [0.1, 0.1 + 1e-17]]
)
def test_a_linear_scale_takes_any_values(values: list[float]) -> None:
    scale = linear(values, 100, 0)
    for value in values:
        if math.isfinite(value):
            assert 0 <= scale(value) <= 100
    ticks = scale.ticks(5)
    assert 1 <= len(ticks) <= 7
    assert len({words for _, words in ticks}) == len(ticks)


def test_ticks_are_round_and_told_apart() -> None:
    assert Linear(0, 42, 0, 1).ticks(6) == [(v, str(v)) for v in (0, 10, 20, 30, 40)]
    words = [w for _, w in Linear(0.693871, 0.693912, 0, 1).ticks(5)]
    assert words == ["0.69388", "0.69389", "0.69390", "0.69391"]
    assert [n for n, _ in whole_ticks(1, 200, 5)] == [1, 50, 100, 150, 200]


def test_a_logarithmic_scale_takes_only_what_it_can_show() -> None:
    scale = logarithmic([0.0, math.inf, 1e-16, 2e-10], 100, 0)
    assert (scale.low, scale.high) == (-16, -9)
    assert scale(1e-16) == 100
    assert [w for _, w in scale.ticks(4)] == ["10⁻¹⁶", "10⁻¹⁴", "10⁻¹²", "10⁻¹⁰"]


def test_labels_move_apart_and_stay_inside() -> None:
    heights = apart([50.0, 51.0, 52.0, 99.0], 10, 0, 100)
    assert all(b - a >= 10 for a, b in itertools.pairwise(heights))
    assert heights[-1] <= 100
    assert apart([95.0, 96.0, 97.0], 10, 0, 100) == [80.0, 90.0, 100.0]


def test_a_side_that_shows_no_loss_has_no_line_and_is_not_said_to_be_nan() -> None:
    run = a_run()
    run["verdict"] = {**run.get("verdict", {}), "not_offered": ["loss/value"]}
    run["epoch_losses"]["candidate"] = ["nan"] * len(run["epoch_losses"]["reference"])
    chart = next(chart for chart in charts_of(run) if chart.key == "epoch-loss")
    assert chart.headers == ("epoch", f"loss of {run['reference']}")
    assert "shows no loss" in chart.summary
    assert "nan" not in chart.summary
