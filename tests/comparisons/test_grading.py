"""Grading: who is graded, what a mistake costs, what is told of it, and in which files."""

import csv
import io
import json
import re
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from xml.etree import ElementTree as ET

import numpy as np
import planted
import pytest
from classroom import RIGHT

from comparisons import compare, examine, problems
from comparisons.causes import Explanation, Fault, Ground, faults_for, plant
from comparisons.checking import Checked, ground_for
from comparisons.grading import (
    REVEALS,
    Assignment,
    ClassError,
    Found,
    Graded,
    Item,
    Part,
    Scheme,
    Weights,
    find_submissions,
    grade,
    grade_all,
    to_csv,
    to_gradescope,
    to_junit,
    workers,
)
from comparisons.grading.causality import Causality
from comparisons.grading.credit import items_of, mistakes_of
from comparisons.grading.telling import sentence_of, stopped, told_of
from comparisons.runs import Kept, Mode, Record, Trainer, scratch_trainer
from comparisons.runs.trainers import Array, Arrays
from comparisons.sandbox import SandboxError
from comparisons.submissions import CheckedFile
from comparisons.traces import shipped

LEARNERS = RIGHT.parent.with_name("learners")
ASYMMETRIC = "regression_asymmetric"
LAYERS = ("dense", "dense_1")
ALL = {
    *(f"forward/{layer}/output" for layer in LAYERS),
    "loss/value",
    *(f"backward/{layer}/{tensor}" for layer in LAYERS for tensor in ("kernel", "bias")),
    *(f"update/{layer}/{tensor}" for layer in LAYERS for tensor in ("kernel", "bias")),
}


@cache
def ground(name: str = ASYMMETRIC) -> Ground:
    """Return the ground of a problem, with its recording."""
    return ground_for(problems.get(name), shipped(name, "float64"))


class Showing:
    """A trainer that shows some of its sites."""

    def __init__(self, trainer: Trainer, sites: Collection[str]) -> None:
        self.trainer, self.sites = trainer, frozenset(sites)

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> Any:
        return self.trainer.init(weights, slots, iterations)

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        state, record = self.trainer.step(state, x, y)
        return state, {site: array for site, array in record.items() if site in self.sites}


def fault(kind: str, name: str = ASYMMETRIC) -> Fault:
    return next(each for each in faults_for(ground(name).problem) if each.name == kind)


@cache
def checked_with(
    *kinds: str, name: str = ASYMMETRIC, hidden: Collection[str] = (), modes: Sequence[Mode] = ()
) -> Checked:
    """Return what is found of a trainer with known mistakes, which shows all but what is hidden."""
    problem, reference = ground(name).problem, ground(name).reference
    trainer = plant(scratch_trainer(problem, reference.constants), [fault(k, name) for k in kinds])
    shown = Showing(trainer, set(reference.sites) - set(hidden))
    return examine(problem, shown, reference, modes or None)


def states(checked: Checked, name: str = ASYMMETRIC) -> dict[str, set[str]]:
    """Return the sites of each state."""
    found: dict[str, set[str]] = {}
    for item in items_of(checked, ground(name)):
        found.setdefault(item.state, set()).add(item.site)
    return found


def score(checked: Checked, name: str = ASYMMETRIC, scheme: Scheme | None = None) -> float:
    return (scheme or Scheme()).score(graded(items_of(checked, ground(name))))


def graded(items: tuple[Item, ...] = (), name: str = "someone", **of_part: str) -> Graded:
    usual = {"outcome": "differs", "kind": "", "sentence": "It differs.", "told": "It differs."}
    return Graded(name, (Part(ASYMMETRIC, "float64", **usual | of_part, items=items),), 0.5)


# Who is graded.


def make(directory: Path, *names: str) -> Path:
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")
    return directory


def test_files_and_folders_with_one_file_are_submissions(tmp_path: Path) -> None:
    make(tmp_path, "zoe.py", "Adam/net.py", "bea.PY", "carl/a.py", "carl/main.py", "dora.ipynb")
    make(tmp_path, "Adam/data.csv", "Adam/.hidden.py", "Adam/__pycache__/net.py", "emil/x.ipynb")
    make(tmp_path, ".git/x.py", ".zoe.py.swp", "__pycache__/zoe.py", "roster.csv")
    found, others = find_submissions(tmp_path, "main.py")
    assert {f.name: f.path and f.path.relative_to(tmp_path).as_posix() for f in found} == {
        "Adam": "Adam/net.py",
        "bea": "bea.PY",
        "carl": "carl/main.py",
        "dora": "dora.ipynb",
        "emil": "emil/x.ipynb",
        "zoe": "zoe.py",
    }
    assert [each.name for each in found] == ["Adam", "bea", "carl", "dora", "emil", "zoe"]
    assert others == ["roster.csv"]


