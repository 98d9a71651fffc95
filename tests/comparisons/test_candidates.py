"""Anyone's own implementation, bound by the names it uses: parity, mistakes, and refusals."""
# ruff: noqa: N803, N806  capital letters are matrices, as in the notes

from typing import Any

import numpy as np
import pytest

import scratch
from comparisons import ParityError, check, problems
from comparisons.candidates import BindingError, bind
from scratch import tutorial

NOTES = vars(tutorial)


@pytest.mark.parametrize(
    "name",
    ["regression", "classification", "regression_asymmetric", "classification_asymmetric"],
)
def test_functions_in_the_shape_of_the_notes_are_bound_and_reach_parity(name: str) -> None:
    problem = problems.get(name)
    bound = bind(NOTES, problem)
    suffix = "_clf" if "classification" in name else ""
    assert bound.binding[0].startswith(f"forward: L_layer_forward{suffix}(X, parameters)")
    assert any("kernels (inputs, units); biases (n, 1); features first" in b for b in bound.binding)
    checked = check(bound, problem)
    assert checked.passed
    assert "update/dense/kernel" in checked.verdicts[0].sites


def halved(
    parameters: dict[str, Any], y: Any, y_hat: Any, A1: Any, X: Any, learning_rate: float = 0.001
) -> None:
    """An update without the factor 2, with the names of the notes."""
    tutorial.update_parameters(parameters, y, y_hat, A1, X, learning_rate / 2)


def test_a_mistake_in_such_functions_is_found_and_explained() -> None:
    problem = problems.get("regression_asymmetric")
    bound = bind(NOTES | {"update_parameters": halved}, problem)
    with pytest.raises(ParityError) as caught:
        check(bound, problem)
    assert "update/dense/kernel: DIVERGED" in str(caught.value)
    named = {name for one in caught.value.checked.explanations for name in one.names}
    assert "factor 2 missing" in named


class Learner:
    """Keras's three verbs and nothing else."""

    def __init__(self, learning_rate: float = 0.001) -> None:
        layers = [scratch.Input((2,)), scratch.Dense(2), scratch.Dense(1)]
        self._model = scratch.Sequential(layers, dtype="float64")
        self._model.compile(scratch.optimizers.SGD(learning_rate), "mse")

    def set_weights(self, weights: list[Any]) -> None:
        self._model.set_weights(weights)

    def get_weights(self) -> list[Any]:
        return self._model.get_weights()

    def train_on_batch(self, x: Any, y: Any) -> float:
        return self._model.train_on_batch(x, y)


@pytest.mark.parametrize("candidate", [Learner, Learner()], ids=["class", "object"])
def test_an_object_with_keras_s_verbs_is_bound_and_reaches_parity(candidate: Any) -> None:
    problem = problems.get("regression_asymmetric")
    bound = bind(candidate, problem)
    checked = check(bound, problem)
    assert checked.passed
    assert "loss/value" in checked.verdicts[0].sites


def test_an_object_with_another_learning_rate_is_told_so_and_fails() -> None:
    problem = problems.get("regression_asymmetric")
    bound = bind(Learner(0.01), problem)
    assert any("learning rate in the object: 0.01" in sentence for sentence in bound.binding)
    with pytest.raises(ParityError, match="learning rate ten times too large"):
        check(bound, problem)


def test_what_is_handed_over_is_a_copy() -> None:
    problem = problems.get("regression")

    def greedy(X: Any, parameters: Any) -> Any:
        A, A_prev = tutorial.L_layer_forward(X, parameters)
        A, A_prev = A.copy(), A_prev.copy()
        X[:] = np.nan
        return A, A_prev

    before = problem.x.copy()
    bind(NOTES | {"L_layer_forward": greedy}, problem)
    assert np.array_equal(problem.x, before)


@pytest.mark.parametrize("namespace", [{}, {"forward": tutorial.L_layer_forward}])
def test_a_file_without_what_is_needed_is_refused(namespace: dict[str, Any]) -> None:
    with pytest.raises(BindingError):
        bind(namespace, problems.get("regression"))
