"""Explanations: what was planted is named, and nothing else is said."""

from collections.abc import Callable
from dataclasses import replace
from time import process_time
from typing import Any

import pytest

from comparisons import problems
from comparisons.causes import (
    Ground,
    Observed,
    OpenTrainer,
    explain,
    explain_observed,
    faults_for,
    findings,
    plant,
)
from comparisons.problems import CLASSIC
from comparisons.runs import MODES, Kept, Mode, TutorialTrainer, scratch_trainer
from comparisons.traces import shipped

Recorded = Callable[[str, str], Kept]
Names = tuple[str, ...]

SETS = [
    ("regression_asymmetric", ("factor 2 missing", "kernel gradient transposed (dense)")),
    ("regression_asymmetric", ("bias never updated (dense)", "learning rate ten times too large")),
    ("regression_asymmetric", ("gradients never cleared", "sign flipped")),
    (
        "classification_asymmetric",
        (
            "activation derivative missing (dense)",
            "bias started from the old kernel[0, 0] (dense_1)",
            "weights read after their own update (dense_1)",
        ),
    ),
    ("short_last_batch", ("bias gradient averaged once more (dense)", "sum over the batch")),
    ("short_last_batch", ("rows in reverse", "(n,) against (n, 1)")),
    ("adamw", ("biases not decayed", "activation derivative taken at z (dense)")),
    ("saturated_sigmoid", ("sigmoid derivative applied twice (dense_2)", "sign flipped")),
]


def planted(name: str, dtype: str, names: Names, reference: Kept) -> OpenTrainer:
    problem = problems.get(name).astype(dtype)
    faults = {fault.name: fault for fault in faults_for(problem)}
    return plant(scratch_trainer(problem, reference.constants), [faults[n] for n in names])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "names"), SETS, ids=[" + ".join(names) for _, names in SETS])
def test_faults_planted_together_are_named_together(
    name: str, names: Names, dtype: str, recorded: Recorded
) -> None:
    reference = recorded(name, dtype)
    candidate = planted(name, dtype, names, reference)
    found = explain(problems.get(name).astype(dtype), candidate, reference)
    assert [set(one.names) for one in found] == [set(names)]


@pytest.mark.parametrize("name", ["regression", "classification_asymmetric"])
def test_a_right_candidate_has_nothing_to_explain(name: str, recorded: Recorded) -> None:
    problem = problems.get(name)
    assert explain(problem, TutorialTrainer.of(problem), recorded(name, "float64")) == ()


@pytest.mark.parametrize("factor", [1.37, 2 + 1e-9])
def test_what_no_fault_reproduces_is_not_explained(factor: float, recorded: Recorded) -> None:
    problem = problems.get("regression_asymmetric")
    reference = recorded(problem.name, "float64")
    honest = scratch_trainer(problem, reference.constants)
    times = {"kernel_gradient/dense": lambda seen, dz: factor * (seen.x.T @ dz)}
    assert explain(problem, OpenTrainer(honest.network, times), reference) == ()


def test_a_mistake_that_is_nearly_a_known_one_is_not_taken_for_it(recorded: Recorded) -> None:
    problem = problems.get("regression_asymmetric")
    reference = recorded(problem.name, "float64")
    nearly = "learning rate 0.01000000001 in place of 0.001"
    for factor, wanted in ((10, "learning rate ten times too large"), (10 * (1 + 1e-9), nearly)):
        wrong = replace(TutorialTrainer.of(problem), learning_rate=0.001 * factor)
        found = [name for one in explain(problem, wrong, reference) for name in one.names]
        assert found == [wanted]


def test_a_limit_on_the_number_of_faults_is_kept(recorded: Recorded) -> None:
    name, names = SETS[0]
    reference = recorded(name, "float64")
    candidate = planted(name, "float64", names, reference)
    assert explain(problems.get(name), candidate, reference, most=1) == ()


def test_an_explanation_says_what_went_wrong_and_how_to_mend_it(recorded: Recorded) -> None:
    problem = problems.get("regression")
    reference = recorded("regression", "float64")
    candidate = planted("regression", "float64", ("factor 2 missing",), reference)
    (only,) = explain(problem, candidate, reference)
    (sentence,) = only.sentences
    assert sentence == (
        "factor 2 missing: The gradient of the squared error lacks its factor 2. "
        "The derivative of (p - y)² is 2 (p - y)."
    )


@pytest.mark.parametrize("name", CLASSIC)
def test_an_explanation_of_a_classic_problem_takes_less_than_a_second(
    name: str, recorded: Recorded
) -> None:
    problem, reference = problems.get(name), recorded(name, "float64")
    names = ("sign flipped", "last layer skipped", "bias never updated (dense)")
    candidate = planted(name, "float64", names, reference)
    begin = process_time()
    found = explain(problem, candidate, reference)
    assert process_time() - begin < 1
    assert [set(one.names) for one in found] == [set(names)]


def test_equal_weights_hide_what_their_companion_shows(recorded: Recorded) -> None:
    def found(name: str) -> dict[str, Any]:
        found_here = findings(problems.get(name), recorded(name, "float64"))
        return {finding.fault.name: finding for finding in found_here}

    companion = found("regression_asymmetric")
    # All but one, for its batches have one row.
    unseen = {name for name, finding in companion.items() if not finding.explained}
    assert unseen == {"sum over the batch"}
    companion.pop("sum over the batch")
    # What parts at once with unlike weights is later, or elsewhere, where all weights are alike.
    classic = found("regression")
    assert companion.keys() == classic.keys() - unseen
    late = {
        name
        for name, finding in classic.items()
        if name in companion
        if not finding.at_its_site or finding.first.step > companion[name].first.step
    }
    assert "kernel gradient transposed (dense)" in late


@pytest.mark.parametrize("mode", MODES)
def test_one_mode_alone_is_explained_too(mode: Mode) -> None:
    problem = problems.get("regression_asymmetric")
    ground = Ground(problem, shipped(problem.name, problem.dtype))
    (fault,) = [fault for fault in ground.faults if fault.name == "factor 2 missing"]
    observed = Observed.of(ground, ground.plant([fault]), [mode])
    assert [one.names for one in explain_observed(observed)] == [(fault.name,)]