def test_a_notebook_beside_its_export_is_left_alone(tmp_path: Path) -> None:
    make(tmp_path, "dora.ipynb", "dora.py", "emil/net.py", "emil/net.ipynb")
    found, others = find_submissions(tmp_path)
    assert [str(each.path.name) for each in found if each.path] == ["dora.py", "net.py"]
    assert others == ["dora.ipynb"]


@pytest.mark.parametrize(
    ("names", "file", "words"),
    [
        (["carl/a.py", "carl/b.py"], None, "several files, a.py, b.py: name the one"),
        (["carl/a.py", "carl/b.py"], "main.py", "files, a.py, b.py: none of them is main.py"),
        ([f"carl/{i}.py" for i in range(9)], None, "4.py and 4 more: name"),
        (["carl/notes.txt"], None, "the folder carl has no .py file"),
    ],
)  # fmt: skip
def test_a_folder_that_does_not_say_which_file_is_meant_is_its_own_result(
    tmp_path: Path, names: list[str], file: str | None, words: str
) -> None:
    (found,), _ = find_submissions(make(tmp_path, *names), file)
    assert found.path is None
    assert words in found.wrong
    (part,) = grade(found.name, None, Assignment(("regression",)), wrong=found.wrong).parts
    assert (part.outcome, part.kind, part.sentence) == ("stopped", "missing", found.wrong)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["alice.py", "alice/net.py"], "alice and alice.py"),
        (["alice.py", "Alice.py"], "Alice.py and alice.py"),
        (["ren\u00e9.py", "rene\u0301.py"], "two submissions have the same name"),
    ],
)
def test_two_of_one_name_are_refused_as_a_whole(
    tmp_path: Path, names: list[str], words: str
) -> None:
    with pytest.raises(ClassError, match="two submissions have the same name") as caught:
        find_submissions(make(tmp_path, *names))
    assert words in str(caught.value)
    assert "rename or remove one" in str(caught.value)


def test_a_directory_without_submissions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClassError, match=r"there are no submissions .* put a \.py file in it"):
        find_submissions(make(tmp_path, "roster.csv", ".hidden.py"))
    with pytest.raises(ClassError, match="there is no directory"):
        find_submissions(tmp_path / "none")
    with pytest.raises(ClassError, match="is a file: give the directory"):
        find_submissions(tmp_path / "roster.csv")


# What a mistake costs.


def test_what_a_site_is_computed_from_is_known() -> None:
    sites = ground().reference.sites
    causality = Causality(sites, sites)
    for i, site in enumerate(sites):
        assert set(causality.inputs(site)) <= set(sites[:i]), site
    assert set(causality.inputs("update/dense/bias")) == {"backward/dense/bias"}
    assert "backward/dense_1/bias" in causality.inputs("backward/dense/kernel")
    assert "backward/dense/kernel" not in causality.inputs("backward/dense/bias")
    adam = Kept(shipped("adam", "float64")).sites
    slots = {site for site in adam if site.startswith("slot/dense/bias/")}
    causality = Causality(adam, adam)
    assert len(slots) == 2
    assert set(causality.inputs("update/dense/bias")) == {"backward/dense/bias", *slots}
    assert causality.inputs(min(slots)) == ("backward/dense/bias",)


def test_what_is_not_shown_is_stood_for_by_what_it_goes_into() -> None:
    sites = ground().reference.sites
    shown = {"forward/dense_1/output", *(site for site in sites if site.startswith("update/"))}
    causality = Causality(sites, shown)
    assert causality.stand_in("forward/dense/output") == "forward/dense_1/output"
    assert causality.stand_in("backward/dense/bias") == "update/dense/bias"
    assert causality.stand_in("loss/value") is None
    assert causality.shown_inputs("update/dense/bias") == {
        "forward/dense_1/output",
        "update/dense_1/kernel",
        "update/dense_1/bias",
    }


def test_a_right_one_has_all_points() -> None:
    checked = checked_with()
    assert states(checked) == {"agrees": ALL}
    assert score(checked) == 100


