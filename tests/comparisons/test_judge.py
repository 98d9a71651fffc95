"""The judge, fed evidence made by hand: what it calls equal, where it says two runs part."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparisons.runs.running import LARGE, stack
from comparisons.verdicts import (
    Ended,
    EpochLosses,
    Evidence,
    Given,
    Judge,
    Measured,
    Outcome,
    Spread,
    Tolerance,
    Values,
    Verdict,
    kinks_of,
)
from comparisons.verdicts.budgets import LISTED
from comparisons.verdicts.divergence import ROWS
from comparisons.verdicts.kinks import Kink
from scratch.layers import Activation, Dense
from scratch.losses import BinaryCrossentropy, Loss, MeanAbsoluteError, MeanSquaredError
from scratch.optimizers import SGD
from scratch.training import Network

Array = npt.NDArray[Any]
Arrays = dict[str, Array]

OUTPUT, LOSS = "forward/dense/output", "loss/value"
GRADIENT, PARAMETER = "backward/dense/kernel", "update/dense/kernel"
SITES = (OUTPUT, LOSS, GRADIENT, PARAMETER)
STEPS = 4
ULP = 2.0**-52
FACTOR = Measured().factor

RELU = Network((Dense(2, "relu", name="dense"),), MeanSquaredError(), SGD())
ABSOLUTE = Network((Dense(2, name="dense"),), MeanAbsoluteError(), SGD())


def numbers(steps: int = STEPS) -> Arrays:
    """Return a run's arrays by site: all between 1 and 2, no two alike."""
    rng = np.random.default_rng(0)
    shapes = {OUTPUT: (3, 2), LOSS: (), GRADIENT: (4, 2), PARAMETER: (4, 2)}
    return {site: rng.uniform(1, 2, (steps, *shape)) for site, shape in shapes.items()}


def changed(arrays: Mapping[str, Array], site: str, place: Any, by: Any) -> Arrays:
    """Return a copy in which the values at ``place`` (step, …) of a site are moved."""
    copy = {name: array.copy() for name, array in arrays.items()}
    copy[site][place] += by
    return copy


def with_value(arrays: Mapping[str, Array], site: str, place: Any, value: Any) -> Arrays:
    copy = {name: array.copy() for name, array in arrays.items()}
    copy[site][place] = value
    return copy


def evidence(
    candidate: Values,
    reference: Values,
    twins: Sequence[Values] = (),
    scratch: Values | None = None,
    witness: Values | None = None,
    kinks: Sequence[Kink] = (),
) -> Evidence:
    """Return evidence of all steps at once; scratch is the candidate unless given."""
    targets = np.ones((len(next(iter(reference.values()))), 3, 2))
    scratch = candidate if scratch is None else scratch
    return Evidence(
        first_step=0,
        targets=targets,
        reference=reference,
        candidate=candidate,
        scratch=scratch,
        spread=Spread.of(scratch, twins, kinks, targets),
        witness=witness,
    )


def steps_of(whole: Evidence, start: int, stop: int) -> Evidence:
    def cut(values: Values) -> Values:
        return {site: series[start:stop] for site, series in values.items()}

    return Evidence(
        first_step=whole.first_step + start,
        targets=whole.targets[start:stop],
        reference=cut(whole.reference),
        candidate=cut(whole.candidate),
        scratch=cut(whole.scratch),
        spread=whole.spread.part(start, stop),
    )


def judge(
    *blocks: Evidence,
    tolerance: Tolerance | None = None,
    kinks: Sequence[Kink] = (),
    mode: str = "free",
    dtype: str = "float64",
    sites: Sequence[str] = SITES,
) -> Judge:
    tolerance = Measured() if tolerance is None else tolerance
    made = Judge(sites, dtype, tolerance, kinks, never_decreasing=mode == "free")
    for block in blocks:
        made.add(block)
    return made


