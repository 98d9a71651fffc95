"""How far twins spread: what is kept of them, and what is measured beforehand and shipped."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from comparisons.causes import Ground, Observed, explain_observed, faults_for
from comparisons.checking import examine, examine_on, ground_for
from comparisons.rounding import HonestRun, spread_along
from comparisons.runs import (
    MODES,
    Kept,
    Mode,
    ScratchTrainer,
    Start,
    scratch_trainer,
    starts,
    usual_twins,
)
from comparisons.traces import Recording, RecordingError, locate, shipped_names, spreads_of
from comparisons.traces.__main__ import main
from comparisons.traces.beforehand import measure
from comparisons.verdicts import Spread, kinks_of

NAMES = shipped_names()


def recording(name: str) -> Recording:
    (path,) = locate(name)
    return Recording(path)


def same(one: Spread, other: Spread) -> bool:
    return one.twins == other.twins and all(
        ours.keys() == theirs.keys() and all(np.array_equal(ours[s], theirs[s]) for s in ours)
        for ours, theirs in ((one.largest, other.largest), (one.elsewhere, other.elsewhere))
    )


# What is kept of twins.


def kinked(seed: int, steps: int = 7) -> Spread:
    """Return the spread of two made-up twins, of which some are on another branch."""
    rng = np.random.default_rng(seed)
    base = {"forward/dense/output": rng.normal(size=(steps, 3, 2)), "loss/value": np.ones(steps)}
    twins = [{site: a * rng.choice([-1, 1], a.shape) for site, a in base.items()} for _ in range(2)]
    network = scratch_trainer(recording("relu_kinks-float64").problem, {}).network
    kinks = kinks_of(network)[:1]
    return Spread.of(base, twins, kinks, np.ones((steps, 3, 2)))


def test_a_spread_is_the_largest_difference_of_any_twin_at_each_step() -> None:
    base = {"loss/value": np.array([1.0, 2.0, 3.0])}
    twins = [{"loss/value": np.array(values)} for values in ([1.5, 2, np.inf], [0.8, 2, 3.25])]
    spread = Spread.of(base, twins, (), np.ones((3, 1)))
    assert spread.twins == 2
    # A twin that overflows where the run does not counts for nothing there.
    np.testing.assert_array_equal(spread.largest["loss/value"], [0.5, 0, 0.25])


@pytest.mark.parametrize("cut", range(1, 7))
def test_a_spread_in_two_parts_is_the_whole_again(cut: int) -> None:
    whole = kinked(0)
    assert len(whole) == 7
    assert len(whole.elsewhere["forward/dense/output"]) > 5
    parts = [whole.part(0, cut), whole.part(cut, 7)]
    assert [len(part) for part in parts] == [cut, 7 - cut]
    assert same(Spread.joined(parts), whole)


def test_an_honest_run_measures_block_by_block_what_it_measures_at_once() -> None:
    found = recording("relu_kinks-float32")
    run = HonestRun(scratch_trainer(found.problem, found.constants), found.problem, "free", 3)
    parts, before = [], Start(found.problem.weights, None, 0)
    for block in found.blocks():
        *states, before = starts(block, before)
        parts.append(run(block, states).spread)
    assert same(Spread.joined(parts), spread_along(found.problem, found, "free", 3))


# What is shipped.


def measured_here(found: Recording, mode: Mode) -> Spread:
    return spread_along(found.problem, found, mode, usual_twins(found.problem))


def test_what_is_shipped_is_what_twins_spread_here() -> None:
    """On another processor each step rounds otherwise, and eight other twins are eight others.

    With other random numbers a site's largest spread is up to 4.2 times another, and the median
    over all sites hardly moves.
    """
    ratios = []
    for name in NAMES:
        found = recording(name)
        shipped = spreads_of(found)
        assert set(shipped) == set(MODES), name
        for mode in MODES:
            here, there = measured_here(found, mode), shipped[mode]
            assert there.twins == here.twins == usual_twins(found.problem)
            assert there.largest.keys() == here.largest.keys() == set(found.sites)
            assert there.elsewhere.keys() == here.elsewhere.keys()
            for site, apart in here.largest.items():
                largest = float(apart.max()), float(there.largest[site].max())
                assert len(there.largest[site]) == found.problem.steps
                assert max(largest) <= 8 * min(largest), (name, mode, site)
                if largest[1]:
                    ratios.append(largest[0] / largest[1])
    assert len(ratios) > 1000
    assert np.median(ratios) == pytest.approx(1, abs=0.05)


class Fused(np.ndarray[Any, Any]):
    """An array whose sums and products are rounded once, at their end.

    So do processors that fuse a product into a sum, or sum in wider registers.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: Any, *inputs: Any, **kwargs: Any) -> Any:
        plain: list[Any] = [x.view(np.ndarray) if isinstance(x, Fused) else x for x in inputs]
        sums = ufunc in {np.matmul, np.add}
        wide = [np.asarray(x, np.longdouble) for x in plain] if sums else plain
        result = np.asarray(getattr(ufunc, method)(*wide, **kwargs))
        return (result.astype(np.result_type(*plain)) if sums else result).view(Fused)