@pytest.mark.parametrize(
    ("kinds", "broken", "points"),
    [
        (["bias left out (dense)"], {"forward/dense/output"}, 90),
        (["kernel gradient transposed (dense)"], {"backward/dense/kernel"}, 90),
        (["factor 2 missing"], {"backward/dense_1/kernel", "backward/dense_1/bias"}, 80),
        (["squared error halved"],
         {"loss/value", "backward/dense_1/kernel", "backward/dense_1/bias"}, 70),
        (["loss taken after the update"], {"loss/value"}, 90),
        (["bias never updated (dense_1)"], {"update/dense_1/bias"}, 92.5),
        (["weights read after their own update (dense_1)"],
         {"backward/dense/kernel", "backward/dense/bias"}, 80),
        (["learning rate ten times too large"], {site for site in ALL if "update" in site}, 70),
        (["gradients never cleared"], {"backward/dense_1/kernel"}, 90),
        (["kernel gradient transposed (dense)", "bias never updated (dense_1)"],
         {"backward/dense/kernel", "update/dense_1/bias"}, 82.5),
        (["bias left out (dense)", "bias never updated (dense_1)"],
         {"forward/dense/output", "update/dense_1/bias"}, 82.5),
    ],
)  # fmt: skip
def test_a_known_mistake_costs_what_it_breaks_by_itself(
    kinds: list[str], broken: set[str], points: float
) -> None:
    checked = checked_with(*kinds)
    assert set(kinds) in [set(explanation.names) for explanation in checked.explanations]
    assert states(checked)["faulty"] == broken
    assert score(checked) == points


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        ("sum over the batch", "gradient not divided by the batch"),
        ("squared error halved", "factor 2 missing"),
        ("squared error halved", "loss taken after the update"),
    ],
)
def test_a_loss_that_is_wrong_in_value_and_gradient_costs_more_than_either(
    larger: str, smaller: str
) -> None:
    name = "short_last_batch"
    last = {"backward/dense_1/kernel", "backward/dense_1/bias"}
    assert states(checked_with(larger, name=name), name)["faulty"] == {"loss/value", *last}
    assert score(checked_with(larger, name=name), name) == 70
    assert score(checked_with(smaller, name=name), name) in {80, 90}


def test_so_does_one_that_is_not_known() -> None:
    problem, reference = ground().problem, ground().reference

    def loss_times(value: float, gradient: float) -> Checked:
        def formula(textbook: Any, y: Array, p: Array) -> tuple[Any, Array]:
            v, g = textbook(y, p)
            return v * value, g * gradient

        odd = replace(fault("factor 2 missing"), kind="odd", pieces={"loss": formula})
        honest = scratch_trainer(problem, reference.constants)
        checked = examine(problem, plant(honest, [odd]), reference)
        assert not checked.explanations
        return checked

    both, of_gradient = score(loss_times(1.3, 1.3)), score(loss_times(1, 1.3))
    assert both == of_gradient - 10
    assert score(loss_times(1.3, 1)) == 90


def no_mistakes(name: str) -> list[str]:
    """Return what the catalogue itself calls no mistake, of the faults of a problem."""
    every = faults_for(problems.get(name))
    return [each.name for each in every if "no mistake of yours" in each.mend]


def test_what_the_catalogue_calls_no_mistake_is_what_costs_nothing() -> None:
    every = [each for name in problems.names() for each in faults_for(problems.get(name))]
    free = {each.kind for each in every if not mistakes_of(Explanation((each,)))}
    assert free == {each.kind for each in every if "no mistake of yours" in each.mend}
    assert len(free) == 2


@pytest.mark.parametrize("name", ["momentum", "adam", "adamw", "logits"])
def test_constants_that_only_keras_rounds_cost_nothing(name: str) -> None:
    checked = checked_with(*no_mistakes(name), name=name)
    assert not checked.passed
    assert "excused" in states(checked, name).keys() <= {"agrees", "excused"}
    assert score(checked, name) == 100


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("adam", "factor 2 missing"),
        ("adam", "bias never updated (dense_1)"),
        ("adam", "Adam without bias correction"),
        ("momentum", "momentum left out"),
        ("logits", "bias left out (dense)"),
    ],
)
def test_beside_such_constants_a_mistake_costs_what_it_costs_alone(name: str, mistake: str) -> None:
    alone = checked_with(mistake, name=name)
    both = checked_with(mistake, *no_mistakes(name), name=name)
    assert score(both, name) == score(alone, name) < 100
    assert states(both, name)["faulty"] == states(alone, name)["faulty"]


def test_only_what_agrees_but_for_the_constants_is_said_to() -> None:
    both = checked_with("bias never updated (dense_1)", *no_mistakes("adam"), name="adam")
    others = {"update/dense/kernel", "update/dense/bias", "update/dense_1/kernel"}
    assert states(both, "adam")["excused"] == others
    both = checked_with("factor 2 missing", *no_mistakes("adam"), name="adam")
    assert "excused" not in states(both, "adam")
    assert {f"update/{layer}/kernel" for layer in LAYERS} < states(both, "adam")["follows"]


