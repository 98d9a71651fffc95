"""Every fault of the catalogue is seen at its site and explained by the problem it names."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from comparisons import problems
from comparisons.causes import Fault, Ground, OpenTrainer, faults_for, find, plant
from comparisons.problems import DTYPES
from comparisons.runs import Kept, ScratchTrainer, scratch_trainer

Recorded = Callable[[str, str], Kept]


def catalogue() -> list[tuple[str, str, Fault]]:
    """Every fault on the problem that it names, in the one dtype that shows it or in float64."""
    return [
        (name, dtype, fault)
        for name in problems.names()
        for dtype in DTYPES
        for fault in faults_for(problems.get(name).astype(dtype))
        if fault.shown_by == name and dtype == (fault.dtype or "float64")
    ]


CATALOGUE = catalogue()
IDS = [f"{fault.name}, {name}" for name, _, fault in CATALOGUE]


@pytest.fixture(scope="module")
def ground(recorded: Recorded) -> Callable[[str, str], Ground]:
    return cache(
        lambda name, dtype: Ground(problems.get(name).astype(dtype), recorded(name, dtype))
    )


@pytest.mark.parametrize(("name", "dtype", "fault"), CATALOGUE, ids=IDS)
def test_a_planted_fault_is_seen_at_its_site_and_explained(
    name: str, dtype: str, fault: Fault, ground: Callable[[str, str], Ground]
) -> None:
    finding = find(ground(name, dtype), fault)
    assert finding.first is not None
    assert finding.first.site == fault.site
    assert finding.explained


def test_at_least_ninety_kinds_are_shown_by_the_problems_they_name() -> None:
    everywhere = {
        fault.kind
        for name in problems.names()
        for dtype in DTYPES
        for fault in faults_for(problems.get(name).astype(dtype))
    }
    assert {fault.kind for _, _, fault in CATALOGUE} == everywhere
    assert len(everywhere) >= 90


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", problems.names())
def test_an_open_trainer_with_nothing_replaced_is_scratch_bit_for_bit(
    name: str, dtype: str
) -> None:
    problem = problems.get(name).astype(dtype)
    sides = ScratchTrainer(problem.network), OpenTrainer(problem.network)
    states = [side.init(problem.weights) for side in sides]
    for batches in problem.batches(1):
        x, y = problem.x[batches.rows[0]], problem.y[batches.rows[0]]
        with np.errstate(all="ignore"):  # one problem overflows
            results = [side.step(state, x, y) for side, state in zip(sides, states, strict=True)]
        states = [state for state, _ in results]
        scratch, opened = (record for _, record in results)
        assert scratch.keys() == opened.keys()
        for site, values in scratch.items():
            assert opened[site].dtype == values.dtype
            assert opened[site].tobytes() == values.tobytes(), site


def test_the_names_of_a_problem_s_faults_are_its_own() -> None:
    for name in problems.names():
        found = [fault.name for fault in faults_for(problems.get(name))]
        assert len(found) == len(set(found))


def test_on_batches_of_one_row_one_fault_stands_for_all_that_change_nothing_there() -> None:
    single, several = map(problems.get, ("regression_asymmetric", "short_last_batch"))
    there = {fault.kind for fault in faults_for(single)}
    assert "sum over the batch" in there
    left_out = [fault for fault in faults_for(several) if fault.of_the_batch]
    assert len({fault.kind for fault in left_out}) == 12
    honest = scratch_trainer(single, {})
    x, y = single.x[:1], single.y[:1]
    _, usual = honest.step(honest.init(single.weights), x, y)
    for fault in left_out:
        assert fault.kind not in there
        planted = plant(honest, [fault])
        _, record = planted.step(planted.init(single.weights), x, y)
        assert all(record[site].tobytes() == usual[site].tobytes() for site in usual), fault.name


def test_the_faults_of_the_loop_are_those_that_choose_the_rows() -> None:
    for name in ("regression", "shuffled", "short_last_batch"):
        for fault in faults_for(problems.get(name)):
            assert fault.of_the_loop == ("batch" in fault.pieces)


def test_the_advice_on_constants_fits_the_optimizer() -> None:
    def mend(name: str) -> str:
        faults = {fault.name: fault for fault in faults_for(problems.get(name))}
        return faults["constants not rounded to float32"].mend

    own_way = "This is Keras's own way and no mistake of yours: "
    powers = "1 - float(np.float32(0.9))**t in the bias correction"
    means = "The running means keep 0.9 and 0.999."
    assert mend("momentum") == (
        f"{own_way}float(np.float32(0.9)) in place of 0.9 gives its numbers."
    )
    assert mend("adam") == f"{own_way}{powers} gives its numbers. {means}"
    assert mend("adamw") == (
        f"{own_way}{powers} and float(np.float32(0.1)) as weight_decay give its numbers. {means}"
    )


def test_two_faults_of_one_piece_exclude_each_other() -> None:
    problem = problems.get("regression")
    faults = {fault.name: fault for fault in faults_for(problem)}
    one, other = faults["factor 2 missing"], faults["sign flipped"]
    assert one.excludes(other)
    with pytest.raises(ValueError, match="'factor 2 missing' and 'sign flipped' both replace"):
        plant(ScratchTrainer(problem.network), [other, one])
