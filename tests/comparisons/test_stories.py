"""Stories: the numbers on the page are those that were judged, all of them, on both sides."""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from notes import FAULTS, NotesTrainer
from standing_in import ScratchInItsPlace

from comparisons import compare, problems, reports
from comparisons.causes import faults_for, plant
from comparisons.checking import reference_for
from comparisons.problems.catalogue import define
from comparisons.runs import Mode, ScratchTrainer, Trainer, scratch_trainer
from comparisons.stories import (
    SCHEMA,
    Candidate,
    Listener,
    StoryError,
    document_of,
    examined,
    read_fragments,
    runs_from_json,
    story,
    story_of_file,
    write_fragment,
)
from comparisons.traces import shipped
from comparisons.verdicts import Given
from scratch import Dense
from scratch.losses import MeanSquaredError
from scratch.optimizers import SGD

SUBMISSIONS = Path(__file__).parents[1] / "support" / "submissions"


def planted(name: str, dtype: str, fault: str) -> Trainer:
    problem = problems.get(name).astype(dtype)
    trainer = scratch_trainer(problem, reference_for(problem).constants)
    faults = {each.name: each for each in faults_for(problem)}
    return plant(trainer, [faults[fault]])


def reference_steps(name: str, dtype: str) -> list[dict[str, Any]]:
    return [
        {site: values[i] for site, values in block.values.items()}
        for block in shipped(name, dtype).blocks()
        for i in range(len(block))
    ]