def verdict(judge: Judge, witness_dtype: str | None = None) -> Verdict:
    budgets = judge.budgets
    return Verdict(
        problem="synthetic",
        dtype="float64",
        mode="free",
        steps_per_epoch=1,
        tolerance=judge.tolerance,
        tables=judge.tables,
        not_offered=(),
        first=judge.first,
        ended=judge.ended,
        undecided=() if budgets is None else tuple(budgets.undecided),
        undecided_count=0 if budgets is None else budgets.undecided_count,
        twins=0,
        witness_dtype=witness_dtype,
        epoch_losses=EpochLosses((), ()),
        final_parameters={},
        environment={},
    )


def outcomes(judge: Judge, site: str) -> list[Outcome]:
    return [Outcome(int(o)) for o in judge.tables[site].column("outcome")]


def budget(judge: Judge, site: str) -> list[float]:
    return [float(b) for b in judge.tables[site].column("budget")]


# How far apart is too far.


def test_the_same_bits_are_exact() -> None:
    run = numbers()
    found = verdict(judge(evidence(run, run)))
    assert found.outcome is Outcome.EXACT
    assert found.comparisons == sum(array.size for array in run.values())


@pytest.mark.parametrize(("multiple", "outcome"), [(0.9, Outcome.CLOSE), (1.1, Outcome.DIVERGED)])
def test_a_site_is_close_up_to_the_factor_times_the_spread_of_its_twins(
    multiple: float, outcome: Outcome
) -> None:
    reference, spread, place = numbers(), 1e-6, (1, 2, 0)
    twin = changed(reference, GRADIENT, (1, 3, 1), -spread)
    candidate = changed(reference, GRADIENT, place, multiple * FACTOR * spread)
    found = judge(evidence(candidate, reference, [reference, twin], scratch=reference))
    assert outcomes(found, GRADIENT)[1] is outcome
    assert verdict(found).outcome is outcome


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_budget_is_never_less_than_one_rounding_of_the_largest_value(dtype: str) -> None:
    reference = {site: array.astype(dtype) for site, array in numbers().items()}
    reference = with_value(reference, GRADIENT, (0, 1, 1), -1000)
    found = judge(evidence(reference, reference, [reference]), dtype=dtype, mode="locked")
    assert budget(found, GRADIENT)[0] == 1000 * np.finfo(dtype).eps / 2


def test_minus_zero_is_close_to_zero_but_not_the_same_bits() -> None:
    reference = with_value(numbers(), OUTPUT, (0, 0, 0), 0.0)
    candidate = with_value(reference, OUTPUT, (0, 0, 0), -0.0)
    assert outcomes(judge(evidence(candidate, reference)), OUTPUT)[0] is Outcome.CLOSE


def test_in_a_free_run_a_budget_never_decreases_not_even_in_the_next_block() -> None:
    run = numbers()
    whole = evidence(run, run, [changed(run, GRADIENT, (1, 0, 0), 1e-3)])
    blocks = steps_of(whole, 0, 2), steps_of(whole, 2, 4)
    small, *large = budget(judge(*blocks, mode="free"), GRADIENT)
    assert small < 1e-15
    assert large == pytest.approx([1e-3] * 3)


def test_in_a_locked_run_a_budget_is_its_own_steps() -> None:
    run = numbers()
    whole = evidence(run, run, [changed(run, GRADIENT, (1, 0, 0), 1e-3)])
    before, there, *after = budget(judge(whole, mode="locked"), GRADIENT)
    assert there == pytest.approx(1e-3)
    assert max(before, *after) < 1e-15


def test_a_twin_that_is_not_a_number_leaves_the_budget_at_least_one_rounding() -> None:
    reference = numbers()
    twin = with_value(reference, GRADIENT, (1, 0, 0), np.nan)
    candidate = changed(reference, GRADIENT, (1, 2, 0), ULP)
    found = judge(evidence(candidate, reference, [twin], scratch=reference))
    assert min(budget(found, GRADIENT)) >= ULP / 2
    assert verdict(found).passed