@pytest.mark.parametrize(
    ("problem", "file"), [("adam", "adam_class.py"), ("momentum", "momentum_class.py")]
)
def test_a_textbooks_optimizer_has_all_points_and_no_mistake(
    problem: str, file: str, tmp_path: Path
) -> None:
    text = (LEARNERS / file).read_text("utf-8")
    copy = tmp_path / "net.py"
    copy.write_text(re.sub(r"float\(np\.float32\(([\d.]+)\)\)", r"\1", text), "utf-8")
    for reveal in REVEALS:
        found = grade("someone", copy, Assignment((problem,), reveal=reveal))
        assert found.worst.outcome == "no mistake"
        assert Scheme().score(found) == 100
        assert "agrees but for constants that Keras rounds" in found.worst.sentence
        assert "agrees but for constants that Keras rounds" in found.worst.told
        assert json.loads(to_gradescope(found, Scheme(), reveal))["score"] == 100


def test_a_mistake_beside_such_constants_is_named_apart_from_them(tmp_path: Path) -> None:
    text = (LEARNERS / "adam_class.py").read_text("utf-8").replace("2 * (out - y)", "(out - y)")
    copy = tmp_path / "net.py"
    copy.write_text(re.sub(r"float\(np\.float32\(([\d.]+)\)\)", r"\1", text), "utf-8")
    found = grade("someone", copy, Assignment(("adam",)))
    assert found.worst.outcome == "differs"
    assert "factor 2 missing (beside it constants not rounded" in found.worst.sentence
    assert found.worst.told.count("This costs nothing.") == 1


def test_every_known_mistake_that_shows_costs_something_and_none_costs_everything() -> None:
    shown = 0
    for each in faults_for(ground().problem):
        checked = checked_with(each.name)
        shown += not checked.passed
        assert (score(checked) == 100) == checked.passed, each.name
        assert score(checked) > 0, each.name
    assert shown > 30


def test_without_gradients_the_updates_stand_for_them() -> None:
    hidden = frozenset(site for site in ALL if site.startswith("backward/"))
    checked = checked_with("factor 2 missing", hidden=hidden)
    found = states(checked)
    assert found["not shown"] == hidden
    assert found["faulty"] == {"update/dense_1/kernel", "update/dense_1/bias"}
    assert found["follows"] == {"update/dense/kernel", "update/dense/bias"}
    # 20, 10 and 30 share the points of the gradients; half of the update is lost.
    assert score(checked) == 75


def strange(index: int) -> Checked:
    """Return what is found of a mistake that is not known: a layer's gradients times 0.7."""
    problem, reference = ground().problem, ground().reference
    wrong = planted.in_gradients(index, lambda g: {name: 0.7 * dw for name, dw in g.items()})
    return examine(problem, wrong(scratch_trainer(problem, reference.constants)), reference)


def test_of_an_unknown_mistake_what_follows_counts_half() -> None:
    checked = strange(0)
    assert not checked.explanations
    items = {item.site: item for item in items_of(checked, ground())}
    assert states(checked)["faulty"] == {"backward/dense/kernel", "backward/dense/bias"}
    assert states(checked)["follows"] == {"update/dense/kernel", "update/dense/bias"}
    assert items["update/dense/bias"].credit == 0.5
    assert score(checked) == 100 - 20 - 7.5


def test_where_nothing_agrees_and_no_mistake_is_known_nothing_counts() -> None:
    problem, reference = ground().problem, ground().reference
    nonsense = planted.in_layer(0, lambda layer, params, x: layer(params, 3 * x + 1))
    checked = examine(problem, nonsense(scratch_trainer(problem, reference.constants)), reference)
    assert not checked.explanations
    assert states(checked).keys() == {"faulty", "follows"}
    assert score(checked) == 0


def test_a_free_run_alone_is_judged_where_it_first_differs() -> None:
    checked = replace(checked_with("factor 2 missing", modes=("free",)), explanations=())
    found = states(checked)
    assert found["faulty"] == {"backward/dense_1/kernel", "backward/dense_1/bias"}
    assert found["follows"] == ALL - found["faulty"]  # later steps begin elsewhere
    assert score(checked) == 10 + 5 + 10 + 15


def test_what_goes_wrong_from_step_to_step_only_leaves_the_steps_their_credit() -> None:
    checked = replace(checked_with("gradients never cleared"), explanations=())
    assert checked.verdicts[1].passed
    found = states(checked)
    assert found["faulty"] == {
        f"backward/{layer}/{tensor}" for layer in ("dense_1",) for tensor in ("kernel", "bias")
    }
    assert found["agrees"] == ALL - found["faulty"]


def test_of_several_explanations_the_one_that_costs_least_is_believed() -> None:
    checked = checked_with("kernel gradient transposed (dense)")
    dear = checked_with("learning rate ten times too large").explanations
    assert score(replace(checked, explanations=(*dear, *checked.explanations))) == 90