@pytest.fixture(scope="module")
def notes() -> list[dict[str, Any]]:
    problem = problems.get("regression")
    trainer = NotesTrainer.with_defects(problem, (1, 2, 3))
    return story(problem, trainer=trainer, candidate=Candidate("notes.py"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["regression", "adam", "softmax_sparse", "flatten"])
def test_every_number_of_the_reference_is_there_bit_for_bit(name: str, dtype: str) -> None:
    problem = problems.get(name).astype(dtype)
    free, locked = story(problem)
    for run in (free, locked):
        assert len(run["steps"]) == problem.steps
        for step, wanted in zip(run["steps"], reference_steps(name, dtype), strict=True):
            assert list(step["sites"]) == list(wanted)
            for site, array in wanted.items():
                told = np.array(step["sites"][site]["reference"], dtype)
                assert told.shape == array.shape
                assert told.tobytes() == array.tobytes()


@pytest.mark.parametrize("mode", ["free", "locked"])
def test_the_numbers_of_the_candidate_are_its_own_in_that_mode(mode: str) -> None:
    problem = problems.get("regression")
    trainer = planted("regression", "float64", "factor 2 missing")
    run = {r["mode"]: r for r in story(problem, trainer=trainer)}[mode]
    state, reference = trainer.init(problem.weights), reference_steps("regression", "float64")
    for number, step in enumerate(run["steps"]):
        x, y = np.array(step["x"]), np.array(step["y"])
        assert np.array_equal(x, problem.x[step["rows"]])
        if mode == "locked" and number:
            before = reference[number - 1]
            weights = {path: before[f"update/{path}"] for path in problem.weights}
            state = trainer.init(weights, {}, number)
        state, record = trainer.step(state, x, y)
        for site, array in record.items():
            assert np.array_equal(np.array(step["sites"][site]["candidate"]), array)


def test_the_verdict_is_that_of_a_comparison_and_so_are_its_series() -> None:
    problem = problems.get("regression").astype("float32")
    trainer = planted("regression", "float32", "factor 2 missing")
    verdicts = compare(problem, candidate=trainer, reference=reference_for(problem), witness=False)
    for run, verdict in zip(story(problem, trainer=trainer), verdicts, strict=True):
        assert run["verdict"]["sentence"] == verdict.sentence
        assert run["verdict"]["outcome"] == verdict.outcome.name == "DIVERGED"
        assert run["epoch_losses"]["candidate"] == list(verdict.epoch_losses.candidate)
        loss = verdict.tables["loss/value"]
        assert run["series"]["loss"]["candidate"] == loss.column("candidate").tolist()
        for site, table in verdict.tables.items():
            told = run["series"]["sites"][site]
            assert told["difference"] == pytest.approx(table.column("difference"), rel=1e-3)
            assert told["budget"] == pytest.approx(table.column("budget"), rel=1e-3)
            for step in run["steps"]:
                at = step["number"] - 1
                assert step["sites"][site]["outcome"] == told["outcome"][at]
                assert step["sites"][site]["multiple"] == told["multiple"][at]


def test_where_numbers_are_out_of_bounds_is_where_they_differ(notes: list[dict[str, Any]]) -> None:
    locked = notes[1]
    assert locked["divergences"][0] == 1
    site = locked["steps"][0]["sites"]["update/dense/kernel"]
    ours, theirs = np.array(site["candidate"]), np.array(site["reference"])
    outside = np.argwhere(np.abs(ours - theirs) > site["allowed"]).tolist()
    assert site["outcome"] == "DIVERGED"
    assert site["beyond"] == outside != []
    assert locked["steps"][0]["sites"]["forward/dense/output"]["beyond"] == []


def test_only_what_is_out_of_bounds_is_listed_and_not_what_rounding_did() -> None:
    problem = problems.get("regression")
    honest = ScratchTrainer(problem.network)

    class OffAtOnePlace:
        sites = None
        init = honest.init

        def step(self, state: Any, x: Any, y: Any) -> Any:
            state, record = honest.step(state, x, y)
            kernel = record["backward/dense/kernel"].copy()
            kernel[0, 1] += 1
            kernel[1, 0] = np.nextafter(kernel[1, 0], np.inf)
            return state, record | {"backward/dense/kernel": kernel}

    run = story(problem, modes=("locked",), trainer=OffAtOnePlace())[0]  # type: ignore[arg-type]
    site = run["steps"][3]["sites"]["backward/dense/kernel"]
    assert site["candidate"][1][0] != site["reference"][1][0]
    assert site["beyond"] == [[0, 1]]


def test_what_a_candidate_does_not_show_is_null_and_not_judged(notes: list[dict[str, Any]]) -> None:
    site = notes[0]["steps"][0]["sites"]["backward/dense/kernel"]
    assert site["candidate"] is None
    assert site["outcome"] is None
    assert np.array(site["reference"]).shape == (2, 2)
    assert "backward/dense/kernel" in notes[0]["verdict"]["not_offered"]


def test_the_tested_causes_are_told_with_how_to_mend_them(notes: list[dict[str, Any]]) -> None:
    (cause,) = notes[1]["causes"]
    assert {fault["name"] for fault in cause} == set(FAULTS.values())
    assert all(fault["wrong"] and fault["mend"] for fault in cause)


def test_a_given_tolerance_tells_its_own_places() -> None:
    problem = problems.get("regression")
    from comparisons.stories.steps import steps_of  # noqa: PLC0415  what is tested

    listener = Listener(planted("regression", "float64", "learning rate ten times too large"))
    reference = reference_for(problem)
    tight, wide = (
        compare(
            problem,
            modes=("locked",),
            candidate=listener,
            reference=reference,
            tolerance=Given(rtol, 0.0),
        )[0]
        for rtol in (1e-9, 0.6)
    )
    heard = listener.heard("locked")
    site = "update/dense/kernel"
    places = [
        steps_of(problem, reference, verdict, heard, 10**6)[0]["sites"][site]["beyond"]
        for verdict in (tight, wide)
    ]
    assert len(places[0]) == 4
    assert places[1] == []


def test_a_listener_keeps_copies_and_tells_the_two_runs_apart() -> None:
    class Careless:
        sites = None

        def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
            return np.array(float(iterations))

        def step(self, state: Any, x: Any, y: Any) -> Any:
            state += 1.0  # the array that was shown before is written into
            return state, {"loss/value": state}

    listener, x = Listener(Careless()), np.zeros((1, 1))
    state = listener.init({})
    for _ in range(3):
        state, _ = listener.step(state, x, x)
    for iterations in range(3):
        listener.step(listener.init({}, {}, 10 * iterations), x, x)

    def losses(mode: Mode) -> dict[int, float]:
        return {n: float(step["loss/value"]) for n, step in listener.heard(mode).items()}

    assert losses("free") == {1: 1, 2: 2, 3: 3}
    # Locked steps 10 and 20 are not the second and third: they are no run, and are not kept.
    assert losses("locked") == {1: 1}


def test_numbers_that_are_not_finite_are_words_and_the_end_is_told() -> None:
    run = story(problems.get("overflow").astype("float32"))[0]
    text = json.dumps(document_of([run]), allow_nan=False)
    assert '"inf"' in text or '"nan"' in text
    assert len(run["steps"]) == run["verdict"]["steps"] < 20
    assert "ends at step 4 of 20" in run["left_out"]


def test_a_wide_layer_is_summed_up_and_said_to_be() -> None:
    draw = np.random.RandomState(3)
    data = draw.normal(size=(4, 64)), draw.normal(size=(4, 2))
    layers = [Dense(32, "tanh"), Dense(2)]
    wide = define(
        "wide", "?", layers, MeanSquaredError(), SGD(0.01), data, weights=0.1, epochs=1
    )  # fmt: skip
    run = story(wide, reference=ScratchInItsPlace(wide))[0]
    site = run["steps"][0]["sites"]["update/dense/kernel"]
    assert site["candidate"] is None
    assert site["reference"] is None
    assert site["summary"]["shape"] == [64, 32]
    assert site["summary"]["candidate"] == site["summary"]["reference"]
    assert run["start"]["dense/kernel"] is None
    assert "dense/kernel" in run["left_out"]
    assert len(run["steps"][0]["sites"]["forward/dense/output"]["candidate"][0]) == 32


def test_all_runs_share_the_room_of_a_page_and_say_what_is_left_out() -> None:
    runs = [*story(problems.get("regression")), *story(problems.get("classification"))]
    document = document_of(runs, most_bytes=250_000)
    assert document["schema"] == SCHEMA
    assert [run["id"] for run in document["runs"]] == ["run-1", "run-2", "run-3", "run-4"]
    counts = [len(run["steps"]) for run in document["runs"]]
    assert counts[:2] == [20, 20]
    assert 0 < counts[2] < 200
    assert abs(counts[2] - counts[3]) <= 1
    sizes = [json.dumps(run["steps"], separators=(",", ":")) for run in document["runs"]]
    assert 230_000 < sum(map(len, sizes)) < 252_000
    assert document["runs"][0]["left_out"] is None
    assert f"Steps {counts[2] + 1} to 200 are not drawn" in document["runs"][2]["left_out"]


def test_a_long_run_is_thinned_and_keeps_its_worst_step() -> None:
    problem = problems.get("classification")
    long = define(
        "long",
        "?",
        [Dense(2, "sigmoid"), Dense(1, "sigmoid")],
        problem.network.loss.__class__(),
        SGD(0.01),
        (problem.x, problem.y),
        weights=list(problem.weights.values()),
        epochs=300,
    )
    honest = ScratchTrainer(long.network)

    class OffOnce:
        sites = None
        init = honest.init

        def step(self, state: Any, x: Any, y: Any) -> Any:
            late = state.iterations == 777
            state, record = honest.step(state, x, y)
            if late:
                record = record | {"loss/value": record["loss/value"] + 1}
            return state, record

    run = story(long, modes=("locked",), trainer=OffOnce(), reference=ScratchInItsPlace(long))[0]  # type: ignore[arg-type]
    assert run["divergences"] == [778]
    for room, most in ((10**9, 300), (20_000, 60), (0, 25)):
        (told,) = document_of([run], most_series_bytes=room)["runs"]
        series = told["series"]
        assert series["steps"][0] == 1
        assert 778 in series["steps"]
        assert 20 <= len(series["steps"]) < most
        assert f"have {len(series['steps'])} of 1,200 steps, the worst among" in told["left_out"]
        columns = [series["loss"]["candidate"]]
        columns += [each for site in series["sites"].values() for each in site.values()]
        assert {len(column) for column in columns} == {len(series["steps"])}
        at = series["steps"].index(778)
        assert series["sites"]["loss/value"]["outcome"][at] == "DIVERGED"


def test_a_file_is_run_apart_and_told_under_its_name() -> None:
    runs = story_of_file(SUBMISSIONS / "right.py", problems.get("regression"))
    assert [run["mode"] for run in runs] == ["free", "locked"]
    assert all(run["verdict"]["passed"] and run["candidate"] == "right.py" for run in runs)
    assert runs[0]["binding"]
    assert len(runs[1]["steps"]) == 20


def test_a_candidate_without_a_locked_run_is_asked_for_none() -> None:
    problem = problems.get("momentum")

    class FreeOnly(ScratchTrainer):
        free_only = True

    trainer = FreeOnly(problem.network)
    assert [run["mode"] for run in story(problem, trainer=trainer)] == ["free"]
    with pytest.raises(StoryError, match="no locked run"):
        story(problem, trainer=trainer, modes=("locked",))


def test_the_json_of_compare_is_told_without_steps(tmp_path: Path) -> None:
    problem = problems.get("regression")
    verdicts = compare(problem, reference=reference_for(problem))
    path = tmp_path / "found.json"
    path.write_text(reports.to_json(verdicts))
    for run, verdict in zip(runs_from_json(path), verdicts, strict=True):
        assert run["verdict"]["sentence"] == verdict.sentence
        assert run["epoch_losses"]["reference"] == list(verdict.epoch_losses.reference)
        assert run["source"] == "a recording of Keras 3.15.1, tensorflow 2.21.0, cpu, float64"
        assert run["steps"] == []
        assert "found.json" in run["left_out"]
        assert "single steps are not in it" in run["left_out"]
        told = story(problem, modes=(run["mode"],))[0]
        assert run.keys() == told.keys()
        assert run["verdict"].keys() == told["verdict"].keys()


def damaged(change: Callable[[dict[str, Any]], object], tmp_path: Path) -> Path:
    problem = problems.get("regression")
    document = json.loads(reports.to_json(compare(problem, reference=reference_for(problem))))
    change(document)
    path = tmp_path / "found.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(schema="keras-parity/compare/2"), "has the schema"),
        (lambda d: d.pop("versions"), "the versions is not"),
        (lambda d: d["versions"].pop("backend"), "the versions is not"),
        (lambda d: d.update(results=7), "the results is not"),
        (lambda d: d["results"].append([]), "the content of result 3"),
        (lambda d: d["results"][0].update(dtype="float16"), "the dtype of result 1"),
        (lambda d: d["results"][1].update(outcome="FINE"), "the outcome of result 2"),
        (lambda d: d["results"][0].update(worst={"site": 3}), "the worst of result 1"),
        (lambda d: d["results"][0]["tolerance"].update(kind=[]), "the tolerance of result 1"),
        (lambda d: d["results"][0].update(epoch_losses={}), "the epoch_losses of result 1"),
        (lambda d: d["results"][0].update(comparisons=True), "the comparisons of result 1"),
    ],
)
def test_a_damaged_file_gets_one_sentence(
    change: Callable[[dict[str, Any]], object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(StoryError, match=sentence):
        runs_from_json(damaged(change, tmp_path))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b"NaN", b"[" * 100_000])
