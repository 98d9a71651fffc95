"""Explanations of those who round otherwise, or whose mistake is a number of their own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from comparisons import problems
from comparisons.causes import Ground, Observed, explain_observed, explain_on, separating
from comparisons.checking import examine, ground_for
from comparisons.runs import Kept, ScratchTrainer, Trainer
from comparisons.runs.trainers import Array
from comparisons.traces import shipped, spreads_of

#: On these each fault must be named that is named when the arithmetic is the same: all of them,
#: or every so many.
ROUNDED = {"regression": 1, "relu_kinks": 2, "short_last_batch": 4, "momentum": 4, "adam": 5}


def ground(name: str, dtype: str) -> Ground:
    recording = shipped(name, dtype)
    return Ground(recording.problem, Kept(recording), 8, spreads_of(recording))


class Rounded:
    """A trainer whose every new parameter is one unit in its last place off, up or down."""

    sites = None

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        self._draw = np.random.default_rng(0)

    def init(self, *state: Any) -> Any:
        return self._trainer.init(*state)

    def step(self, state: Any, x: Array, y: Array) -> Any:
        state, record = self._trainer.step(state, x, y)
        for layer, tensors in state.params.items():
            for tensor, w in tensors.items():
                towards = self._draw.choice([-np.inf, np.inf], w.shape).astype(w.dtype)
                stays = (w == 0) | ~np.isfinite(w)
                tensors[tensor] = np.where(stays, w, np.nextafter(w, towards))
                record[f"update/{layer}/{tensor}"] = tensors[tensor]
        return state, record


def named(ground: Ground, candidate: Trainer) -> set[str]:
    with np.errstate(all="ignore"):
        observed = Observed.of(ground, candidate)
        return {name for one in explain_observed(observed, most=1) for name in one.names}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ROUNDED)
def test_a_mistake_is_named_whoever_makes_it(name: str, dtype: str) -> None:
    """A wrong run may amplify its rounding more than the right one, whose budgets are known."""
    here = ground(name, dtype)
    for fault in here.faults[:: ROUNDED[name]]:
        if fault.name in named(here, here.plant([fault])):
            assert fault.name in named(here, Rounded(here.plant([fault]))), fault.name


def test_an_honest_run_that_rounds_otherwise_has_no_cause() -> None:
    here = ground("regression", "float64")
    assert named(here, Rounded(here.plant([]))) == set()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_slow_drift_is_not_explained_by_what_does_not_follow_it(dtype: str) -> None:
    """Each step of it is within rounding of an honest one: any fault would follow, or none."""
    here = ground("regression_asymmetric", dtype)
    eps = float(np.finfo(dtype).eps)

    def drifting(rule: Any) -> Any:
        return replace(rule, learning_rate=rule.learning_rate * (1 + 40 * eps))

    network = here.honest.network
    optimizer = drifting(network.optimizer)
    candidate = ScratchTrainer(replace(network, optimizer=optimizer))
    assert named(here, candidate) == set()


# A learning rate of one's own.


def with_rate(trainer: Any, factor: float) -> Any:
    rule: Any = trainer.network.optimizer
    changed = replace(rule, learning_rate=rule.learning_rate * factor)
    return replace(trainer, network=replace(trainer.network, optimizer=changed))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "factor", "told"),
    [
        ("regression", 2, "learning rate 0.002 in place of 0.001"),
        ("regression", 1 / 3, "learning rate 0.000333333333333333 in place of 0.001"),
        ("classification_asymmetric", 0.5, "learning rate 0.025 in place of 0.05"),
        ("short_last_batch", 1.001, "learning rate 0.05005 in place of 0.05"),
        ("momentum", 0.2, "learning rate 0.01 in place of 0.05"),
        ("rmsprop", 3, "learning rate 0.03 in place of 0.01"),
        ("adam", 0.1, "learning rate ten times too small"),
        ("adamw", 2, "learning rate 0.02 in place of 0.01"),
    ],
)
def test_a_learning_rate_of_ones_own_is_told_by_its_number(
    name: str, factor: float, told: str, dtype: str
) -> None:
    here = ground(name, dtype)
    found = explain_on(here, with_rate(here.honest, factor))
    assert [one.names for one in found] == [(told,)]


@pytest.mark.parametrize("name", ["regression", "momentum", "adam"])
def test_beside_another_mistake_it_is_told_too(name: str) -> None:
    here = ground(name, "float64")
    fault = next(f for f in here.faults if f.kind == "bias never updated")
    (found,) = explain_on(here, with_rate(here.plant([fault]), 2))
    assert fault.name in found.names
    assert any(name.startswith("learning rate ") for name in found.names)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w * np.where(np.arange(w.size).reshape(w.shape) % 2, 1.01, 1),
        lambda w: w + 1e-3,
        lambda w: np.zeros_like(w) + np.nan,
    ],
    ids=["some", "all", "none"],
)
def test_what_is_no_learning_rate_is_not_called_one(change: Callable[[Array], Array]) -> None:
    here = ground("regression_asymmetric", "float64")

    class Changed(Rounded):
        def step(self, state: Any, x: Array, y: Array) -> Any:
            state, record = self._trainer.step(state, x, y)
            for layer, tensors in state.params.items():
                for tensor, w in tensors.items():
                    tensors[tensor] = record[f"update/{layer}/{tensor}"] = change(w)
            return state, record

    assert explain_on(here, Changed(here.honest)) == ()


# Which problem tells two causes apart.


def test_a_problem_that_tells_causes_apart_does_so_by_what_the_candidate_shows() -> None:
    """Halved with its gradient or not, the loss says: who does not show it cannot be told."""
    problem = problems.get("regression_asymmetric")
    here = ground_for(problem)
    faults = {fault.name: fault for fault in here.faults}

    class Updates:
        def __init__(self, trainer: Any) -> None:
            self._trainer = trainer
            self.sites = frozenset(s for s in here.sites if s.startswith(("update/", "forward/")))

        def init(self, *state: Any) -> Any:
            return self._trainer.init(*state)

        def step(self, state: Any, x: Array, y: Array) -> Any:
            return self._trainer.step(state, x, y)

    checked = examine(problem, Updates(here.plant([faults["factor 2 missing"]])))
    names = {one.names for one in checked.explanations}
    assert {("factor 2 missing",), ("squared error halved",)} <= names
    one, other = (
        next(e for e in checked.explanations if e.names == (name,))
        for name in ("factor 2 missing", "squared error halved")
    )
    assert separating(problem, one, other) is not None
    assert separating(problem, one, other, offered=Updates(None).sites) is None


# How far apart two runs may be where the reference is next to nothing.


@pytest.mark.parametrize("usual", [0.0, 1e-300, 1e-18])
def test_where_the_reference_is_next_to_nothing_not_everything_is_the_same(usual: float) -> None:
    here = ground("regression", "float64")
    one, other, reference = np.full(3, 3.0), np.full(3, 1.0), np.full(3, usual)
    allowed = max(4 * usual * 2**-53, 4e-16 if usual > 1e-20 else 9e-308)
    assert not here.same(one, other, allowed, reference)
    assert here.same(one, one * (1 + 1e-16), allowed, reference)
