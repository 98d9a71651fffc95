"""Trainers that are not ours: whatever they do, they change nobody else's numbers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from comparisons import Outcome, Problem, check, compare, examine, problems
from comparisons.causes import OpenTrainer, faults_for
from comparisons.checking import ground_for, reference_for
from comparisons.problems.catalogue import define
from comparisons.replaying import replay_step
from comparisons.runs import LiveKeras, TrainerError, scratch_trainer
from scratch import Dense
from scratch.losses import MeanSquaredError
from scratch.optimizers import SGD

Record = dict[str, Any]
Change = Callable[[Record, Any, Any, Any], Record]


class Stranger:
    """Scratch, but for what is done with its record after each step."""

    def __init__(self, problem: Problem, change: Change = lambda record, *_: record) -> None:
        self._trainer = scratch_trainer(problem, reference_for(problem).constants)
        self._change = change

    def init(self, *state: Any) -> Any:
        return self._trainer.init(*state)

    def step(self, state: Any, x: Any, y: Any) -> Any:
        state, record = self._trainer.step(state, x, y)
        return state, self._change(dict(record), state, x, y)


class InPlace:
    """Two linear layers, as somebody writes them who has never heard of a copy."""

    def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
        return weights

    def step(self, weights: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = weights.values()
        hidden = x @ w1 + b1
        y -= hidden @ w2 + b2  # the error, where the targets were
        loss = np.mean(y**2)
        down = -2 * y @ w2.T
        w2 += 0.002 * hidden.T @ y
        b2 += 0.002 * y.sum(axis=0)
        w1 -= 0.001 * x.T @ down
        b1 -= 0.001 * down.sum(axis=0)
        x *= 0
        return weights, {"loss/value": loss, **{f"update/{p}": w for p, w in weights.items()}}


REGRESSION = problems.get("regression")


def test_one_who_works_in_place_goes_through_kerass_numbers_in_both_modes() -> None:
    trainer: Any = InPlace()
    trainer.sites = frozenset({"loss/value", *(f"update/{path}" for path in REGRESSION.weights)})
    checked = examine(REGRESSION, trainer)
    assert checked.passed, str(checked)
    assert [verdict.mode for verdict in checked.verdicts] == ["free", "locked"]
    # Nobody's data have changed: another candidate still passes.
    assert examine(REGRESSION, Stranger(REGRESSION)).passed
    assert np.array_equal(REGRESSION.y.ravel(), [4, 5, 6, 7])


def test_the_batches_of_a_reference_cannot_be_written_to() -> None:
    (block,) = reference_for(REGRESSION).blocks()
    for array in (block.x, block.y):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_numbers_and_lists_in_a_record_are_arrays() -> None:
    def plain(record: Record, *_: Any) -> Record:
        return {site: np.asarray(value).tolist() for site, value in record.items()}

    assert examine(REGRESSION, Stranger(REGRESSION, plain)).passed


@pytest.mark.parametrize("site", ["loss/value", "backward/dense/kernel", "update/dense_1/bias"])
def test_an_array_of_another_dtype_or_shape_is_incomparable_from_its_step_on(site: str) -> None:
    for change in (lambda a: a.astype(np.float32), lambda a: np.stack([a, a])):

        def late(record: Record, state: Any, *_: Any, change: Any = change) -> Record:
            if state.iterations >= 3:
                record[site] = change(record[site])
            return record

        for verdict in examine(REGRESSION, Stranger(REGRESSION, late)).verdicts:
            assert verdict.first is not None
            assert (verdict.first.step, verdict.first.site) == (3, site)
            assert verdict.first.outcome is Outcome.INCOMPARABLE
            outcomes = verdict.tables[site].column("outcome").tolist()
            assert outcomes[:2] == [Outcome.EXACT] * 2
            assert outcomes[2:] == [Outcome.INCOMPARABLE] * 18


def test_a_large_array_of_another_dtype_is_seen_at_its_step() -> None:
    problem = wide()

    def late(record: Record, state: Any, *_: Any) -> Record:
        if state.iterations == 2:
            record["update/dense/kernel"] = record["update/dense/kernel"].astype(np.float64)
        return record

    (verdict,) = compare(problem, candidate=Stranger(problem, late), modes=["locked"])
    assert verdict.first is not None
    assert (verdict.first.step, verdict.first.site) == (2, "update/dense/kernel")
    assert "dtype float64" in str(verdict.first.reason)


def without(record: Record, state: Any, *_: Any) -> Record:
    return record if state.iterations != 3 else {"loss/value": record["loss/value"]}


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Stranger(REGRESSION, without).step, "in some of them only"),
        (lambda *_: None, "must return a state and a record, not None"),
        (lambda *_: (0, 3), "must return a record from site to array, not 3"),
    ],
)
def test_what_is_no_record_gets_a_sentence(step: Any, sentence: str) -> None:
    stranger = Stranger(REGRESSION)
    stranger.step = step  # type: ignore[method-assign]
    with pytest.raises(TrainerError, match=sentence) as caught:
        examine(REGRESSION, stranger)
    assert "\n" not in str(caught.value)


def test_a_loss_for_each_sample_is_incomparable() -> None:
    problem = problems.get("short_last_batch")

    def each(record: Record, _state: Any, x: Any, _y: Any) -> Record:
        return record | {"loss/value": np.full(len(x), record["loss/value"])}

    verdicts = examine(problem, Stranger(problem, each)).verdicts
    assert all(v.first is not None and v.first.site == "loss/value" for v in verdicts)


def test_one_who_offers_nothing_that_is_asked_for_does_not_pass() -> None:
    for sites in (frozenset[str](), frozenset({"loss/entropy"})):
        trainer: Any = Stranger(REGRESSION)
        trainer.sites = sites
        checked = examine(REGRESSION, trainer)
        assert not checked.passed
        assert all("nothing was compared" in verdict.sentence for verdict in checked.verdicts)


def test_no_candidate_and_no_mode_are_refused() -> None:
    nobody: Any = None
    with pytest.raises(TypeError, match="there is no candidate"):
        examine(REGRESSION, nobody)
    for modes in ((), ("Locked",), "free"):
        strange: Any = modes
        with pytest.raises(ValueError, match="modes must be some of"):
            examine(REGRESSION, Stranger(REGRESSION), modes=strange)
        with pytest.raises(ValueError, match="modes must be some of"):
            compare(REGRESSION, candidate=Stranger(REGRESSION), modes=strange)


def test_compare_too_runs_freely_who_can_only_do_that() -> None:
    trainer: Any = Stranger(REGRESSION)
    trainer.free_only = True
    reference = reference_for(REGRESSION)
    verdicts = compare(REGRESSION, candidate=trainer, reference=reference)
    assert [verdict.mode for verdict in verdicts] == ["free"]


def test_where_the_two_part_is_told_of_the_locked_run_in_whatever_order_they_ran() -> None:
    late = next(f for f in faults_for(REGRESSION) if f.name == "loss taken after the update")
    trainer = ground_for(REGRESSION).plant([late])
    orders: tuple[Any, ...] = (("free", "locked"), ("locked", "free"))
    for modes in orders:
        parted = examine(REGRESSION, trainer, modes=modes).parted
        assert parted is not None
        assert parted[0].mode == "locked"


def test_a_replay_says_of_a_step_what_the_verdict_says() -> None:
    problem = problems.get("overflow")

    def strange(record: Record, state: Any, *_: Any) -> Record:
        nan = np.asarray(np.nan)
        return record if state.iterations != 6 else record | {"loss/value": nan}

    stranger = Stranger(problem, strange)
    checked = examine(problem, stranger)
    (locked,) = (v for v in checked.verdicts if v.mode == "locked")
    told = {pair.site: pair.outcome for pair in replay_step(ground_for(problem), stranger, 6).pairs}
    assert told["loss/value"] is Outcome.DIVERGED
    assert locked.tables["loss/value"].column("outcome")[5] == Outcome.DIVERGED


# A problem too large to be kept.


def wide() -> Problem:
    rng = np.random.default_rng(0)
    return define(
        "wide",
        "Is a large model explained, too?",
        [Dense(110, "tanh"), Dense(1)],
        MeanSquaredError(),
        SGD(0.01),
        (rng.normal(size=(64, 160)), rng.normal(size=(64, 1))),
        weights=0.1,
        epochs=2,
        batch_size=16,
        dtype="float32",
    )


def test_a_large_problem_is_explained_from_a_second_run_of_keras() -> None:
    problem = wide()
    honest = scratch_trainer(problem, {})
    halved = next(f for f in faults_for(problem) if f.name == "factor 2 missing")
    planted = OpenTrainer(honest.network, halved.pieces)
    for reference in (None, LiveKeras(problem)):
        checked = examine(problem, planted, reference)
        assert [one.names for one in checked.explanations] == [("factor 2 missing",)]
    assert examine(problem, honest).passed


def test_a_large_model_that_ends_in_few_numbers_has_as_many_twins_as_a_small_one() -> None:
    for verdict in compare(wide(), modes=["free"]):
        assert verdict.twins == 8
        assert verdict.passed


# Words.


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda it: check(it, mode="locked"), TypeError, "there is no argument 'mode'"),
        (lambda it: check(forwrd=it, update=it), TypeError, "did you mean forward?"),
        (lambda it: check(it, None), TypeError, "a problem is wanted"),
        (lambda it: examine(3, it), TypeError, "a problem is wanted, by its name or as a Problem"),
        (lambda it: compare(None, candidate=it), TypeError, "a problem is wanted"),
    ],
)
def test_wrong_arguments_get_a_sentence(call: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence.replace("?", r"\?")) as caught:
        call(Stranger(REGRESSION))
    assert "\n" not in str(caught.value)


def test_a_problem_may_be_named() -> None:
    assert examine("regression", Stranger(REGRESSION)).passed
    reference = reference_for(REGRESSION)
    assert all(v.passed for v in compare("regression", reference=reference, sensitive=False))


def test_the_dtype_of_a_problem_of_ones_own_can_be_said_too() -> None:
    checked = check(Stranger, REGRESSION, dtype="float32")
    assert {verdict.dtype for verdict in checked.verdicts} == {"float32"}


def test_what_was_found_prints_as_a_few_lines() -> None:
    def halved(record: Record, *_: Any) -> Record:
        return record | {"loss/value": record["loss/value"] / 2}

    text = str(examine(REGRESSION, Stranger(REGRESSION, halved)))
    assert text.splitlines()[0].startswith("regression, float64, free: DIVERGED first at step 1")
    assert len(text.splitlines()) <= 4


def test_faults_of_the_loop_do_not_count_for_those_whose_batches_are_handed_out() -> None:
    problem = replace(REGRESSION)
    reference = reference_for(problem)
    seen: dict[str, Mapping[str, Any]] = {}
    for who, candidate in (("scratch", None), ("stranger", Stranger(problem))):
        (verdict,) = compare(problem, candidate=candidate, reference=reference, modes=["free"])
        assert verdict.sensitivity is not None
        seen[who] = dict.fromkeys((*verdict.sensitivity.caught, *verdict.sensitivity.blind))
    gone = seen["scratch"].keys() - seen["stranger"].keys()
    assert gone == {f.name for f in faults_for(problem) if f.of_the_loop}
    assert "rows in reverse" in gone