def test_what_is_not_json_gets_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_bytes(content)
    with pytest.raises(StoryError, match="is not JSON"):
        runs_from_json(path)


def test_what_is_found_and_what_is_told_of_it_are_one() -> None:
    problem, candidate = problems.get("regression"), Candidate("mine")
    trainer = planted("regression", "float64", "factor 2 missing")
    checked, runs = examined(problem, trainer, reference_for(problem), candidate)
    assert runs == story(problem, trainer=trainer, candidate=candidate)
    assert [run["verdict"]["sentence"] for run in runs] == [v.sentence for v in checked.verdicts]
    assert not checked.passed


def test_fragments_come_back_by_test(tmp_path: Path) -> None:
    runs = story(problems.get("regression"))
    for test in ("test_b", "test_a"):
        write_fragment(tmp_path, test, runs)
    told = read_fragments(tmp_path)
    assert [run["test"] for run in told] == ["test_a", "test_a", "test_b", "test_b"]
    assert {**told[0], "test": None} == runs[0]
    (tmp_path / "torn.story.json").write_text('{"test": "x"')
    with pytest.raises(StoryError, match=r"torn\.story\.json"):
        read_fragments(tmp_path)


def test_everything_is_json_that_any_parser_reads() -> None:
    for name in problems.names():
        runs = story(problems.get(name).astype("float32"), modes=("locked",))
        text = json.dumps(document_of(runs), allow_nan=False)
        assert math.isfinite(json.loads(text)["runs"][0]["factor"])


