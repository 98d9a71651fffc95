"""What a pass is worth: the known mistakes that it would have caught, and those it would not."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from comparisons import Given, compare, problems
from comparisons.causes import faults_for, findings, plant
from comparisons.cli import DIFFERS, NO_DIFFERENCE, USAGE, cli
from comparisons.problems import DTYPES
from comparisons.runs import Kept, scratch_trainer
from comparisons.shuffling import last_losses
from comparisons.verdicts import Sensitivity

Recorded = Callable[[str, str], Kept]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["regression", "short_last_batch", "momentum"])
def test_a_pass_says_truly_which_mistakes_it_would_have_caught(
    name: str, dtype: str, recorded: Recorded
) -> None:
    problem, reference = problems.get(name).astype(dtype), recorded(name, dtype)
    honest = scratch_trainer(problem, reference.constants)
    faults = {fault.name: fault for fault in faults_for(problem)}
    for verdict in compare(problem, reference=reference):
        sensitivity = verdict.sensitivity
        assert sensitivity is not None
        assert {*sensitivity.caught, *sensitivity.blind} == faults.keys()
        for fault in faults.values():
            planted = plant(honest, [fault])
            (again,) = compare(
                problem, modes=[verdict.mode], reference=reference, candidate=planted,
                witness=False, sensitive=False,
            )  # fmt: skip
            assert again.passed == (fault.name in sensitivity.blind), fault.name


def test_what_needs_the_step_before_is_seen_by_a_free_run_only(recorded: Recorded) -> None:
    free, locked = compare(problems.get("regression"), reference=recorded("regression", "float64"))
    assert free.sensitivity is not None
    assert locked.sensitivity is not None
    assert {"gradients never cleared", "loss shown averaged over the batches so far"} <= {
        *free.sensitivity.caught
    }
    # From equal weights neither sees an error that goes to the wrong one of two equal units; nor a
    # relu, where all is positive; nor, on batches of one row, a sum in place of a mean.
    assert free.sensitivity.blind == (
        "another activation: relu (dense)",
        "error passed to the wrong units (dense_1)",
        "sum over the batch",
    )
    remembering = {"loss shown averaged over the batches so far", "gradients never cleared"}
    assert {*locked.sensitivity.blind} == {*free.sensitivity.blind} | remembering


def test_a_wide_tolerance_is_told_to_be_blind(recorded: Recorded) -> None:
    problem, reference = problems.get("regression"), recorded("regression", "float64")
    narrow, wide = (
        compare(problem, modes=["free"], reference=reference, tolerance=tolerance)[0].sensitivity
        for tolerance in (Given(1e-9, 1e-12), Given(0.5, 100.0))
    )
    assert narrow is not None
    assert wide is not None
    assert "learning rate ten times too small" in narrow.caught
    assert "learning rate ten times too small" in wide.blind
    assert len(wide.caught) < len(narrow.caught)


def test_a_difference_has_no_sensitivity(recorded: Recorded) -> None:
    problem, reference = problems.get("regression"), recorded("regression", "float64")
    faults = {fault.name: fault for fault in faults_for(problem)}
    wrong = plant(scratch_trainer(problem, reference.constants), [faults["sign flipped"]])
    for verdict in compare(problem, reference=reference, candidate=wrong):
        assert verdict.sensitivity is None


def test_the_sentence_names_a_few_and_counts_the_others() -> None:
    assert Sensitivity(("a", "b"), ()).sentence() == "would have caught 2 of 2 known mistakes"
    assert Sensitivity(("a",), ("b", "c", "d")).sentence(2) == (
        "would have caught 1 of 4 known mistakes; blind to: b; c; and 1 more"
    )


def test_findings_are_counted_one_by_one(recorded: Recorded) -> None:
    done: list[int] = []
    found = findings(problems.get("flatten"), recorded("flatten", "float64"), done.append)
    assert sum(done) == len(found) == len(faults_for(problems.get("flatten")))


def test_a_selftest_prints_counts_and_names_what_is_not_seen() -> None:
    arguments = ["selftest", "classification", "--dtype", "float64"]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.return_value == NO_DIFFERENCE
    assert "cannot see: probabilities in place of logits" in done.output
    assert max(map(len, done.output.splitlines())) <= 80
    quiet = CliRunner().invoke(cli, [*arguments, "--quiet"], standalone_mode=False)
    assert quiet.output.splitlines() == done.output.splitlines()[-1:]


def test_a_selftest_fails_where_a_mistake_is_no_longer_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import comparisons.cli.selftest as module  # noqa: PLC0415  to take a piece out of it

    real = module.findings

    def blinded(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        kind = "bias never updated"
        return [f.__class__(f.fault, None, explained=False) if f.fault.kind == kind else f
                for f in found]  # fmt: skip

    monkeypatch.setattr(module, "findings", blinded)
    file = tmp_path / "found.json"
    arguments = ["selftest", "regression", "--dtype", "float64", "--json", str(file)]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.return_value == DIFFERS
    assert "not found and explained where it should be: bias never updated" in done.output
    document = json.loads(file.read_text())
    assert document["schema"] == "keras-parity/selftest/1"
    missed = {entry["fault"] for entry in document["results"] if not entry["found"]}
    assert missed == {
        "bias never updated (dense)",
        "bias never updated (dense_1)",
        "another activation: relu (dense)",
        "error passed to the wrong units (dense_1)",
        "sum over the batch",
    }


def test_the_loss_of_the_notes_keras_lies_within_the_spread_over_orders() -> None:
    in_order, losses = last_losses(problems.get("regression"), 200, np.random.default_rng(0))
    assert in_order == pytest.approx(1.223804496951285, rel=1e-14)
    assert losses.min() < 1.47 < losses.max()
    assert losses.std() > 0.05


def test_spread_prints_the_order_given_and_the_spread() -> None:
    done = CliRunner().invoke(cli, ["spread", "--orders", "20"], standalone_mode=False)
    assert done.return_value == NO_DIFFERENCE
    assert "rows in order   1.2238" in done.output
    assert "over 20 orders" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["spread", "nothing"], "there is no problem 'nothing'"),
        (["spread", "--orders", "1"], "1 is not in the range"),
        (["selftest", "nothing"], "there is no problem 'nothing'"),
        (["selftest", "--json", "/nowhere/found.json"], "there is no directory"),
    ],
)
def test_wrong_arguments_get_a_sentence(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == USAGE
    assert words in done.output