# Points.


def test_points_are_in_halves_and_less_than_everything_is_never_all() -> None:
    def of(*credits_: float, points: int = 100) -> float:
        items = tuple(Item(f"update/dense_{i}/bias", "agrees", c) for i, c in enumerate(credits_))
        return Scheme(points).score(graded(items))

    assert of(1, 1, 0) == 66.5
    assert of(1, 0.5, 0) == 50
    assert of(*[1] * 999, 0) == 99.5
    assert of(*[1] * 7, points=33) == 33
    assert of(1, 0, points=1) == 0.5
    assert of(0, 0) == 0
    assert Scheme().score(graded()) == 0


def test_a_phase_that_is_not_shown_leaves_its_points_to_the_others() -> None:
    items = (
        Item("forward/dense/output", "not shown", 0),
        Item("loss/value", "faulty", 0),
        Item("update/dense/kernel", "agrees", 1),
    )
    assert Scheme().by_phase(graded(items)) == {
        "forward": None,
        "loss": (0, 25),
        "gradients": None,
        "update": (75, 75),
    }


def test_several_problems_share_the_points() -> None:
    one = graded((Item("loss/value", "agrees", 1),)).parts[0]
    other = Part("adam", "float64", "stopped", "timeout", "It hangs.", "It hangs.")
    assert Scheme().score(Graded("someone", (one, other), 1)) == 50


def test_weights_are_read_and_what_is_none_is_refused() -> None:
    assert Weights.read("forward=1, update=2.5") == Weights(1, 0, 0, 2.5)
    for text, words in {
        "forwards=1": "received the phase 'forwards'",
        "": "received the phase ''",
        "loss=1,loss=2": "twice the phase 'loss'",
        "loss=much": "expected a number after loss=, received 'much'",
        "loss=-1": "must be at least 0",
        "loss=nan": "must be at least 0",
        "loss=inf": "must be at least 0",
        "loss=0": "all weights are 0",
    }.items():
        with pytest.raises(ValueError, match=re.escape(words)):
            Weights.read(text)


def test_only_shown_phases_without_weight_share_alike() -> None:
    items = (Item("loss/value", "agrees", 1), Item("update/dense/bias", "faulty", 0))
    assert Scheme(100, Weights(1, 0, 0, 0)).score(graded(items)) == 50


def test_a_phase_without_weight_costs_nothing_and_is_told_all_the_same() -> None:
    loss_only = Scheme(weights=Weights.read("loss=10"))
    found = graded(items_of(checked_with("factor 2 missing"), ground()))
    assert loss_only.score(found) == 100
    assert loss_only.by_phase(found)["gradients"] is None
    tests = json.loads(to_gradescope(found, loss_only, "hint"))["tests"]
    failed = {test["name"].rpartition(" ")[2] for test in tests if test["status"] == "failed"}
    assert failed == {"backward/dense_1/kernel", "backward/dense_1/bias"}
    root = ET.fromstring(to_junit([found], loss_only, "hint"))  # noqa: S314  our own
    assert {case.get("name") for case in root.iter("testcase") if case.find("failure")} <= failed
    assert len(root.findall(".//failure")) == 2
    tests = json.loads(to_gradescope(found, loss_only, "none"))["tests"]
    assert [(test["name"], test["status"]) for test in tests] == [("loss", "passed")]
    (row,) = csv.DictReader(io.StringIO(to_csv([found], loss_only)))
    assert [row[phase] for phase in ("loss", "gradients")] == ["100.00", ""]


# What is told.


def told(checked: Checked, reveal: Any) -> str:
    found = CheckedFile(replace(checked, binding=("forward: f(X)",)), "I print 15.186609", False)  # noqa: FBT003
    return f"{sentence_of(checked, reveal)}\n{told_of(found, 'someone.py', reveal)}"


def telling_numbers(text: str) -> list[str]:
    """Return the numbers of a text with three digits or more, or with a point or an exponent."""
    text = text.partition("Compared with")[0]  # versions
    return [
        n for n in re.findall(r"\d[\d.,]*(?:e[-+]?\d+)?", text) if len(re.sub(r"\D", "", n)) > 2
    ]


def numbers_of_keras(name: str) -> Array:
    """Return every number of a recording."""
    blocks = ground(name).reference.blocks()
    return np.concatenate([np.ravel(v) for block in blocks for v in block.values.values()])


