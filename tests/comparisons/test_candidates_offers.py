"""What an object offers and does not fit is told; what fitted once and then does not is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from comparisons import problems
from comparisons.candidates import CandidateError, bind

PROBLEM = problems.get("regression_asymmetric")


class Right:
    """Right, and it offers whatever its class says of its ``numbers`` after a step."""

    def __init__(self) -> None:
        self.w: list[Any] = []
        self.steps = 0

    def set_weights(self, weights: list[Any]) -> None:
        self.w = weights

    def get_weights(self) -> list[Any]:
        return self.w

    def train_on_batch(self, x: Any, y: Any) -> float:
        w1, b1, w2, b2 = self.w
        hidden = x @ w1 + b1
        out = hidden @ w2 + b2
        d2 = 2 * (out - y)
        d1 = d2 @ w2.T
        self.seen = [hidden, out]
        self.moved = [x.T @ d1, d1[0], hidden.T @ d2, d2[0]]
        self.w = [w - 0.001 * g for w, g in zip(self.w, self.moved, strict=True)]
        self.steps += 1
        return float(np.mean((out - y) ** 2))


def offering(name: str, made_of: Callable[[Any], Any]) -> Any:
    """Return a class that offers something by a name, a method or, as ``@name``, an attribute."""
    return type(
        "Net", (Right,), {name.strip("@"): property(made_of) if name[0] == "@" else made_of}
    )


def failing(_: Any) -> Any:
    raise KeyError("dW1")


#: By what name an object offers what, and what is said of it.
MISFITS: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "a bias of a kernel's shape": (
        "@gradients",
        lambda net: [net.moved[0], np.full((2, 2), 99.0), *net.moved[2:]],
        (
            "gradients are offered and do not fit: dense/bias of the gradients of Net has shape "
            "(2, 2), and (2,) was wanted: not compared"
        ),
    ),
    "too few gradients": (
        "get_gradients",
        lambda net: net.moved[:2],
        (
            "gradients are offered and do not fit: the gradients of Net returned a list of 2, and "
            "a list of 4 arrays was wanted: not compared"
        ),
    ),
    "gradients of whole numbers": (
        "@grads",
        lambda net: [np.zeros(g.shape, int) for g in net.moved],
        (
            "gradients are offered and do not fit: dense/kernel of the gradients of Net holds "
            "int64 values, and floats were wanted: not compared"
        ),
    ),
    "a method that returns no gradients": (
        "get_gradients",
        lambda _: None,
        "gradients are offered and do not fit: Net.get_gradients returned None: not compared",
    ),
    "gradients that raise": (
        "@gradients",
        failing,
        "gradients are offered and cannot be had: Net.gradients raised KeyError: 'dW1' (",
    ),
    "transposed activations": (
        "get_activations",
        lambda net: [a.T for a in net.seen],
        (
            "activations are offered and do not fit: forward/dense/output has shape (2, 1), and "
            "(1, 2) was wanted: not compared"
        ),
    ),
    "too many activations": (
        "@activations",
        lambda net: net.seen * 2,
        (
            "activations are offered and do not fit: Net offers a list of 4, and a list of 2 "
            "arrays was wanted, for forward/dense/output, forward/dense_1/output: not compared"
        ),
    ),
    "activations in one array": (
        "get_activations",
        lambda _: np.zeros((2, 1, 2)),
        (
            "activations are offered and do not fit: Net offers an array of shape (2, 1, 2), and "
            "a list of 2 arrays was wanted"
        ),
    ),
    "activations with unequal rows": (
        "get_activations",
        lambda net: [[[1.0], [1.0, 2.0]], net.seen[1]],
        "forward/dense/output is no array: its rows have unequal lengths: not compared",
    ),
    "activations for which an attribute is missing": (
        "@activations",
        lambda net: net.hidden,
        "activations are offered and cannot be had: Net.activations raised AttributeError",
    ),
}


@pytest.mark.parametrize(("name", "made_of", "said"), MISFITS.values(), ids=MISFITS.keys())
def test_what_is_offered_and_does_not_fit_is_told(
    name: str, made_of: Callable[[Any], Any], said: str
) -> None:
    bound = bind(offering(name, made_of), PROBLEM)
    kind, prefix = said.split(maxsplit=1)[0], ("backward/", "forward/")
    assert said in "\n".join(bound.notes)
    assert not any(site.startswith(prefix) for site in bound.sites)
    assert not any(f"{kind} are not offered" in note for note in bound.notes)
    assert any(note.startswith("gradients inferred from the update") for note in bound.notes)


def test_what_is_not_offered_is_told_so() -> None:
    class Net(Right):
        gradients = None

    for candidate in (Right, Net):
        notes = bind(candidate, PROBLEM).notes
        assert not any("offered and" in note for note in notes)
        assert "activations are not offered (get_activations), and not compared" in notes


def test_the_first_that_fits_is_taken() -> None:
    class Net(Right):
        gradients = (0.0,)

        def grads(self) -> Any:
            return self.moved

    bound = bind(Net, PROBLEM)
    assert "gradients: grads" in bound.binding
    assert not any(note.startswith("gradients") for note in bound.notes)


@pytest.mark.parametrize(
    ("name", "made_of", "said"),
    [
        (
            "get_gradients",
            lambda net: [g if net.steps < 2 else g.T[:1] for g in net.moved],
            r"dense/kernel of the gradients of Net has shape \(1, 2\), and \(2, 2\) was wanted",
        ),
        (
            "@gradients",
            lambda net: net.moved if net.steps < 2 else None,
            "the gradients of Net returned None, and a list of 4 arrays was wanted",
        ),
        (
            "get_activations",
            lambda net: [a if net.steps < 2 else a.T for a in net.seen],
            r"forward/dense/output has shape \(2, 1\), and \(1, 2\) was wanted",
        ),
        (
            "get_activations",
            lambda net: net.seen[: 3 - net.steps],
            "the activations of Net are 1, and 2 were wanted",
        ),
        (
            "@activations",
            lambda net: net.seen if net.steps < 2 else failing(net),
            "Net.activations raised KeyError: 'dW1'",
        ),
    ],
)
def test_what_fitted_at_first_and_then_does_not_is_the_candidate_s_mistake(
    name: str, made_of: Callable[[Any], Any], said: str
) -> None:
    bound = bind(offering(name, made_of), PROBLEM)
    state, record = bound.step(bound.init(PROBLEM.weights), PROBLEM.x[:1], PROBLEM.y[:1])
    assert any(site.startswith(("backward/", "forward/")) for site in record)
    with pytest.raises(CandidateError, match=said):
        bound.step(state, PROBLEM.x[1:2], PROBLEM.y[1:2])


@pytest.mark.parametrize("name", ["regression_asymmetric", "momentum"])
@pytest.mark.parametrize(
    ("state", "what"), [([1.0], "a list of 1"), (None, "None"), (3, "of type int")]
)
def test_an_optimizer_s_state_that_is_no_dict_is_refused(name: str, state: Any, what: str) -> None:
    net = offering("get_optimizer_state", lambda _: state)
    said = f"^Net.get_optimizer_state returned {what}, and a dict of slots by layer/tensor/slot was"
    with pytest.raises(CandidateError, match=said):
        bind(net, problems.get(name))


def test_an_optimizer_s_state_that_is_no_dict_later_is_refused_then() -> None:
    bound = bind(offering("get_optimizer_state", lambda net: {} if net.steps < 2 else []), PROBLEM)
    state, _ = bound.step(bound.init(PROBLEM.weights), PROBLEM.x[:1], PROBLEM.y[:1])
    with pytest.raises(CandidateError, match="get_optimizer_state returned a list of 0"):
        bound.step(state, PROBLEM.x[1:2], PROBLEM.y[1:2])


def test_slots_by_other_names_are_told() -> None:
    problem = problems.get("momentum")
    wanted = [f"{path}/momentum" for path in problem.weights]

    def notes(*names: str) -> str:
        net = offering("get_optimizer_state", lambda _: dict.fromkeys(names, 0.0))
        return "\n".join(bind(net, problem).notes)

    assert "slots are" not in notes("iterations", *wanted)
    assert "slots are" not in notes()
    said = notes("velocity", *wanted[1:])
    assert "slots are offered and do not fit: get_optimizer_state has velocity, " in said
    assert f"and {wanted[0]} were wanted: not compared" in said