# A tolerance of one's own.


def test_a_given_tolerance_holds_for_each_element_by_itself() -> None:
    # Far less apart than 1e-6 of the largest value; far more than is allowed where they stand.
    reference = with_value(numbers(), GRADIENT, (0, 1, 0), -4e-6)
    reference = with_value(reference, GRADIENT, (0, 2, 0), 1000.0)
    candidate = with_value(reference, GRADIENT, (0, 1, 0), 4e-6)
    found = judge(evidence(candidate, reference), tolerance=Given(rtol=1e-6, atol=1e-6))
    assert found.first is not None
    assert (found.first.site, found.first.beyond) == (GRADIENT, 1)
    assert found.first.rows[0].index == (1, 0)


@pytest.mark.parametrize(("apart", "passes"), [(2.9e-3, True), (3.1e-3, False)])
def test_a_given_tolerance_adds_the_absolute_to_the_relative_part(
    apart: float,
    passes: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    reference = with_value(numbers(), GRADIENT, (0, 0, 0), 2.0)
    candidate = changed(reference, GRADIENT, (0, 0, 0), apart)
    found = judge(evidence(candidate, reference), tolerance=Given(rtol=1e-3, atol=1e-3))
    assert verdict(found).passed is passes


def test_a_tolerance_of_nothing_passes_only_what_is_equal() -> None:
    run, none = numbers(), Given(rtol=0, atol=0)
    assert verdict(judge(evidence(run, run), tolerance=none)).passed
    other = changed(run, LOSS, 2, ULP)
    assert not verdict(judge(evidence(other, run), tolerance=none)).passed


@pytest.mark.parametrize("value", [-1e-9, np.nan, np.inf])
@pytest.mark.parametrize("name", ["rtol", "atol"])
def test_a_tolerance_that_is_none_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be 0 or a positive number, received"):
        Given(**({"rtol": 0.0, "atol": 0.0} | {name: value}))


# Where they part.


def test_the_first_site_is_first_in_causal_order_and_not_the_largest() -> None:
    reference = numbers()
    candidate = changed(reference, LOSS, 2, 1e-9)
    candidate = changed(candidate, GRADIENT, 2, 1e3)
    candidate = changed(candidate, OUTPUT, 3, 1e6)
    first = judge(evidence(candidate, reference)).first
    assert first is not None
    assert (first.step, first.site, first.agreed) == (3, LOSS, (OUTPUT,))


def test_a_permuted_array_with_the_same_mean_and_largest_value_diverges() -> None:
    reference = numbers()
    permuted = reference[GRADIENT][:, ::-1]
    assert permuted.mean() == pytest.approx(reference[GRADIENT].mean())
    found = judge(evidence(reference | {GRADIENT: permuted}, reference))
    assert outcomes(found, GRADIENT) == [Outcome.DIVERGED] * STEPS


def test_the_worst_values_are_ranked_by_multiple_and_at_most_five() -> None:
    reference = numbers()
    by = np.array([3.0, 1.0, 7.0, 2.0, 0.0, 5.0, 6.0, 4.0]).reshape(4, 2)
    candidate = changed(reference, GRADIENT, 0, by * 1e-3)
    first = judge(evidence(candidate, reference)).first
    assert first is not None
    assert [row.index for row in first.rows] == [(1, 0), (3, 0), (2, 1), (3, 1), (0, 0)]
    assert (len(first.rows), first.beyond, first.size) == (ROWS, 7, 8)
    one_rounding = np.abs(reference[GRADIENT][0]).max() * ULP / 2
    for row in first.rows:
        assert row.difference == pytest.approx(abs(row.candidate - row.reference))
        assert row.multiple == pytest.approx(row.difference / one_rounding)


def test_under_a_given_tolerance_the_rank_counts_what_each_element_allows() -> None:
    reference = with_value(numbers(), GRADIENT, (0, 0, 0), 1000.0)
    candidate = changed(reference, GRADIENT, (0, 0, 0), 2.0)
    candidate = changed(candidate, GRADIENT, (0, 1, 1), 1.0)
    first = judge(evidence(candidate, reference), tolerance=Given(1e-3, 0)).first
    assert first is not None
    assert [row.index for row in first.rows] == [(1, 1), (0, 0)]


def test_the_smallest_tolerance_that_would_pass_does_and_a_smaller_one_does_not() -> None:
    reference = numbers()
    candidate = changed(reference, GRADIENT, 0, 0.01)
    first = judge(evidence(candidate, reference)).first
    assert first is not None
    for rtol, passes in ((first.smallest_rtol * 1.001, True), (first.smallest_rtol * 0.999, False)):
        again = judge(evidence(candidate, reference), tolerance=Given(rtol, 0))
        assert verdict(again).passed is passes


# What is not finite.


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["candidate", "reference"])
@pytest.mark.parametrize("tolerance", [Measured(), Given(1e300, 1e300)], ids=["measured", "given"])
def test_what_is_not_finite_on_one_side_only_diverges(
    value: float, side: str, tolerance: Tolerance
) -> None:
    run = numbers()
    sides = {"candidate": run, "reference": run} | {side: with_value(run, LOSS, 1, value)}
    found = judge(
        evidence(sides["candidate"], sides["reference"], [run], scratch=run), tolerance=tolerance
    )
    assert found.first is not None
    assert (found.first.step, found.first.site) == (2, LOSS)
    assert found.first.outcome is verdict(found).outcome is Outcome.DIVERGED


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_same_non_finite_values_on_both_sides_end_the_comparison(value: float) -> None:
    reference = with_value(numbers(), GRADIENT, (1, 2, 0), value)
    candidate = changed(reference, LOSS, slice(2, None), 1.0)
    found = judge(evidence(candidate, reference, [reference], scratch=reference))
    assert found.ended == Ended(2, GRADIENT, "overflow")
    assert len(outcomes(found, LOSS)) == 2
    assert verdict(found).passed


