"""What is bound for one problem serves that problem, and is bound anew for another."""

from collections.abc import Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import learners
import numpy as np
import pytest

from comparisons import Problem, problems
from comparisons.candidates import BindingError, Bound, bind, bind_functions
from comparisons.problems import differing

CLASSIC = problems.get("classification_asymmetric")
SPACE = learners.load("course_caches")


def at(rate: float, problem: Problem = CLASSIC) -> Problem:
    """Return the same problem with another learning rate."""
    optimizer = problem.training["optimizer"]
    config = {**optimizer["config"], "learning_rate": rate}
    return replace(
        problem, training={**problem.training, "optimizer": {**optimizer, "config": config}}
    )


def first_record(bound: Bound, problem: Problem) -> Mapping[str, Any]:
    rows = slice(problem.batch_size)
    return bound.step(bound.init(problem.weights), problem.x[rows], problem.y[rows])[1]


def same_records(one: Bound, other: Bound, problem: Problem) -> bool:
    ours, theirs = first_record(one, problem), first_record(other, problem)
    return ours.keys() == theirs.keys() and all(
        ours[site].dtype == theirs[site].dtype and np.array_equal(ours[site], theirs[site])
        for site in ours
    )


class Widths:
    """An object that trains somehow."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def set_weights(self, weights: list[Any]) -> None:
        self.w = weights

    def get_weights(self) -> list[Any]:
        return self.w

    def train_on_batch(self, x: Any, y: Any) -> float:
        self.w = [w - self.lr for w in self.w]
        return 0.5


class OfAProblem:
    """A trainer that is made for a problem."""

    sites = None

    def __init__(self, problem: Problem) -> None:
        self.rate = problem.network.optimizer.learning_rate
        self.sites = {f"update/{path}" for path in problem.weights}

    def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
        return weights

    def step(self, state: Any, x: Any, y: Any) -> Any:
        state = {path: w - self.rate for path, w in state.items()}
        return state, {f"update/{path}": w for path, w in state.items()}


def of_a_problem(problem: Problem) -> OfAProblem:
    return OfAProblem(problem)


def module() -> ModuleType:
    made = ModuleType("made")
    vars(made).update(SPACE)
    return made


CANDIDATES: dict[str, Any] = {
    "functions": SPACE,
    "a module": module(),
    "a class": Widths,
    "a class of a problem": OfAProblem,
    "a function of a problem": of_a_problem,
    "a function that binds": lambda problem: bind(SPACE, problem),
    "a file with one": {"made": bind(SPACE, CLASSIC)},
}


@pytest.mark.parametrize("candidate", CANDIDATES.values(), ids=CANDIDATES.keys())
def test_for_another_learning_rate_it_is_bound_anew(candidate: Any) -> None:
    slow, fast = at(0.005), at(0.05)
    bound = bind(candidate, slow)
    for _ in range(2):
        again = bind(bound, fast)
        assert again is not bound
        assert not differing(again.problem, fast)
        assert again.binding == bind(candidate, fast).binding
        assert same_records(again, bind(candidate, fast), fast)
        assert not same_records(again, bound, fast)
        bound = bind(again, slow)


@pytest.mark.parametrize("candidate", CANDIDATES.values(), ids=CANDIDATES.keys())
def test_for_another_dtype_it_is_bound_anew(candidate: Any) -> None:
    single = CLASSIC.astype("float32")
    again = bind(bind(candidate, CLASSIC), single)
    assert {array.dtype.name for array in first_record(again, single).values()} == {"float32"}
    assert same_records(again, bind(candidate, single), single)


def test_for_the_same_problem_it_is_returned_as_it_is() -> None:
    bound = bind(SPACE, CLASSIC)
    assert bind(bound, CLASSIC) is bound
    assert bind(bound, replace(CLASSIC, name="by another name")) is bound
    assert bound.problem is CLASSIC


def test_a_maker_may_return_the_same_one_every_time() -> None:
    kept = bind(SPACE, at(0.005))
    bound = bind(lambda _: kept, at(0.05))
    assert same_records(bound, bind(SPACE, at(0.05)), at(0.05))
    assert same_records(bind(bound, at(0.01)), bind(SPACE, at(0.01)), at(0.01))


def test_functions_given_one_by_one_are_bound_anew() -> None:
    functions = {
        "forward": SPACE["L_model_forward"],
        "backward": SPACE["L_model_backward"],
        "update": SPACE["update_parameters"],
        "initialize": SPACE["initialize_parameters_deep"],
    }
    again = bind(bind_functions(at(0.005), **functions), at(0.05))
    assert again.binding[-1].startswith("learning rate: 0.05, the problem's")
    again = bind(again, at(0.05), names={"forward": "L_model_forward"})
    again = bind(again, at(0.01))
    assert bind(again, at(0.01), names={"forward": "L_model_forward"}) is again
    assert same_records(again, bind_functions(at(0.01), **functions), at(0.01))


def test_answers_are_kept_and_more_can_be_given() -> None:
    two = {**SPACE, "L_model_forward_too": SPACE["L_model_forward"]}
    with pytest.raises(BindingError, match="which is the forward function"):
        bind(two, CLASSIC)
    answer = {"forward": "L_model_forward_too"}
    bound = bind(two, CLASSIC, names=answer)
    assert bind(bound, CLASSIC, names=answer) is bound
    again = bind(bound, at(0.05), names={"loss": ""})
    assert again.binding[0].startswith("forward: L_model_forward_too(")
    assert "loss/value" not in again.sites
    with pytest.raises(BindingError, match="'lss', which is nothing that can be answered"):
        bind(bound, CLASSIC, names={"lss": "compute_cost"})


def test_one_of_which_the_candidate_is_not_known_is_refused_for_another_problem() -> None:
    bound = bind(SPACE, CLASSIC)
    own = Bound(bound, CLASSIC, sites=bound.sites, binding=bound.binding)
    assert bind(own, CLASSIC) is own
    said = (
        r"it was bound for problem 'classification_asymmetric' \(float64\), and is to be bound for "
        r"'classification_asymmetric' \(float64\), which differs in optimizer; .*"
        r"bind the candidate itself, bind\(candidate, problem\)"
    )
    with pytest.raises(BindingError, match=said):
        bind(own, at(0.005))
    with pytest.raises(BindingError, match=r"\(float32\), which differs in dtype, x, "):
        bind(own, CLASSIC.astype("float32"))
