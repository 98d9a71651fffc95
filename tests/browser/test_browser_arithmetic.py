"""The arithmetic that the page writes out, held against NumPy's, and against what was recorded."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from comparisons import problems
from comparisons.problems.catalogue import CLASSES, FEATURES, define
from comparisons.stories import document_of, story
from scratch.layers import Dense, Flatten
from scratch.losses import CategoricalCrossentropy, SparseCategoricalCrossentropy
from scratch.optimizers import SGD

Array = Any
Document = dict[str, Any]
SIDES = ("candidate", "reference")

#: What both scripts begin with: a way to choose something in the player.
CHOOSE = """
  const change = (control, value, event) => {
    control.value = value;
    control.dispatchEvent(new Event(event));
  };
  const slider = root.querySelector("input[type=range]");
  const what = root.querySelector("select[id$=quantity]");
  const where = root.querySelector("select[id$=place]");
"""

#: Choose what is asked for, one after the other, and return every line that then stands there.
READ = f"""(root, asked) => {{ {CHOOSE}
  const lineOf = (line) => ({{
    text: line.textContent,
    shown: line.querySelector(".result data").textContent,
    value: Number(line.querySelector(".result data").value),
    final: line.classList.contains("final"),
    agrees: line.querySelector(".agrees") !== null,
    parts: line.querySelector(".parts")?.textContent ?? null,
  }});
  const blockOf = (block) => ({{
    sentence: block.querySelector(".not-shown")?.textContent ?? null,
    lines: [...block.querySelectorAll(".line")].map(lineOf),
  }});
  return asked.map(({{step, quantity, place}}) => {{
    change(slider, step, "input");
    change(what, [...what.options].find((option) => option.text === quantity).value, "change");
    change(where, place, "change");
    const sides = [...root.querySelectorAll(".side")];
    return sides.map((side) => [...side.querySelectorAll(".block")].map(blockOf));
  }});
}}"""

#: Choose everything there is, at some steps, and return every line that says that it parts.
PARTED = f"""(root) => {{ {CHOOSE}
  const found = [];
  for (const step of new Set([1, 2, Number(slider.max)])) {{
    change(slider, step, "input");
    for (const {{value}} of [...what.options]) {{
      change(what, value, "change");
      for (const place of [...where.options].slice(0, 8)) {{
        change(where, place.value, "change");
        for (const part of root.querySelectorAll(".parts")) {{
          const side = part.closest(".of-candidate") ? "candidate" : "reference";
          const quantity = what.selectedOptions[0].text;
          found.push({{step, quantity, side, text: part.closest(".line").textContent}});
        }}
      }}
    }}
  }}
  return found;
}}"""


def read(root: Any, *asked: tuple[int, str, int]) -> list[dict[str, Any]]:
    """Return, for each of (step, quantity, place), both sides' blocks by side."""
    wanted = [{"step": s, "quantity": q, "place": str(p)} for s, q, p in asked]
    return [dict(zip(SIDES, sides, strict=True)) for sides in root.evaluate(READ, wanted)]


def final(block: dict[str, Any]) -> dict[str, Any]:
    """Return the line of a block that is held against what was recorded."""
    assert block["sentence"] is None, block
    (line,) = [line for line in block["lines"] if line["final"]]
    return line


def assert_shows(line: dict[str, Any], expected: float) -> None:
    """Hold a line's number, and its six digits as they are printed, against NumPy's."""
    assert line["value"] == pytest.approx(expected, rel=1e-11, abs=1e-15), line
    printed = float(line["shown"].replace("−", "-"))
    assert printed == pytest.approx(expected, rel=5.1e-6, abs=1e-15), line


# NumPy's side of it: one step of a network of two Dense layers, from the numbers in a document.

FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "linear": (lambda z: z, np.ones_like),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
}
PATHS = ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
QUANTITIES = dict(
    zip(
        PATHS,
        ("weights of dense", "biases of dense", "weights of dense_1", "biases of dense_1"),
        strict=True,
    )
)


