"""The main job: every problem of the catalogue, in every dtype and mode."""

from dataclasses import replace

import numpy as np
import pytest

from comparisons import Outcome, compare, problems
from comparisons.problems import DTYPES
from comparisons.runs import MODES, LiveKeras, TutorialTrainer
from comparisons.verdicts import Verdict

Verdicts = dict[str, Verdict]


@pytest.fixture(scope="module", params=problems.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=DTYPES)
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def keras(name: str, dtype: str) -> LiveKeras:
    return LiveKeras(problems.get(name).astype(dtype))


@pytest.fixture(scope="module")
def verdicts(name: str, dtype: str, keras: LiveKeras) -> Verdicts:
    found = compare(problems.get(name).astype(dtype), reference=keras)
    return {verdict.mode: verdict for verdict in found}


@pytest.mark.parametrize("mode", MODES)
def test_scratch_and_keras_go_through_the_same_numbers(verdicts: Verdicts, mode: str) -> None:
    verdict = verdicts[mode]
    assert verdict.passed, verdict.sentence
    assert verdict.comparisons > 0


def test_the_recording_is_what_plain_fit_computes(verdicts: Verdicts, keras: LiveKeras) -> None:
    proof = keras.prove(list(verdicts["free"].epoch_losses.reference))
    assert proof.holds, proof.differences


def test_every_step_is_compared_unless_both_sides_overflow(verdicts: Verdicts, name: str) -> None:
    for verdict in verdicts.values():
        if name == "overflow":
            assert verdict.ended is not None
            assert verdict.ended.step == verdict.steps
        else:
            assert verdict.ended is None
            assert verdict.steps == problems.get(name).steps


def test_sums_without_rounding_are_equal_to_the_last_bit() -> None:
    classic = problems.get("regression")
    sgd = classic.training["optimizer"]
    whole = replace(
        classic,
        x=np.array([[1.0, 2.0], [3.0, 1.0]]),
        y=np.array([[1.0], [2.0]]),
        weights={path: np.round(8 * w) + 0.5 for path, w in classic.weights.items()},
        training={
            **classic.training,
            "optimizer": {**sgd, "config": sgd["config"] | {"learning_rate": 0.125}},
        },
        order=np.array([[0]]),
    )
    for verdict in compare(whole.astype("float32")):
        assert verdict.outcome == Outcome.EXACT


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "classic",
    [
        "regression",
        "classification",
        "regression_asymmetric",
        "classification_asymmetric",
    ],
)
def test_the_tutorial_reaches_parity_too(classic: str, dtype: str) -> None:
    problem = problems.get(classic).astype(dtype)
    for verdict in compare(problem, candidate=TutorialTrainer.of(problem)):
        assert verdict.passed, verdict.sentence
        assert verdict.not_offered  # the notes do not return their gradients


def test_the_tutorial_refuses_a_problem_that_is_not_for_it() -> None:
    with pytest.raises(ValueError, match="'adam' is not one for the tutorial"):
        TutorialTrainer.of(problems.get("adam"))
