"""``check``: silent for a right candidate, and for a wrong one the whole story."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from notes import FAULTS, NotesTrainer

from comparisons import ParityError, check, compare, problems
from comparisons.candidates import BindingError
from comparisons.checking import reference_for
from comparisons.problems import CLASSIC, ProblemError
from comparisons.runs import TutorialTrainer
from comparisons.traces import Recording


def failure_of(candidate: Any, problem: str, **options: Any) -> ParityError:
    with pytest.raises(ParityError) as caught:
        check(candidate, problem, **options)
    return caught.value


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CLASSIC)
def test_a_right_candidate_passes_and_says_what_that_is_worth(name: str, dtype: str) -> None:
    checked = check(TutorialTrainer.of, name, dtype=dtype)
    assert checked.passed
    assert checked.explanations == ()
    assert checked.parted is None
    for verdict in checked.verdicts:
        assert verdict.dtype == dtype
        assert verdict.sensitivity is not None
        assert len(verdict.sensitivity.caught) > 20


@pytest.mark.parametrize("name", CLASSIC)
def test_the_printed_code_of_the_notes_fails_with_its_three_causes(name: str) -> None:
    error = failure_of(lambda p: NotesTrainer.with_defects(p, (1, 2, 3)), name)
    (only,) = error.checked.explanations
    assert set(only.names) == set(FAULTS.values())
    text = str(error)
    head, *lines = text.splitlines()
    assert head.startswith(f"{name}, float64, locked run: step 1, update/dense/kernel: DIVERGED")
    for fault in FAULTS.values():
        assert f"    {fault}: " in text
    assert "  cause (planted, together they give these numbers at every step):" in lines
    assert "agreed before it: forward/dense/output, forward/dense_1/output, loss/value" in text
    assert any(line.startswith("  reference: a recording of Keras 3.15.1, ") for line in lines)
    replay = f'comparisons.replay(candidate, "{name}", dtype="float64", step=1)'
    assert f"  replay that step: {replay}" in lines


def test_two_causes_that_both_fit_are_both_named_with_what_tells_them_apart() -> None:
    error = failure_of(lambda p: NotesTrainer.with_defects(p, (1,)), "classification")
    assert len(error.checked.explanations) == 2
    assert "cause 1 of 2, any of which fits (planted, it gives" in str(error)
    assert "the problem 'regression_asymmetric' tells these causes apart" in str(error)


class Changed:
    """The tutorial, with something done to its record."""

    def __init__(self, problem: problems.Problem, change: Any) -> None:
        self.trainer, self.change = TutorialTrainer.of(problem), change
        self.sites, self.init = self.trainer.sites, self.trainer.init

    def step(self, state: Any, x: Any, y: Any) -> tuple[Any, Mapping[str, Any]]:
        state, record = self.trainer.step(state, x, y)
        return state, self.change(dict(record))


def test_a_cause_that_is_not_known_is_not_made_up() -> None:
    error = failure_of(
        lambda p: Changed(p, lambda r: r | {"loss/value": r["loss/value"] * 1.37}), "regression"
    )
    assert error.checked.explanations == ()
    assert "loss/value: DIVERGED" in str(error)
    assert "cause: no known mistake, nor a few of them together, gives these numbers" in str(error)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r | {"loss/value": np.float64(np.nan)}, "loss/value: DIVERGED"),
        (
            lambda r: r | {"update/dense/bias": r["update/dense/bias"][:, None]},
            "shape (2, 1) where the reference has (2,)",
        ),
        (
            lambda r: r | {"loss/value": r["loss/value"].astype("f4")},
            "dtype float32 where the reference has float64",
        ),
        (
            lambda r: {s: a for s, a in r.items() if s != "loss/value"},
            "missing from the candidate",
        ),
    ],
    ids=["nan", "shape", "dtype", "missing"],
)
def test_what_cannot_be_compared_is_told_and_is_no_pass(change: Any, words: str) -> None:
    error = failure_of(lambda p: Changed(p, change), "regression")
    assert words in str(error)
    assert error.checked.explanations == ()


def test_what_is_no_candidate_is_refused() -> None:
    for wrong in (3, lambda _: 3, dict):
        with pytest.raises(BindingError, match="cannot be bound"):
            check(wrong, "regression")
    with pytest.raises(ProblemError, match="there is no problem 'nothing'"):
        check(TutorialTrainer.of, "nothing")


def test_the_recording_is_taken_only_where_it_is_of_the_very_problem() -> None:
    problem = problems.get("regression")
    assert isinstance(reference_for(problem), Recording)
    other = problems.Problem(**{**vars_of(problem), "order": problem.order[:1]})
    found = reference_for(other)
    assert not isinstance(found, Recording)
    assert compare(other, reference=found)[0].passed


def vars_of(problem: problems.Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in problem.__dataclass_fields__}


def test_checking_a_classic_problem_imports_neither_keras_nor_tensorflow() -> None:
    code = (
        "import sys\n"
        "from comparisons import check\n"
        "from comparisons.runs import TutorialTrainer\n"
        "check(TutorialTrainer.of, 'classification')\n"
        "sys.exit(bool({'keras', 'tensorflow', 'keras_ref'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)  # noqa: S603
    assert done.returncode == 0, done.stderr


def test_a_candidate_that_offers_no_loss_and_no_parameters_is_judged_by_what_it_offers() -> None:
    class OutputsOnly(Changed):
        def __init__(self, problem: problems.Problem) -> None:
            super().__init__(problem, lambda r: {s: a for s, a in r.items() if s in self.sites})
            self.sites = frozenset(s for s in self.sites if s.startswith("forward/"))

    for verdict in check(OutputsOnly, "regression").verdicts:
        assert verdict.sites == ("forward/dense/output", "forward/dense_1/output")
        assert "loss/value" in verdict.not_offered
        assert np.isnan(verdict.epoch_losses.candidate).all()
        assert verdict.final_parameters == {}