class Computed:
    """What NumPy makes of one side's parts at one step."""

    def __init__(self, run: Document, t: int, side: str) -> None:
        self.run, self.t, self.side = run, t, side
        self.x, self.y = (np.array(run["steps"][t][name], float) for name in "xy")
        self.a1, self.a2 = (self.site(t, f"forward/{name}/output") for name in ("dense", "dense_1"))
        self.f1, self.f2 = (layer["activation"] for layer in run["layers"])

    def site(self, t: int, name: str) -> Array:
        return np.array(self.run["steps"][t]["sites"][name][self.side], float)

    @property
    def number(self) -> int:
        return int(self.run["steps"][self.t]["number"])

    def before(self, path: str) -> Array:
        if self.number == 1:
            return np.array(self.run["start"][path])
        return self.handed_on("update", path)

    def handed_on(self, kind: str, path: str) -> Array:
        """Return what the step before has left behind, which a step behind a gap says itself."""
        steps, side = self.run["steps"], self.side
        if steps[self.t - 1]["number"] < self.number - 1:
            return np.array(steps[self.t]["before"][side][path])
        if self.run["mode"] == "locked":
            side = "reference"
        return np.array(steps[self.t - 1]["sites"][f"{kind}/{path}"][side], float)

    def forward(self) -> tuple[Array, Array]:
        w1, b1, w2, b2 = map(self.before, PATHS)
        return FUNCTIONS[self.f1][0](self.x @ w1 + b1), FUNCTIONS[self.f2][0](self.a1 @ w2 + b2)

    def loss(self) -> float:
        if self.run["loss"]["class"] == "MeanSquaredError":
            return float(np.mean((self.y - self.a2) ** 2))
        return float(-np.mean(self.y * np.log(self.a2) + (1 - self.y) * np.log(1 - self.a2)))

    def deltas(self) -> tuple[Array, Array]:
        error = (self.a2 - self.y) / self.y.size
        if self.run["loss"]["class"] == "MeanSquaredError":
            error = 2 * error * FUNCTIONS[self.f2][1](self.a2)
        return error @ self.before("dense_1/kernel").T * FUNCTIONS[self.f1][1](self.a1), error

    def gradients(self) -> dict[str, Array]:
        d1, d2 = self.deltas()
        grads = (self.x.T @ d1, d1.sum(0), self.a1.T @ d2, d2.sum(0))
        return dict(zip(PATHS, grads, strict=True))

    def slot(self, path: str, name: str) -> Array:
        if self.number == 1:
            return np.zeros_like(self.before(path))
        return self.handed_on("slot", f"{path}/{name}")

    def update(self, path: str) -> Array:
        """Return the new parameter, given the gradient that was recorded."""
        rule, w, g = self.run["optimizer"], self.before(path), self.site(self.t, f"backward/{path}")
        rate = rule["learning_rate"]
        if rule["class"] == "Adam":
            m, v = self.slot(path, "momentum"), self.slot(path, "velocity")
            m, v = m + (g - m) * (1 - 0.9), v + (g**2 - v) * (1 - 0.999)
            c1, c2 = (1 - float(np.float32(beta)) ** self.number for beta in (0.9, 0.999))
            return w - m * (rate * np.sqrt(c2) / c1) / (np.sqrt(v) + 1e-7)
        if not rule["momentum"]:
            return w - rate * g
        mu = float(np.float32(0.9))
        m = mu * self.slot(path, "momentum") - rate * g
        return w + (mu * m - rate * g if rule["nesterov"] else m)


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_weights_biases_units_and_losses_are_those_of_numpy(
    view: Any, documents: Any, activation: str
) -> None:
    page, runs = view(activation), documents(activation)["runs"]
    assert len(runs) == 8
    # Printing builds the players of all runs at once.
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for run in runs:
        root = page.locator(f"#{run['id']}-player")
        for t in (0, 1):
            check_step(root, run, t)


def check_step(root: Any, run: Document, t: int) -> None:
    places = [(path, i) for path in PATHS for i in range(np.size(run["start"][path]))]
    units = [(layer["name"], i) for layer in run["layers"] for i in range(layer["units"])]
    asked = [(t + 1, QUANTITIES[path], i) for path, i in places]
    asked += [(t + 1, f"units of {layer}", i) for layer, i in units]
    answers = iter(read(root, *asked, (t + 1, "the loss", 0)))
    computed = {side: Computed(run, t, side) for side in SIDES}
    for path, i in places:
        answer = next(answers)
        for side in SIDES:
            backward, update = answer[side]
            for line, expected in (
                (final(backward), computed[side].gradients()[path]),
                (final(update), computed[side].update(path)),
            ):
                assert_shows(line, expected.flat[i])
                assert line["agrees"], line
    for layer, i in units:
        answer, which = next(answers), ("dense", "dense_1").index(layer)
        for side in SIDES:
            forward, backward = answer[side]
            assert_shows(final(forward), computed[side].forward()[which][0, i])
            assert final(forward)["agrees"]
            assert_shows(backward["lines"][-1], computed[side].deltas()[which][0, i])
    answer = next(answers)
    for side in SIDES:
        assert_shows(final(answer[side][0]), computed[side].loss())
        assert final(answer[side][0])["agrees"]