def test_nothing_is_compared_after_the_end_in_later_blocks_either() -> None:
    reference = with_value(numbers(), GRADIENT, (1, 2, 0), np.inf)
    whole = evidence(changed(reference, LOSS, 3, 1.0), reference)
    found = judge(steps_of(whole, 0, 2), steps_of(whole, 2, 4))
    assert verdict(found).steps == 2
    assert found.first is None


def test_a_difference_before_the_end_still_counts() -> None:
    reference = with_value(numbers(), GRADIENT, (1, 2, 0), np.inf)
    found = verdict(judge(evidence(changed(reference, LOSS, 0, 1.0), reference)))
    assert found.ended is not None
    assert found.outcome is Outcome.DIVERGED


@pytest.mark.parametrize(
    ("place", "value"), [((1, 2, 0), -np.inf), ((1, 2, 0), np.nan), ((1, 0, 0), np.inf)]
)
def test_other_infinities_or_at_other_places_diverge(place: Any, value: float) -> None:
    run = numbers()
    reference = with_value(run, GRADIENT, (1, 2, 0), np.inf)
    found = judge(evidence(with_value(run, GRADIENT, place, value), reference))
    assert found.ended is None
    assert outcomes(found, GRADIENT)[1] is Outcome.DIVERGED


def test_finite_values_beside_the_same_infinity_are_still_compared() -> None:
    reference = with_value(numbers(), GRADIENT, (1, 2, 0), np.inf)
    candidate = changed(reference, GRADIENT, (1, 0, 0), 1.0)
    assert verdict(judge(evidence(candidate, reference))).outcome is Outcome.DIVERGED