def differing(name: str) -> Iterator[Checked]:
    """Yield what is found of every known mistake that a problem shows, told and untold."""
    problem, reference = ground(name).problem, ground(name).reference
    honest = scratch_trainer(problem, reference.constants)
    for each in faults_for(problem):
        planted_one = plant(honest, [each])
        verdicts = compare(problem, candidate=planted_one, reference=reference, sensitive=False)
        if not all(verdict.passed for verdict in verdicts):
            yield Checked(tuple(verdicts), (Explanation((each,)),))
            yield Checked(tuple(verdicts))


@pytest.mark.parametrize("name", [ASYMMETRIC, "several_outputs", "softmax_sparse"])
def test_hints_of_all_known_mistakes_have_no_number_of_keras(name: str) -> None:
    keras, count = np.abs(numbers_of_keras(name)), 0
    for count, checked in enumerate(differing(name), 1):  # noqa: B007  counted after the loop
        assert telling_numbers(told(checked, "full"))
        for reveal in ("hint", "none"):
            text = told(checked, reveal)
            for number in telling_numbers(text):
                value, digits = float(number.replace(",", "")), len(re.sub(r"\D", "", number))
                near = np.isclose(keras, value, rtol=10.0 ** (1 - digits), atol=0)
                assert not near.any(), (number, text)
    assert count > 40


def test_the_check_for_numbers_finds_one() -> None:
    checked = checked_with("factor 2 missing")
    found = telling_numbers(told(checked, "full"))
    keras = np.abs(numbers_of_keras(ASYMMETRIC))
    assert any(np.isclose(keras, float(n), rtol=1e-5).any() for n in found if n[0] != "0")


def test_a_hint_has_the_place_and_the_kind_and_no_remedy() -> None:
    checked = checked_with("kernel gradient transposed (dense)")
    mistake = fault("kernel gradient transposed (dense)")
    hint = told(checked, "hint")
    assert "at step 1, backward/dense/kernel" in hint
    assert "forward/dense/output" in hint
    assert mistake.name in hint
    assert mistake.wrong in hint
    assert mistake.mend not in hint
    assert mistake.mend in told(checked, "full")
    assert "keras-parity check someone.py" in told(checked, "full")


def test_what_a_file_printed_is_told_only_where_everything_is() -> None:
    for checked in (checked_with(), checked_with("factor 2 missing")):
        assert {r: "I print" in told(checked, r) for r in REVEALS} == {
            "full": True,
            "hint": False,
            "none": False,
        }


def test_nothing_but_the_difference_is_told_where_nothing_is_revealed() -> None:
    lines = told(checked_with("factor 2 missing"), "none")
    assert "factor" not in lines
    assert "step" not in lines
    assert "backward" not in lines


def test_a_pass_says_what_it_would_have_caught() -> None:
    # Who is handed the rows cannot take others.
    known = [each for each in faults_for(ground().problem) if not each.of_the_loop]
    caught = [each for each in known if not checked_with(each.name).passed]
    assert 0 < len(caught) < len(known)  # every batch has one row, which leaves some unseen
    words = f"would have caught {len(caught)} of {len(known)} known mistakes"
    assert words in told(checked_with(), "hint")


def test_an_error_cannot_carry_numbers_out() -> None:
    words = "x.py, line 12: ValueError: [[0.4512345 -1.5e-3] .5 12345678 0x1.8p3] of shape (2, 2)"
    error = SandboxError("raised", words)
    assert stopped(error, "full") == words
    masked = stopped(error, "hint")
    assert masked == stopped(error, "none")
    assert not re.search(r"45|1\.5|e-|\.5|567|0x|8p", masked)
    assert "line 12: ValueError" in masked
    assert "(2, 2)" in masked
    late = SandboxError("timeout", "x.py: it took more than 2.5 seconds to take a step")
    assert "2.5 seconds" in stopped(late, "hint")


# One submission, and a mistake of ours.


def test_a_mistake_of_ours_is_told_as_one(capfd: pytest.CaptureFixture[str]) -> None:
    check = Mock(side_effect=[ZeroDivisionError("0.123456"), SandboxError("timeout", "It hangs.")])
    found = grade("someone", RIGHT, Assignment(("regression", ASYMMETRIC)), check=check)
    ours, theirs = found.parts
    assert (ours.outcome, ours.kind) == ("internal", "internal")
    assert "a mistake in keras-parity (ZeroDivisionError), not in the submission" in ours.sentence
    assert "0.123456" not in ours.sentence
    assert (theirs.outcome, theirs.kind) == ("stopped", "timeout")
    assert found.worst is ours
    assert "ZeroDivisionError: 0.123456" in capfd.readouterr().err