def test_the_chain_rule_stands_there_with_this_steps_numbers(player: Any) -> None:
    (answer,) = read(player("regression"), (1, "weights of dense_1", 0))
    for side in SIDES:
        backward, update = answer[side]
        assert final(backward)["text"] == (
            "∂L/∂W2[0,0] = −2 (y − ŷ) · a1[0] = −2 (4 − 0.32) · 1.6 = −11.776 ✓ recorded: −11.776"
        )
        assert final(update)["text"] == (
            "new W2[0,0] = W2[0,0] − η · ∂L/∂W2[0,0] = 0.1 − 0.001 · (−11.776) = 0.111776 "
            "✓ recorded: 0.111776"
        )


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("classification", "float32"),
        ("rmsprop", "float32"),
        ("softmax_sparse", "float64"),
        ("flatten", "float64"),
        ("sigmoid_clipped", "float64"),
        ("softmax_clipped", "float32"),
        ("overflow", "float32"),
    ],
)
def test_nothing_parts_where_keras_and_scratch_are_honest(
    player: Any, name: str, dtype: str
) -> None:
    document = document_of(story(problems.get(name).astype(dtype), modes=("free",)))
    assert player(document).evaluate(PARTED) == []


ONE_HOT = np.eye(3)[CLASSES[:, 0]]


@pytest.mark.parametrize("scale", [0.8, 40.0], ids=["inside the clip", "outside it"])
@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (CategoricalCrossentropy(), ONE_HOT),
        (CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT),
        (SparseCategoricalCrossentropy(), CLASSES),
    ],
    ids=["classes", "smoothed", "sparse"],
)
def test_a_loss_over_classes_of_probabilities_is_written_out(
    player: Any, loss: Any, y: Array, scale: float
) -> None:
    problem = define(
        "classes",
        "Is a loss over classes written out where Keras sees probabilities?",
        [Dense(3, "softmax"), Flatten()],
        loss,
        SGD(0.01),
        (FEATURES, y),
        weights=scale,
        epochs=1,
        batch_size=3,
    )
    document = document_of(story(problem, modes=("free",)))
    root = player(document)
    assert root.evaluate(PARTED) == []
    (answer,) = read(root, (1, "the loss", 0))
    for side in SIDES:
        prediction = np.array(
            document["runs"][0]["steps"][0]["sites"]["forward/flatten/output"][side]
        )
        value, gradient = loss(y[:3], prediction)
        whole, slopes = answer[side]
        assert_shows(final(whole), value)
        assert len(slopes["lines"]) == 3
        for line, expected in zip(slopes["lines"], gradient[0], strict=True):
            assert_shows(line, expected)
        clipped = bool(np.any((prediction[0] < 1e-7) | (prediction[0] > 1 - 1e-7)))
        assert clipped == (scale == 40.0)
        assert clipped == any("clip" in line["text"] for line in slopes["lines"])


@pytest.mark.parametrize(
    ("site", "place", "quantity", "at"),
    [
        ("forward/dense/output", (0, 1), "units of dense", 1),
        ("loss/value", (), "the loss", 0),
        ("backward/dense_1/kernel", (1, 0), "weights of dense_1", 1),
        ("backward/dense/bias", (0,), "biases of dense", 0),
        ("update/dense/kernel", (1, 0), "weights of dense", 2),
    ],
)
@pytest.mark.parametrize("side", SIDES)
def test_a_wrong_number_in_the_document_parts_at_its_place(
    player: Any,
    documents: Any,
    site: str,
    place: tuple[int, ...],
    quantity: str,
    at: int,
    side: str,
) -> None:
    document = documents("regression")
    values = document["runs"][0]["steps"][1]["sites"][site]
    planted = np.array(values[side])
    planted[place] *= 1 + 1e-9
    values[side] = planted.tolist()
    (answer,) = read(player(document), (2, quantity, at))
    wrong = [line for block in answer[side] for line in block["lines"] if line["parts"]]
    assert any("this is where it parts" in line["parts"] for line in wrong)
    other = SIDES[1 - SIDES.index(side)]
    assert not [line for block in answer[other] for line in block["lines"] if line["parts"]]


def test_a_missing_slope_parts_in_the_layer_that_lacks_it_and_nowhere_else(player: Any) -> None:
    parted = player("no slope").evaluate(PARTED)
    assert {(found["quantity"], found["side"]) for found in parted} == {
        ("weights of dense", "candidate"),
        ("biases of dense", "candidate"),
        # Of the last batch, which is one row, δ is recorded as well: it is the bias's gradient.
        ("units of dense", "candidate"),
    }
    assert all("this is where it parts" in found["text"] for found in parted)