def test_a_difference_too_large_for_the_dtype_diverges() -> None:
    reference = with_value(numbers(), LOSS, 0, -1.7e308)
    candidate = with_value(reference, LOSS, 0, 1.7e308)
    found = judge(evidence(candidate, reference))
    assert found.ended is None
    assert outcomes(found, LOSS)[0] is Outcome.DIVERGED


# What cannot be compared.


@pytest.mark.parametrize(
    ("gradient", "reason"),
    [
        (None, "missing from the candidate"),
        (np.ones((STEPS, 2, 4)), "shape (2, 4) where the reference has (4, 2)"),
        (np.ones((STEPS, 8)), "shape (8,) where the reference has (4, 2)"),
        (np.ones((STEPS, 4, 2), "f4"), "dtype float32 where the reference has float64"),
    ],
    ids=["missing", "transposed", "flat", "dtype"],
)
def test_what_cannot_be_compared_is_incomparable_with_a_reason_and_never_a_pass(
    gradient: Array | None, reason: str
) -> None:
    reference = numbers()
    candidate = {site: array for site, array in reference.items() if site != GRADIENT}
    if gradient is not None:
        candidate[GRADIENT] = gradient
    found = judge(evidence(candidate, reference))
    assert found.first is not None
    assert (found.first.step, found.first.site, found.first.reason) == (1, GRADIENT, reason)
    assert found.first.agreed == (OUTPUT, LOSS)
    assert outcomes(found, GRADIENT) == [Outcome.INCOMPARABLE] * STEPS
    assert verdict(found).outcome is Outcome.INCOMPARABLE
    assert not verdict(found).passed


def test_a_missing_prediction_is_incomparable_where_the_loss_has_a_kink_at_it() -> None:
    reference = numbers()
    candidate = {site: array for site, array in reference.items() if site != OUTPUT}
    found = judge(evidence(candidate, reference, scratch=reference), kinks=kinks_of(ABSOLUTE))
    assert found.first is not None
    assert (found.first.site, found.first.reason) == (OUTPUT, "missing from the candidate")


def test_a_comparison_of_nothing_is_incomparable() -> None:
    found = verdict(judge())
    assert found.outcome is Outcome.INCOMPARABLE
    assert not found.passed
    assert found.sentence == "INCOMPARABLE: nothing was compared"


def test_a_comparison_of_no_sites_is_incomparable() -> None:
    run = numbers()
    assert not verdict(judge(evidence(run, run), sites=())).passed


# Kinks.


@pytest.fixture
def at_the_kink() -> Arrays:
    """A run of which one relu, of the second step, is open by a hair."""
    return with_value(numbers(), OUTPUT, (1, 2, 1), 1e-17)


def test_a_twin_on_the_other_branch_makes_the_place_undecided(at_the_kink: Arrays) -> None:
    twin = with_value(at_the_kink, OUTPUT, (1, 2, 1), 0.0)
    twin = changed(twin, GRADIENT, 1, 0.5)
    candidate = changed(at_the_kink, GRADIENT, 1, 0.4)
    found = judge(
        evidence(candidate, at_the_kink, [twin], scratch=at_the_kink, kinks=kinks_of(RELU)),
        kinks=kinks_of(RELU),
        mode="locked",
    )
    listed = [(u.step, u.site, u.index) for u in verdict(found).undecided]
    assert listed == [(2, OUTPUT, (2, 1))]
    assert verdict(found).passed


