"""The comparison must be able to fail: every planted mistake is found, and at its site."""

from collections.abc import Callable

import pytest
from planted import IN_FLOAT32, IN_FLOAT64, MISTAKES, Mistake

from comparisons import Outcome, compare, problems
from comparisons.causes import explain
from comparisons.runs import Kept, scratch_trainer
from comparisons.verdicts import Verdict

Recorded = Callable[[str, str], Kept]


CASES = [
    *((mistake, dtype) for mistake in MISTAKES for dtype in ("float32", "float64")),
    *((mistake, "float32") for mistake in IN_FLOAT32),
    *((mistake, "float64") for mistake in IN_FLOAT64),
]
each_mistake = pytest.mark.parametrize(
    ("mistake", "dtype"), CASES, ids=[f"{mistake.name} in {dtype}" for mistake, dtype in CASES]
)


def verdicts(mistake: Mistake, dtype: str, reference: Kept) -> list[Verdict]:
    problem = problems.get(mistake.problem).astype(dtype)
    planted = mistake.plant(scratch_trainer(problem, reference.constants))
    return compare(problem, candidate=planted, reference=reference)


@each_mistake
def test_a_planted_mistake_is_found_at_its_site(
    mistake: Mistake, dtype: str, recorded: Recorded
) -> None:
    for verdict in verdicts(mistake, dtype, recorded(mistake.problem, dtype)):
        assert verdict.outcome == Outcome.DIVERGED
        assert verdict.first is not None
        assert (verdict.first.step, verdict.first.site) == (mistake.step, mistake.site)


@each_mistake
def test_the_same_trainer_without_the_mistake_passes(
    mistake: Mistake, dtype: str, recorded: Recorded
) -> None:
    reference = recorded(mistake.problem, dtype)
    problem = problems.get(mistake.problem).astype(dtype)
    honest = scratch_trainer(problem, reference.constants)
    for verdict in compare(problem, candidate=honest, reference=reference):
        assert verdict.passed, verdict.sentence


NAMED = [(mistake, dtype) for mistake, dtype in CASES if mistake.fault]


@pytest.mark.parametrize(
    ("mistake", "dtype"), NAMED, ids=[f"{mistake.name} in {dtype}" for mistake, dtype in NAMED]
)
def test_a_mistake_that_is_planted_otherwise_than_in_the_catalogue_is_named(
    mistake: Mistake, dtype: str, recorded: Recorded
) -> None:
    reference = recorded(mistake.problem, dtype)
    problem = problems.get(mistake.problem).astype(dtype)
    planted = mistake.plant(scratch_trainer(problem, reference.constants))
    found = explain(problem, planted, reference, most=1)
    assert [one.names for one in found] == [(mistake.fault,)]


def test_equal_weights_hide_a_transposed_gradient(recorded: Recorded) -> None:
    """Why each classic problem has an asymmetric companion."""
    transposed = MISTAKES[0]
    reference = recorded("classification", "float64")
    problem = problems.get("classification")
    planted = transposed.plant(scratch_trainer(problem, reference.constants))
    inputs_alike = problems.get("classification").x[0]
    assert inputs_alike[0] == inputs_alike[1]
    for verdict in compare(problem, candidate=planted, reference=reference):
        assert verdict.first is None or verdict.first.step > 1