def test_the_time_of_a_submission_is_for_all_its_problems() -> None:
    def hang(_path: Path, _ground: Ground, **options: Any) -> CheckedFile:
        granted.append(options["limits"].total_seconds)
        time.sleep(0.3)
        raise SandboxError("timeout", "It hangs.")

    granted: list[float] = []
    found = grade("someone", RIGHT, Assignment(("regression",) * 4, seconds=0.5), check=hang)
    assert granted == [0.5, 0.2]
    assert "its time was over before regression was tried" in found.parts[-1].sentence


def test_what_is_graded_survives_json() -> None:
    items = (Item("loss/value", "faulty", 0, 3), Item("update/dense/bias", "agrees", 1))
    for each in (graded(items), graded(name="\udcff"), graded(sentence="é\n\x00")):
        assert Graded.from_plain(json.loads(json.dumps(each.as_plain()))) == each
    asked = Assignment(("a", "b"), ("float32",), 3, "none", {"forward": "my_net"})
    assert Assignment.from_plain(json.loads(json.dumps(asked.as_plain()))) == asked


# Workers that die, lie, or go on for ever.

FAKE = """
import json, os, sys, time
sys.stdin.readline()
for line in sys.stdin:
    name = json.loads(line)["name"]
    if name == "dies":
        os._exit(0)
    if name == "lies":
        print("nonsense", flush=True)
    if name == "halves":
        print('{"name": "halves"}', flush=True)
    if name == "hangs":
        time.sleep(60)
    part = {"problem": "p", "dtype": "d", "outcome": "differs", "kind": "", "sentence": name,
            "told": "", "items": [], "source": ""}
    print(json.dumps({"name": name, "parts": [part], "seconds": 1}), flush=True)
"""


@pytest.mark.parametrize("jobs", [1, 3, 20])
def test_a_worker_that_fails_takes_nobody_with_it(
    jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_OUR_SECONDS", 2)
    names = ["a", "dies", "b", "lies", "c", "hangs", "d", "halves", "e"]
    done, before = list[int](), time.monotonic()
    found = grade_all(
        [Found(name, RIGHT) for name in names],
        Assignment(("regression",), seconds=0.1),
        jobs,
        done.append,
        command=(sys.executable, "-c", FAKE),
    )
    assert [each.name for each in found] == names
    assert sum(done) == len(names)
    assert time.monotonic() - before < 30
    for each in found:
        if len(each.name) == 1:
            assert each.parts[0].sentence == each.name
        else:
            assert each.parts[0].outcome == "internal"
            why = "went on for ever" if each.name == "hangs" else "ended on its own"
            assert f"the process that graded {each.name} {why}" in each.parts[0].sentence


def test_workers_that_cannot_be_started_are_told() -> None:
    with pytest.raises(workers.WorkerError, match="cannot be started"):
        grade_all(
            [Found("a", RIGHT)], Assignment(("regression",)), 1, command=("/no/such/program",)
        )


# Files.

#: What Gradescope publishes for ``results.json``, with the types of its examples:
#: https://gradescope-autograders.readthedocs.io/en/latest/specs/
VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}
NUMBER = (int, float)
TEST_FIELDS: dict[str, Any] = {
    "score": NUMBER,
    "max_score": NUMBER,
    "status": {"passed", "failed"},
    "name": str,
    "name_format": FORMATS,
    "number": str,
    "output": str,
    "output_format": FORMATS,
    "tags": list,
    "visibility": VISIBILITY,
    "extra_data": dict,
}
FIELDS: dict[str, Any] = {
    "score": NUMBER,
    "execution_time": NUMBER,
    "output": str,
    "output_format": FORMATS,
    "test_output_format": FORMATS,
    "test_name_format": FORMATS,
    "visibility": VISIBILITY,
    "stdout_visibility": VISIBILITY,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}


def misfits(document: Any, fields: dict[str, Any] = FIELDS) -> list[str]:
    """Return what in a document is not as Gradescope publishes it."""
    wrong = [f"{name}: unknown" for name in document.keys() - fields.keys()]
    for name, value in document.items():
        wanted = fields.get(name, object)
        fits = value in wanted if isinstance(wanted, set) else isinstance(value, wanted)
        if not fits or isinstance(value, bool):
            wrong.append(f"{name}: {value!r}")
    for test in document.get("tests", []):
        wrong += misfits(test, TEST_FIELDS)
        wrong += [f"tag {tag!r}" for tag in test.get("tags", []) if not isinstance(tag, str)]
    scored = "score" in document or all("score" in test for test in document.get("tests", [{}]))
    return wrong if scored or fields is TEST_FIELDS else [*wrong, "no score"]


def some() -> list[Graded]:
    """Return submissions of all outcomes."""
    return [
        graded(items_of(checked_with("factor 2 missing"), ground()), "carl"),
        graded(items_of(strange(0), ground()), "hypatia"),
        graded(name="isaac", outcome="stopped", kind="timeout", sentence="It hangs."),
        graded(name="ours", outcome="internal", kind="internal", sentence="A mistake of ours."),
    ]