@pytest.mark.parametrize("other", ["candidate", "reference"])
def test_either_side_on_the_other_branch_opens_the_budget_behind_it_and_not_before(
    at_the_kink: Arrays, other: str
) -> None:
    crossed = with_value(at_the_kink, OUTPUT, (1, 2, 1), 0.0)
    crossed = changed(crossed, GRADIENT, 1, 0.5)
    sides = {"candidate": at_the_kink, "reference": at_the_kink} | {other: crossed}
    twins = [changed(at_the_kink, OUTPUT, (1, 0, 0), ULP)]

    def run(**sides: Arrays) -> Judge:
        kinks = kinks_of(RELU)
        return judge(evidence(twins=twins, scratch=at_the_kink, kinks=kinks, **sides), kinks=kinks)

    found = run(**sides)
    assert [(u.step, u.index) for u in verdict(found).undecided] == [(2, (2, 1))]
    assert outcomes(found, GRADIENT)[1] is Outcome.CLOSE
    assert budget(found, OUTPUT)[1] < 1e-15
    assert budget(found, GRADIENT)[0] < 1e-15

    # The step before it, and a site before it in the same step, are judged as ever.
    for site, place in ((GRADIENT, (0, 0, 0)), (OUTPUT, (1, 0, 0))):
        found = run(**sides | {other: changed(crossed, site, place, 1e-9)})
        assert found.first is not None
        assert (found.first.step, found.first.site) == (place[0] + 1, site)


def test_a_free_run_ends_where_rounding_sends_the_sides_different_ways(at_the_kink: Arrays) -> None:
    crossed = with_value(at_the_kink, OUTPUT, (1, 2, 1), 0.0)
    crossed = changed(crossed, GRADIENT, 2, 0.5)  # what follows from it, a step later
    twins = [changed(at_the_kink, OUTPUT, (1, 0, 0), ULP)]
    whole = evidence(at_the_kink, crossed, twins, at_the_kink, kinks=kinks_of(RELU))
    free = judge(whole, kinks=kinks_of(RELU), mode="free")
    assert free.ended == Ended(2, OUTPUT, "branch")
    assert verdict(free).passed
    assert verdict(free).steps == 2
    assert "rounding sends the two sides different ways at step 2" in verdict(free).sentence

    # A locked run starts anew at every step: it goes on, and sees the difference.
    locked = judge(whole, kinks=kinks_of(RELU), mode="locked")
    assert locked.ended is None
    assert locked.first is not None
    assert (locked.first.step, locked.first.site) == (3, GRADIENT)


def test_one_twin_of_one_number_is_pooled_over_the_steps_of_a_locked_run() -> None:
    reference = numbers()
    twin = changed(reference, LOSS, 2, 1e-9)
    for mode, steps in (("locked", slice(None)), ("free", slice(2, None))):
        found = judge(evidence(reference, reference, [twin]), mode=mode)
        relative = np.array(budget(found, LOSS)) / np.abs(reference[LOSS])
        assert relative[steps] == pytest.approx(relative[2], rel=1)
        assert (relative[:2].max() < 1e-15) == (mode == "free")
    eight = judge(evidence(reference, reference, [twin, *[reference] * 7]), mode="locked")
    assert np.count_nonzero(np.array(budget(eight, LOSS)) > 1e-15) == 1


def test_another_branch_with_a_value_beyond_the_budget_is_no_excuse(at_the_kink: Arrays) -> None:
    run = with_value(at_the_kink, OUTPUT, (1, 2, 1), 1e-3)
    reference = changed(with_value(run, OUTPUT, (1, 2, 1), 0.0), GRADIENT, 1, 0.5)
    kinks = kinks_of(RELU)
    found = judge(evidence(run, reference, [run], kinks=kinks), kinks=kinks)
    assert verdict(found).undecided_count == 0
    assert outcomes(found, OUTPUT)[1] is Outcome.DIVERGED
    assert outcomes(found, GRADIENT)[1] is Outcome.DIVERGED