class Late:
    """Scratch until a step, and from then on a bias that is off by a little."""

    sites = None

    def __init__(self, trainer: Trainer, step: int) -> None:
        self._trainer, self._step = trainer, step

    def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
        return self._trainer.init(weights, slots, iterations), iterations

    def step(self, state: Any, x: Any, y: Any) -> Any:
        inner, done = state
        inner, record = self._trainer.step(inner, x, y)
        if done + 1 >= self._step:
            record = {**record, "update/dense/bias": record["update/dense/bias"] + 1e-6}
        return (inner, done + 1), record


def test_the_steps_around_a_late_divergence_are_there_and_need_no_others() -> None:
    problem = problems.get("classification")
    trainer = Late(ScratchTrainer(problem.network), 150)
    runs = story(problem, trainer=trainer, candidate=Candidate("late"))
    free = document_of(runs, most_bytes=60_000)["runs"][0]
    assert free["divergences"][0] == 150
    numbers = [step["number"] for step in free["steps"]]
    jump = next(i for i, (a, b) in enumerate(pairwise(numbers), 1) if b - a > 1)
    assert numbers == [*range(1, jump + 1), *range(149, numbers[-1] + 1)]
    assert 151 in numbers
    # Each of the two stretches has about half of the room.
    assert abs(len(numbers) - 2 * jump) <= 2
    assert len(json.dumps(free["steps"], separators=(",", ":"))) < 62_000
    assert f"Steps {jump + 1} to 148" in free["left_out"]
    whole = {step["number"]: step for step in runs[0]["steps"]}
    before = free["steps"][jump]["before"]
    for side in ("candidate", "reference"):
        for path, values in before[side].items():
            assert values == whole[148]["sites"][f"update/{path}"][side]
    assert all("before" not in step for i, step in enumerate(free["steps"]) if i != jump)