@pytest.mark.parametrize("reveal", REVEALS)
def test_gradescopes_files_have_the_published_fields(reveal: Any) -> None:
    for each in some():
        document = json.loads(to_gradescope(each, Scheme(), reveal))
        assert misfits(document) == []
        assert document["score"] == Scheme().score(each)
        assert document["output_format"] == "text"  # the default would render HTML
        total = sum(test["score"] for test in document["tests"])
        assert total == pytest.approx(document["score"], abs=0.3)
        assert sum(test["max_score"] for test in document["tests"]) == pytest.approx(100, abs=0.1)


def test_what_is_not_as_published_is_noticed() -> None:
    document = json.loads(to_gradescope(some()[0], Scheme(), "hint"))
    for change in (
        {"score": "12"},
        {"score": True},
        {"visibility": "shown"},
        {"grade": 12},
        {"output_format": "markdown"},
        {"tests": [{"status": "ok"}]},
        {"tests": [{"tags": [1]}]},
    ):
        assert misfits(document | change), change
    assert misfits({"output": "", "tests": [{"name": "x"}]}) == ["no score"]


def test_gradescope_is_told_of_phases_only_where_nothing_is_revealed() -> None:
    document = json.loads(to_gradescope(some()[0], Scheme(), "none"))
    assert [(t["name"], t["score"], t["max_score"]) for t in document["tests"]] == [
        ("forward", 20, 20),
        ("loss", 10, 10),
        ("gradients", 20, 40),
        ("update", 30, 30),
    ]
    tests = json.loads(to_gradescope(some()[0], Scheme(), "hint"))["tests"]
    by_name = {test["name"].rpartition(" ")[2]: test for test in tests}
    assert by_name["backward/dense_1/bias"]["output"] == "differs by itself, first at step 1"
    assert "counts in full" in by_name["update/dense/bias"]["output"]
    assert by_name["update/dense/bias"]["status"] == "passed"


@pytest.mark.parametrize("reveal", REVEALS)
def test_junit_has_a_suite_for_each_and_what_fails_is_what_loses_points(reveal: Any) -> None:
    root = ET.fromstring(to_junit(some(), Scheme(), reveal))  # noqa: S314  our own
    suites = {suite.get("name"): suite for suite in root.findall("testsuite")}
    assert list(suites) == ["carl", "hypatia", "isaac", "ours"]
    for suite in suites.values():
        cases = suite.findall("testcase")
        assert int(suite.get("tests", -1)) == len(cases) > 0
        assert int(suite.get("failures", -1)) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors", -1)) == len(suite.findall("testcase/error"))
    failed = {case.get("name") for case in suites["carl"] if case.find("failure") is not None}
    both = {"backward/dense_1/kernel", "backward/dense_1/bias"}
    assert failed == ({"gradients"} if reveal == "none" else both)
    (error,) = suites["isaac"].findall("testcase/error")
    assert (error.get("type"), error.get("message")) == ("timeout", "It hangs.")


def test_xml_takes_whatever_a_submission_says() -> None:
    bad = "<b>&amp;\x00\x1b[31m\ud800\ufffe]]> é 🐍 \x0b"
    document = to_junit(
        [graded(name=bad, outcome="stopped", kind=bad, sentence=bad)], Scheme(), "full"
    )
    root = ET.fromstring(document)  # noqa: S314  our own
    (suite,) = root
    assert suite.get("name") == "<b>&amp;??[31m??]]> é 🐍 ?"
    document.encode("utf-8")


def test_a_spreadsheet_computes_nothing_that_a_submission_says() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", 'a,b\n"c"']
    rows = [graded(name=text, outcome="stopped", kind="import", sentence=text) for text in hostile]
    table = list(csv.DictReader(io.StringIO(to_csv(rows, Scheme()), newline="")))
    for row, text in zip(table, hostile, strict=True):
        line = " ".join(text.split())
        guarded = f"'{line}" if line[0] in "=+-@" else line
        assert (row["name"], row["sentence"]) == (guarded, guarded)
        assert float(row["score"]) == 0
    (row,) = csv.DictReader(io.StringIO(to_csv(some()[:1], Scheme())))
    phases = {name: row[name] for name in ("forward", "loss", "gradients", "update")}
    assert phases == {"forward": "20.00", "loss": "10.00", "gradients": "20.00", "update": "30.00"}


def test_where_the_mistake_is_ours_no_score_is_written() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv(some()[-1:], Scheme())))
    assert row["score"] == ""
    assert row["outcome"] == "internal"