@pytest.mark.parametrize("others", [0, 1])
def test_a_candidate_alone_on_another_branch_is_no_excuse(at_the_kink: Arrays, others: int) -> None:
    """Of eight honest twins one goes where rounding alone may send the candidate."""
    run = with_value(at_the_kink, OUTPUT, (1, 2, 1), 0.0)
    candidate = changed(with_value(run, OUTPUT, (1, 2, 1), 1e-300), GRADIENT, 1, 0.5)
    crossed = changed(with_value(run, OUTPUT, (1, 2, 1), 1e-17), GRADIENT, 1, 0.5)
    twins, kinks = [crossed] * others + [run] * (8 - others), kinks_of(RELU)
    found = judge(evidence(candidate, run, twins, run, kinks=kinks), kinks=kinks, mode="locked")
    assert outcomes(found, GRADIENT)[1] is (Outcome.CLOSE if others else Outcome.DIVERGED)


def test_what_changes_its_shape_is_judged_up_to_there_and_incomparable_from_there_on() -> None:
    run = numbers()
    candidate: Values = dict(run) | {GRADIENT: [*run[GRADIENT][:1], *run[GRADIENT][1:, :, :1]]}
    found = judge(evidence(candidate, run, scratch=run))
    assert outcomes(found, GRADIENT) == [Outcome.EXACT, *[Outcome.INCOMPARABLE] * (STEPS - 1)]
    assert outcomes(found, OUTPUT) == [Outcome.EXACT] * STEPS
    assert found.first is not None
    assert (found.first.step, found.first.site) == (2, GRADIENT)


@pytest.mark.parametrize(
    ("candidate", "reference", "outcome"),
    [
        ([1.0, np.nan], [1.0, np.nan], Outcome.INCOMPARABLE),
        ([1000.0, np.inf], [1.0, np.inf], Outcome.DIVERGED),
        ([1.0005, np.inf], [1.0, np.inf], Outcome.INCOMPARABLE),
    ],
)
def test_beside_what_is_not_finite_a_given_tolerance_holds_for_the_rest(
    candidate: list[float], reference: list[float], outcome: Outcome
) -> None:
    ours, theirs = ({LOSS: np.array([values])} for values in (candidate, reference))
    found = judge(evidence(ours, theirs), sites=[LOSS], tolerance=Given(1e-3, 1e-3))
    assert outcomes(found, LOSS) == [outcome]


@pytest.mark.parametrize("factor", [0, -1, np.inf, np.nan, "4", True])
def test_a_factor_that_lets_all_pass_or_nothing_is_refused(factor: Any) -> None:
    with pytest.raises(ValueError, match="factor must be a finite number above 0"):
        Measured(factor)


@pytest.mark.parametrize("wrong", ["a", -1e-9, np.nan, np.inf, None])
def test_what_is_no_tolerance_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="atol must be 0 or a positive number"):
        Given(1e-3, wrong)


def test_all_undecided_places_are_counted_and_a_few_listed() -> None:
    run = numbers(steps=10)
    run[OUTPUT][:] = 1e-17
    twin = run | {OUTPUT: 0 * run[OUTPUT]}
    kinks = kinks_of(RELU)
    found = verdict(judge(evidence(run, run, [twin], kinks=kinks), kinks=kinks))
    assert found.undecided_count == run[OUTPUT].size == 60
    assert len(found.undecided) == LISTED


@pytest.mark.parametrize(
    ("layers", "loss", "site"),
    [
        ((Dense(2, "relu", name="dense"),), MeanSquaredError(), OUTPUT),
        ((Activation("leaky_relu", name="dense"),), MeanSquaredError(), OUTPUT),
        ((Dense(2, name="dense"),), MeanAbsoluteError(), LOSS),
        ((Dense(2, "tanh", name="dense"),), BinaryCrossentropy(), LOSS),
        ((Dense(2, "tanh", name="dense"),), MeanSquaredError(), None),
        ((Dense(2, name="dense"),), BinaryCrossentropy(from_logits=True), None),
    ],
)
def test_relus_absolute_errors_and_clipped_probabilities_have_kinks(
    layers: Any, loss: Loss, site: str | None
) -> None:
    kinks = kinks_of(Network(layers, loss, SGD()))
    assert [kink.site for kink in kinks] == ([] if site is None else [site])


