"""Whatever a candidate does to its arguments and its own arrays, the numbers stay true."""

from collections.abc import Iterator
from typing import Any

import learners
import numpy as np
import pytest

from comparisons import compare, problems
from comparisons.candidates import Bound, CandidateError, bind
from comparisons.runs import MODES
from comparisons.traces import shipped
from scratch import Dense, Input, Sequential
from scratch.optimizers import SGD, Adam

NAME = "regression_asymmetric"


def passes(bound: Bound, name: str = NAME) -> bool:
    verdicts = compare(
        problems.get(name),
        candidate=bound,
        reference=shipped(name, "float64"),
        modes=("free",) if bound.free_only else MODES,
        sensitive=False,
    )
    return all(verdict.passed for verdict in verdicts)


def test_inputs_scaled_in_place_are_its_own_business_and_its_own_mistake() -> None:
    problem = problems.get(NAME)
    before = problem.x.copy()
    old = '        A = linear_forward(A_prev, parameters["W" + str(l)], parameters["b" + str(l)])\n'
    spoiled = learners.load("notes_style", (old, f"{old}        X = np.multiply(X, 0, out=X)\n"))
    bound = bind(spoiled, problem)
    # The update sees what the forward pass left, as it would in the learner's own loop.
    assert not passes(bound)
    assert (problem.x == before).all()


class Tricky:
    """Right, but it writes over all that it is handed and returns the same arrays every time."""

    def __init__(self) -> None:
        self._w = [np.zeros(shape) for shape in ((2, 2), 2, (2, 1), 1)]
        self._out = np.zeros((1, 1))
        self._hidden = np.zeros((1, 2))

    def set_weights(self, weights: list[Any]) -> None:
        for own, given in zip(self._w, weights, strict=True):
            own[...] = given
            given[...] = np.nan

    def get_weights(self) -> list[Any]:
        return [w[...] for w in self._w]

    def get_activations(self) -> list[Any]:
        return [self._hidden, self._out]

    def train_on_batch(self, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = self._w
        self._hidden[...] = x @ w1 + b1
        self._out[...] = self._hidden @ w2 + b2
        d2 = 2 * (self._out - y)
        d1 = d2 @ w2.T
        loss = float(np.mean((self._out - y) ** 2))
        w2 -= 0.001 * self._hidden.T @ d2
        b2 -= 0.001 * d2[0]
        w1 -= 0.001 * x.T @ d1
        b1 -= 0.001 * d1[0]
        x[...], y[...] = np.inf, np.nan
        return [loss, 0.25]


def make() -> Tricky:
    return Tricky()


@pytest.mark.parametrize("candidate", [Tricky, Tricky(), make])
def test_views_and_buffers_that_change_later_do_not_matter(candidate: Any) -> None:
    problem = problems.get(NAME)
    before = problem.x.copy(), problem.y.copy()
    assert passes(bind(candidate, problem))
    assert (problem.x == before[0]).all()
    assert (problem.y == before[1]).all()


def test_a_record_does_not_change_when_the_next_step_is_taken() -> None:
    problem = problems.get(NAME)
    for candidate in (learners.load("same_buffers"), Tricky):
        bound = bind(candidate, problem)
        state, first = bound.step(bound.init(problem.weights), problem.x[:1], problem.y[:1])
        kept = {site: array.copy() for site, array in first.items()}
        bound.step(state, problem.x[1:2], problem.y[1:2])
        assert all((first[site] == array).all() for site, array in kept.items())


def test_a_trainer_gets_copies_and_gives_copies() -> None:
    class Greedy:
        sites = None

        def __init__(self) -> None:
            self.engine = bind(Tricky, problems.get(NAME))
            self.sites = self.engine.sites

        def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
            state = self.engine.init(weights)
            for w in weights.values():
                w[...] = 0
            return state

        def step(self, state: Any, x: Any, y: Any) -> Any:
            state, self.record = self.engine.step(state, x, y)
            x[...] = 0
            return state, self.record

    assert passes(bind(Greedy(), problems.get(NAME)))


def test_an_object_given_is_left_as_it_is() -> None:
    given = Tricky()
    assert passes(bind(given, problems.get(NAME)))
    assert all((w == 0).all() for w in given.get_weights())


def test_numbers_that_are_not_finite_pass_on_to_the_comparison() -> None:
    class Broken(Tricky):
        def train_on_batch(self, x: Any, y: Any) -> Any:
            super().train_on_batch(x, y)
            return float("nan")

    problem = problems.get(NAME)
    bound = bind(Broken, problem)
    _, record = bound.step(bound.init(problem.weights), problem.x[:1], problem.y[:1])
    assert np.isnan(record["loss/value"])
    assert not passes(bound)


def test_an_object_that_cannot_be_copied_serves_all_runs_where_weights_are_all() -> None:
    class Only(Tricky):
        def __deepcopy__(self, memo: Any) -> Any:
            raise TypeError

    bound = bind(Only(), problems.get(NAME))
    assert any("cannot be copied, so one serves every run" in note for note in bound.notes)
    assert passes(bound)
    with pytest.raises(ValueError, match="Only cannot be copied, and what its optimizer"):
        bind(Only(), problems.get("momentum"))


def test_what_a_class_remembers_starts_anew_with_every_run() -> None:
    class Counting(Tricky):
        made = 0

        def __init__(self) -> None:
            super().__init__()
            self.steps = 0

        def train_on_batch(self, x: Any, y: Any) -> Any:
            self.steps += 1
            if self.steps > 20:
                raise RuntimeError("more than one run")
            return super().train_on_batch(x, y)

    assert passes(bind(Counting, problems.get(NAME)))
    bound = bind(Counting, problems.get(NAME))
    problem = problems.get(NAME)
    state = bound.init(problem.weights)
    for _ in range(20):
        state, _ = bound.step(state, problem.x[:1], problem.y[:1])
    with pytest.raises(CandidateError, match=r"raised RuntimeError: more than one run"):
        bound.step(state, problem.x[:1], problem.y[:1])


@pytest.fixture
def keras() -> Iterator[Any]:
    """Keras in float64, put back afterwards: float type and policy belong to the process."""
    from keras_ref.libraries import keras  # noqa: PLC0415  it takes seconds: for these tests only
    from keras_ref.models import everything_in  # noqa: PLC0415

    with everything_in("float64"):
        yield keras


@pytest.mark.parametrize("name", [NAME, "momentum"])
def test_a_keras_model_is_built_anew_and_goes_through_its_own_numbers(
    keras: Any, name: str
) -> None:
    problem = problems.get(name)
    model = keras.Sequential.from_config(problem.model)
    model.compile_from_config(problem.training)
    before = model.get_weights()
    bound = bind(model, problem)
    assert bound.binding[0] == "object: Sequential, made anew for every run from its configs"
    assert bound.free_only == (name == "momentum")
    assert "loss/value" in bound.sites
    assert passes(bound, name)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_an_object_that_keeps_its_weights_in_float32_binds_and_is_found_out() -> None:
    model = Sequential([Input((2,)), Dense(2), Dense(1)], dtype="float32")
    model.compile(SGD(0.001), "mse")
    assert not passes(bind(model, problems.get(NAME)))


def test_a_model_of_our_own_with_another_rule_is_found_out() -> None:
    layers = [Input((2,)), Dense(2), Dense(1)]
    for rule, right in ((SGD(0.001), True), (Adam(0.001), False)):
        model = Sequential(layers, dtype="float64")
        model.compile(rule, "mse")
        assert passes(bind(model, problems.get(NAME))) is right