class FusedLayer:
    """A layer that computes with such arrays."""

    def __init__(self, layer: Any) -> None:
        self.name = layer.name
        self.layer = layer

    def __call__(self, params: Any, x: Any) -> Any:
        y, pullback = self.layer({t: w.view(Fused) for t, w in params.items()}, x.view(Fused))

        def plain(dy: Any) -> Any:
            promise, dparams = pullback(dy.view(Fused))
            return lambda: np.asarray(promise()), {t: np.asarray(g) for t, g in dparams.items()}

        return np.asarray(y), plain


@pytest.mark.parametrize("name", NAMES)
def test_arithmetic_that_rounds_otherwise_passes_within_what_is_shipped(name: str) -> None:
    problem = recording(name).problem
    ground = ground_for(problem)
    network = ground.honest.network
    layers: Any = tuple(map(FusedLayer, network.layers))
    another = ScratchTrainer(replace(network, layers=layers))
    checked = examine_on(ground, another, MODES)
    assert checked.passed, [verdict.sentence for verdict in checked.verdicts]
    # It was judged by what is shipped.
    assert all(verdict.twins == usual_twins(problem) for verdict in checked.verdicts)


def test_it_does_round_otherwise() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(20, 2)), rng.normal(size=(2, 3))
    fused, usual = np.asarray(x.view(Fused) @ w), x @ w
    assert fused.dtype == usual.dtype
    assert 0 < np.abs(fused - usual).max() < 1e-15


@pytest.mark.parametrize("name", ["regression", "relu_kinks", "adam", "softmax_clipped"])
def test_every_mistake_is_found_and_explained_as_with_twins_that_run_here(name: str) -> None:
    found = recording(f"{name}-float64")
    problem = found.problem
    kept = Kept(found)
    beside = {
        "shipped": Ground(problem, kept, usual_twins(problem), spreads_of(found)),
        "run": Ground(problem, kept, usual_twins(problem)),
    }
    for fault in faults_for(problem)[::5]:
        told = {}
        for which, ground in beside.items():
            observed = Observed.of(ground, ground.plant([fault]))
            names = [explanation.names for explanation in explain_observed(observed)]
            told[which] = (observed.first("locked"), observed.first("free"), names)
        assert str(told["shipped"]) == str(told["run"]), fault.name


def test_no_twin_runs_where_the_spread_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("a twin was made")

    monkeypatch.setattr("comparisons.rounding.make_twins", refuse)
    problem = recording("regression-float64").problem
    assert examine(problem, ground_for(problem).honest).passed
    with pytest.raises(AssertionError, match="a twin was made"):
        spread_along(problem, recording("regression-float64"), "free", 1)


# What is not, or not any more.


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    measure([recording("flatten-float64")], tmp_path / "spreads")
    return tmp_path / "spreads"


def test_what_was_measured_is_read_again(measured: Path) -> None:
    found = recording("flatten-float64")
    read = spreads_of(found, measured)
    assert all(same(read[mode], measured_here(found, mode)) for mode in MODES)


def test_it_belongs_to_the_very_same_recording(measured: Path, tmp_path: Path) -> None:
    assert spreads_of(recording("flatten-float32"), measured) == {}
    assert spreads_of(recording("flatten-float64"), tmp_path / "nowhere") == {}
    copy = shutil.copytree(recording("flatten-float64").path, tmp_path / "under another name")
    assert set(spreads_of(Recording(copy), measured)) == set(MODES)


def test_a_directory_that_is_taken_is_refused(measured: Path) -> None:
    result = CliRunner().invoke(main, [str(measured)])
    assert result.exit_code == 2
    assert "exists already" in result.output


def damage_index(directory: Path) -> None:
    path = directory / "index.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"twins":8', b'"twins":9'))


def damage_arrays(directory: Path) -> None:
    (path,) = directory.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def lose_arrays(directory: Path) -> None:
    (path,) = directory.glob("*.safetensors")
    path.unlink()


def put_a_recording(directory: Path) -> None:
    shutil.copy(recording("flatten-float64").path / "index.jsonl", directory / "index.jsonl")


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (damage_index, "damaged at line 1"),
        (damage_arrays, "is damaged"),
        (lose_arrays, "is missing"),
        (put_a_recording, "is not an index of spreads"),
    ],
)
def test_what_is_damaged_gets_a_sentence_and_no_budget(
    measured: Path, harm: Any, sentence: str
) -> None:
    harm(measured)
    with pytest.raises(RecordingError, match=sentence) as caught:
        spreads_of(recording("flatten-float64"), measured)
    assert "\n" not in str(caught.value)


def test_the_index_says_what_was_measured(measured: Path) -> None:
    (line,) = (measured / "index.jsonl").read_text().splitlines()
    entry = json.loads(line)["line"]
    assert entry["of"] == recording("flatten-float64").sha256
    assert (entry["twins"], entry["file"]) == (8, "flatten-float64.safetensors")