def test_in_a_locked_run_both_sides_begin_behind_a_gap_with_the_references_numbers() -> None:
    problem = problems.get("classification")
    (run,) = story(problem, modes=("locked",), trainer=Late(ScratchTrainer(problem.network), 150))
    # Told as if it had parted later, where the sides differ before the gap too.
    (told,) = document_of([run | {"divergences": [180]}], most_bytes=60_000)["runs"]
    (step,) = (step for step in told["steps"] if "before" in step)
    assert step["number"] == 179
    left = {each["number"]: each["sites"] for each in run["steps"]}[178]["update/dense/bias"]
    assert left["candidate"] != left["reference"]
    assert [step["before"][side]["dense/bias"] for side in ("candidate", "reference")] == [
        left["reference"],
        left["reference"],
    ]


def test_where_two_sides_part_early_no_step_between_is_left_out() -> None:
    problem = problems.get("classification")
    (run,) = story(problem, modes=("free",), trainer=Late(ScratchTrainer(problem.network), 5))
    for room in (0, 20_000, 60_000, 10**6):
        (told,) = document_of([run], most_bytes=room)["runs"]
        numbers = [step["number"] for step in told["steps"]]
        assert {4, 5, 6} <= set(numbers)
        assert room == 0 or numbers == list(range(1, len(numbers) + 1))


class Counting:
    """A trainer that shows which step it is, in 100 numbers: with what they take, 1,000 bytes."""

    sites = None

    def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
        return iterations

    def step(self, state: Any, x: Any, y: Any) -> Any:
        return state + 1, {"loss/value": np.full(100, float(state + 1))}


def test_a_listener_keeps_the_first_steps_and_the_latest_and_no_more_than_fit() -> None:
    listener, x = Listener(Counting(), most_bytes=6_000), np.zeros((1, 1))
    for iterations in range(50):
        listener.step(listener.init({}, {}, iterations), x, x)
    for _ in range(2):  # a run that is made again tells nothing new
        state = listener.init({})
        for _ in range(20):
            state, _ = listener.step(state, x, x)
            assert len(listener.heard("free")) <= 6
    lasts: tuple[tuple[Mode, int], ...] = (("free", 20), ("locked", 50))
    for mode, last in lasts:
        kept = listener.heard(mode)
        assert list(kept) == [1, 2, 3, last - 2, last - 1, last]
        for number, step in kept.items():
            loss = step["loss/value"]
            assert isinstance(loss, np.ndarray)
            assert loss[0] == number


@pytest.mark.parametrize(
    ("kept_bytes", "is_there"), [(10**7, True), (400_000, True), (60_000, False)]
)
def test_of_a_run_too_long_to_be_told_the_parting_is_told_where_it_was_kept(
    *, kept_bytes: int, is_there: bool
) -> None:
    from comparisons.stories.steps import steps_of  # noqa: PLC0415  what is tested

    problem = problems.get("classification")
    reference = reference_for(problem)
    listener = Listener(Late(ScratchTrainer(problem.network), 150), most_bytes=kept_bytes)
    (verdict,) = compare(problem, modes=("free",), candidate=listener, reference=reference)
    heard = listener.heard("free")
    assert (150 in heard) == is_there
    steps = steps_of(problem, reference, verdict, heard, 20_000)
    numbers = [step["number"] for step in steps]
    jumps = [(a, b) for a, b in pairwise(numbers) if b - a > 1]
    assert [b for _, b in jumps] == ([149] if is_there else [])
    assert [step["number"] for step in steps if "before" in step] == [b for _, b in jumps]
    assert numbers[0] == 1