def test_the_branch_of_an_absolute_error_is_the_side_of_the_target() -> None:
    (kink,) = kinks_of(ABSOLUTE)
    y = np.array([[[1.0, 1.0, 1.0]]])
    branch = kink.branch({OUTPUT: np.array([[[0.5, 1.0, 1.5]]])}, y)
    np.testing.assert_array_equal(branch, [[[-1, 0, 1]]])


def test_the_branches_of_a_clip_are_below_inside_and_above() -> None:
    (kink,) = kinks_of(replace(RELU, layers=(Dense(2, name="dense"),), loss=BinaryCrossentropy()))
    p = np.array([[[1e-8, 0.5, 1 - 1e-8]]])
    np.testing.assert_array_equal(kink.branch({OUTPUT: p}, p), [[[-1, 0, 1]]])


# The same verdict however the evidence comes.


def columns(judge: Judge) -> dict[tuple[str, str], list[float]]:
    names = ("outcome", "difference", "budget", "index", "candidate", "reference")
    return {
        (site, name): table.column(name).tolist()
        for site, table in judge.tables.items()
        for name in names
    }


@pytest.mark.parametrize("tolerance", [Measured(), Given(1e-9, 1e-9)], ids=["measured", "given"])
def test_large_arrays_that_are_listed_give_the_verdict_of_small_ones_that_are_stacked(
    tolerance: Tolerance,
) -> None:
    rng = np.random.default_rng(0)
    reference = {site: rng.normal(size=(3, LARGE + 1)) for site in SITES}
    candidate = changed(reference, GRADIENT, (1, 7), 1e-3)
    candidate = changed(candidate, PARAMETER, (2, LARGE), np.inf)
    twins = [{site: a * (1 + ULP) for site, a in reference.items()}]
    stacked = evidence(candidate, reference, twins, scratch=reference)

    def listed(values: Values) -> Values:
        return stack([{site: values[site][t] for site in values} for t in range(3)])

    lists = replace(
        stacked,
        candidate=listed(candidate),
        scratch=listed(reference),
        spread=Spread.of(listed(reference), map(listed, twins), (), stacked.targets),
    )
    assert isinstance(lists.candidate[GRADIENT], list)
    ours, theirs = (judge(given, tolerance=tolerance) for given in (stacked, lists))
    assert columns(ours) == columns(theirs)
    assert ours.first == theirs.first
    assert ours.first is not None


@given(cuts=st.sets(st.integers(1, STEPS - 1)), step=st.integers(0, STEPS - 1))
@settings(settings.get_profile("ci"))
def test_blocks_of_any_length_give_the_same_verdict(cuts: set[int], step: int) -> None:
    reference = numbers()
    candidate = changed(reference, GRADIENT, (step, 3, 0), 1e-6)
    twin = changed(reference, PARAMETER, (1, 0, 0), 1e-9)
    whole = evidence(candidate, reference, [twin], scratch=reference)
    edges = [0, *sorted(cuts), STEPS]
    blocks = [steps_of(whole, *edge) for edge in pairwise(edges)]
    ours, theirs = judge(whole), judge(*blocks)
    assert columns(ours) == columns(theirs)
    assert ours.first == theirs.first


def test_the_witness_says_which_side_is_nearer_at_the_worst_value() -> None:
    exact = numbers()
    candidate = changed(exact, GRADIENT, (1, 0, 0), 1e-9)
    reference = changed(exact, GRADIENT, (1, 0, 0), -3e-9)
    wide = {site: array.astype(np.longdouble) for site, array in exact.items()}
    nearer = verdict(judge(evidence(candidate, reference, witness=wide)), "longdouble").nearer
    assert nearer is not None
    assert nearer.who == "candidate"
    assert nearer.candidate_error == pytest.approx(1e-9)
    assert nearer.reference_error == pytest.approx(3e-9)