def test_a_missing_factor_is_told_where_it_starts_and_as_a_consequence_behind(player: Any) -> None:
    root = player("no factor 2")
    last, first = read(root, (1, "weights of dense_1", 0), (1, "weights of dense", 0))
    assert "this is where it parts" in final(last["candidate"][0])["parts"]
    assert "as the gradients of dense_1 do already" in final(first["candidate"][0])["parts"]
    assert final(last["candidate"][0])["value"] == pytest.approx(
        2 * float(final(last["candidate"][0])["parts"].split()[5].rstrip(":").replace("−", "-")),
        rel=1e-5,
    )


def test_a_learning_rate_off_by_a_trillionth_is_seen(player: Any) -> None:
    (answer,) = read(player("learning rate"), (1, "weights of dense_1", 0))
    backward, update = answer["candidate"]
    assert final(backward)["agrees"]
    assert "this is where it parts" in final(update)["parts"]


def test_in_a_locked_run_both_sides_start_from_the_references_numbers(view: Any) -> None:
    page = view("printed report")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    (answer,) = read(page.locator("#run-2-player"), (2, "units of dense", 0))
    candidate, reference = (final(answer[side][0]) for side in SIDES)
    assert candidate["agrees"]
    assert candidate["value"] == reference["value"]


def test_behind_a_gap_the_arithmetic_has_its_parts(view: Any, documents: Any) -> None:
    page = view("late")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for run in documents("late")["runs"]:
        (t,) = (t for t, step in enumerate(run["steps"]) if "before" in step)
        assert run["steps"][t]["number"] == 499
        check_step(page.locator(f"#{run['id']}-player"), run, t)


def test_a_late_mistake_parts_in_the_step_in_which_it_is_made(view: Any, documents: Any) -> None:
    page = view("late")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for run in documents("late")["runs"]:
        at = [step["number"] for step in run["steps"]].index(500) + 1
        asked = [(step, "weights of dense_1", 0) for step in (at - 1, at)]
        before, there = read(page.locator(f"#{run['id']}-player"), *asked)
        assert final(before["candidate"][0])["agrees"]
        assert final(there["reference"][0])["agrees"]
        line = final(there["candidate"][0])
        assert "this is where it parts" in line["parts"]
        recorded = float(line["parts"].split()[5].rstrip(":").replace("−", "-"))
        assert line["value"] == pytest.approx(2 * recorded, rel=1e-5)
        # What the wrong gradient leads to is right: Adam does what it does with any gradient.
        assert final(there["candidate"][1])["agrees"]


def test_what_a_side_does_not_show_is_computed_and_said_to_be_missing(player: Any) -> None:
    (answer,) = read(player("printed"), (1, "weights of dense", 1))
    backward, update = answer["candidate"]
    assert "not recorded by this side" in final(backward)["text"]
    assert "this is where it parts" in final(update)["parts"]
    assert all(final(block)["agrees"] for block in answer["reference"])


@pytest.mark.parametrize(
    ("change", "quantity", "sentence"),
    [
        (
            lambda run: run["layers"][0].update(activation="gelu"),
            "units of dense",
            "gelu is not shown",
        ),
        (
            lambda run: run["layers"][0].update(activation="gelu"),
            "weights of dense",
            "gelu is not shown",
        ),
        (lambda run: run["loss"].update({"class": "Huber"}), "the loss", "Huber is not shown"),
        (
            lambda run: run["loss"].update({"class": "Huber"}),
            "biases of dense",
            "Huber is not shown",
        ),
        (
            lambda run: run["optimizer"].update({"class": "Lion"}),
            "biases of dense",
            "Lion is not shown",
        ),
        (
            lambda run: run["optimizer"].update(clipnorm=1.0),
            "biases of dense",
            "SGD with clipnorm is not shown",
        ),
        (
            lambda run: run["steps"][0]["sites"]["forward/dense/output"].update(
                candidate=None, reference=None
            ),
            "weights of dense_1",
            "the output of dense is not in this page",
        ),
    ],
)
def test_what_cannot_be_shown_is_a_sentence_and_no_number(
    player: Any, documents: Any, change: Callable[[Document], None], quantity: str, sentence: str
) -> None:
    document = documents("regression")
    change(document["runs"][0])
    (answer,) = read(player(document), (1, quantity, 0))
    for side in SIDES:
        said = [block for block in answer[side] if sentence in (block["sentence"] or "")]
        assert said
        assert all(block["lines"] == [] for block in said)
