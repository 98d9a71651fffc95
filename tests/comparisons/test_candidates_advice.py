"""What is wrong in a learner's file is said first, in one sentence, as the file has it."""

from pathlib import Path
from typing import Any

import learners
import numpy as np
import pytest

from comparisons import Problem, compare, problems
from comparisons.candidates import BindingError, CandidateError, bind
from comparisons.problems.defining import define
from comparisons.runs import MODES
from comparisons.traces import shipped
from scratch import Dense
from scratch.losses import MeanSquaredError
from scratch.optimizers import SGD

FORWARD = """\
import numpy as np
def forward(X, params):
    A1 = np.tanh(params["W1"] @ X + params["b1"])
    A2 = params["W2"] @ A1 + params["b2"]
    return A2, (X, A1, A2)
"""
DELTAS = """\
def back_prop(params, cache, Y):
    X, A1, A2 = cache
    dZ2 = 2 * (A2 - Y) / Y.shape[1]
    dZ1 = (params["W2"].T @ dZ2) * (1 - A1**2)
"""
DICT = """\
    dW2, db2 = dZ2 @ A1.T, dZ2.sum(axis=1, keepdims=True)
    dW1, db1 = dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True)
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
"""
TUPLE = """\
    return dZ1 @ X.T, dZ1.sum(1, keepdims=True), dZ2 @ A1.T, dZ2.sum(1, keepdims=True)
"""
UPDATE = """\
def update(params, grads, lr):
    new = {}
    for key in params:
        new[key] = params[key] - lr * grads["d" + key]
    return new
"""
APART = """\
def update(params, dW1, db1, dW2, db2, lr):
    params["W1"] = params["W1"] - lr * dW1
    params["b1"] = params["b1"] - lr * db1
    params["W2"] = params["W2"] - lr * dW2
    params["b2"] = params["b2"] - lr * db2
    return params
"""
WHOLE = FORWARD + DELTAS + DICT + UPDATE
PARTS = FORWARD + DELTAS + TUPLE + APART
NET = """\
import numpy as np
class Net:
    def __init__(self, n_input, n_hidden, n_output, lr=0.1):
        self.lr = lr
        self.w = [np.zeros(s) for s in ((n_input, n_hidden), n_hidden, (n_hidden, n_output))]
        self.w.append(np.zeros(n_output))
    def set_weights(self, weights): self.w = weights
    def get_weights(self): return self.w
    def train_on_batch(self, X, y):
        W1, b1, W2, b2 = self.w
        A1 = np.tanh(X @ W1 + b1)
        error = A1 @ W2 + b2 - y
        d2 = 2 * error / len(X)
        d1 = (d2 @ W2.T) * (1 - A1**2)
        grads = [X.T @ d1, d1.sum(0), A1.T @ d2, d2.sum(0)]
        self.w = [w - self.lr * g for w, g in zip(self.w, grads)]
        return np.mean(error**2)
"""


def bound(text: str, *changes: tuple[str, str], **names: str) -> Any:
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return bind(learners.run(text), problems.get("short_last_batch"), names=names)


def square(rate: float) -> Problem:
    """Return a problem in which both layers have the same shapes."""
    return define(
        "square",
        "In which order are gradients of the same shapes?",
        [Dense(2, "tanh"), Dense(2)],
        MeanSquaredError(),
        SGD(rate),
        (np.array([[0.5, -1.2], [-0.3, 0.8]]), np.array([[0.1, 0.2], [0.3, 0.4]])),
        weights=0.5,
        batch_size=2,
        epochs=1,
    )


def passes(candidate: Any) -> bool:
    """Return whether training ends as Keras's does, in a free run and in a locked one."""
    reference = shipped("short_last_batch", "float64")
    found = compare(
        candidate.problem, candidate=candidate, reference=reference, modes=MODES, sensitive=False
    )
    return all(verdict.passed for verdict in found)


@pytest.mark.parametrize("text", [WHOLE, PARTS, NET], ids=["dict", "tuple", "class"])
def test_the_pieces_of_these_tests_are_right(text: str) -> None:
    assert passes(bound(text))


def test_an_update_without_its_return_is_refused_by_the_name_of_what_it_drops() -> None:
    with pytest.raises(BindingError) as refused:
        bound(WHOLE, ("    return new\n", ""))
    said = "update neither changes the parameters nor returns them: is `return new` missing?"
    assert str(refused.value) == said


def test_an_update_that_rebinds_its_arguments_and_returns_nothing_is_refused() -> None:
    text = """\
import numpy as np
def forward(X, W1, b1, W2, b2):
    return W2 @ np.tanh(W1 @ X + b1) + b2
def update(X, Y, A2, W1, b1, W2, b2, lr):
    W2 = W2 - lr * (A2 - Y).mean()
    b2 = b2 - lr * (A2 - Y).mean()
"""
    with pytest.raises(BindingError, match=r"nor returns them: is `return W2, b2` missing\?"):
        bound(text)


@pytest.mark.parametrize("temporary", ["", "    steps = {}\n    steps['W1'] = 0\n"])
def test_an_update_in_place_by_a_rate_of_zero_is_noted_and_compared(temporary: str) -> None:
    text = """\
def update(params, grads):
    for key in params:
        params[key] = params[key] - 0 * grads["d" + key]
"""
    found = bound(WHOLE.replace(UPDATE, text + temporary))
    assert found.notes[0] == (
        "update neither changes the parameters nor returns them: is its learning rate 0, or a "
        "`return` missing?"
    )
    assert "update: update(params, grads), changes no parameter" in found.binding
    assert not passes(found)


def test_a_learning_rate_of_zero_is_no_forgotten_return() -> None:
    found = bind(learners.run(WHOLE), square(0.0))
    assert found.notes[0] == "update changed no parameter when it was tried"


def test_a_backward_without_its_return_is_told_so() -> None:
    gradients = '{"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}'
    text = WHOLE.replace(f"return {gradients}", f"grads = {gradients}")
    with pytest.raises(CandidateError, match="back_prop returned None: is `return grads` missing"):
        bound(text)


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (
            WHOLE,
            "dZ2 @ A1.T",
            "A1 @ dZ2.T",
            r"dW2 from back_prop has shape \(3, 1\), and W2 has \(1, 3\): it is transposed \(",
        ),
        (
            WHOLE,
            "dZ1 @ X.T",
            "X @ dZ1.T",
            r"dW1 from back_prop has shape \(2, 3\), and W1 has \(3, 2\): it is transposed \(",
        ),
        (
            WHOLE,
            "dZ1.sum(axis=1, keepdims=True)",
            "dZ1.sum(axis=1)",
            r"db1 from back_prop has shape \(3,\), and b1 has \(3, 1\): is keepdims=True missing",
        ),
        (
            PARTS,
            "dZ1 @ X.T",
            "X @ dZ1.T",
            r"dW1 from back_prop has shape \(2, 3\), and W1 has \(3, 2\): it is transposed \(",
        ),
    ],
    ids=["last kernel", "first kernel", "bias", "in a tuple"],
)
def test_a_gradient_of_another_shape_is_named_with_its_parameter(
    text: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(CandidateError, match=said):
        bound(text, (old, new))


def test_a_gradient_that_only_broadcasts_is_noted() -> None:
    found = bound(WHOLE, ("dZ1.sum(axis=1, keepdims=True)", "dZ1.sum()"))
    assert "db1 from back_prop has shape (), and b1 has (3, 1)" in found.notes


def test_a_gradient_that_the_update_turns_round_is_no_mistake() -> None:
    found = bound(
        WHOLE,
        ("dZ1 @ X.T", "X @ dZ1.T"),
        ('grads["d" + key]', '(grads["d" + key].T if key == "W1" else grads["d" + key])'),
    )
    assert passes(found)


def test_parameters_of_another_shape_are_told_in_the_shape_of_the_file() -> None:
    with pytest.raises(CandidateError) as raised:
        bound(WHOLE, ("    return new\n", '    new["b1"] = np.ones((3, 3))\n    return new\n'))
    said = "b1 of the parameters after update has shape (3, 3), and (3, 1) was wanted"
    assert str(raised.value).startswith(said)


def test_the_error_of_the_natural_way_to_call_is_told_not_that_which_comes_furthest() -> None:
    text = """\
    if Y.ndim == 2:
        raise ValueError("as forward returns it")
    raise ValueError("flat")
"""
    with pytest.raises(CandidateError, match="ValueError: as forward returns it"):
        bound(WHOLE, (DICT, text))


@pytest.mark.parametrize("order", ["layers", "reversed", "kinds"])
def test_gradients_without_names_are_in_the_one_order_that_their_shapes_allow(order: str) -> None:
    first, last = "dZ1 @ X.T, dZ1.sum(1, keepdims=True)", "dZ2 @ A1.T, dZ2.sum(1, keepdims=True)"
    returned = {
        "layers": f"{first}, {last}",
        "reversed": f"{last}, {first}",
        "kinds": ("dZ1 @ X.T, dZ2 @ A1.T, dZ1.sum(1, keepdims=True), dZ2.sum(1, keepdims=True)"),
    }[order]
    wrong = DELTAS.replace('params["W2"].T', 'params["W2"].T[::-1]')
    # The update takes them all by name, in an order that tells nothing of what is returned.
    found = bound(FORWARD + wrong + f"    return {returned}\n" + APART)
    assert "backward/dense_1/kernel" in found.sites
    record = _step(found)
    reference = _step(bound(PARTS))
    right = ["backward/dense_1/kernel", "backward/dense_1/bias"]
    assert all(np.allclose(record[site], reference[site]) for site in right)


def _step(candidate: Any) -> Any:
    problem = candidate.problem
    rows = slice(problem.batch_size)
    return candidate.step(candidate.init(problem.weights), problem.x[rows], problem.y[rows])[1]


#: A wrong file for a problem in which both layers have the same shapes.
ALIKE = FORWARD + DELTAS.replace("2 * (A2", "5 * (A2") + TUPLE
UNPACKS = """\
def update(params, grads, lr):
    dW1, db1, dW2, db2 = grads
    return {
        "W1": params["W1"] - lr * dW1, "b1": params["b1"] - lr * db1,
        "W2": params["W2"] - lr * dW2, "b2": params["b2"] - lr * db2,
    }
"""
INDEXES = """\
def update(params, grads, lr):
    return {key: params[key] - lr * g for key, g in zip(("W1", "b1", "W2", "b2"), grads)}
"""


@pytest.mark.parametrize("update", [UNPACKS, APART], ids=["unpacked", "arguments"])
def test_gradients_that_fit_in_several_orders_are_in_that_of_the_update(update: str) -> None:
    found = bind(learners.run(ALIKE + update), square(0.1))
    assert "backward/dense/kernel" in found.sites
    turned = update.replace("dW1, db1, dW2, db2", "dW2, db2, dW1, db1")
    assert turned != update
    other = bind(learners.run(ALIKE + turned), square(0.1))
    here, there = _step(found), _step(other)
    assert np.array_equal(here["backward/dense/kernel"], there["backward/dense_1/kernel"])


def test_an_order_of_gradients_that_nothing_tells_is_asked_and_can_be_answered() -> None:
    with pytest.raises(BindingError) as asked:
        bind(learners.run(ALIKE + INDEXES), square(0.1))
    assert str(asked.value) == (
        "in which order does back_prop(params, cache, Y) return its gradients, dW1, db1, dW2, db2 "
        "or dW2, db2, dW1, db1? Answer with names={'gradients': 'dW1, db1, dW2, db2'}, or return "
        "them by name"
    )
    space = learners.run(ALIKE + INDEXES)
    first = bind(space, square(0.1), names={"gradients": "dW1, db1, dW2, db2"})
    last = bind(space, square(0.1), names={"gradients": "dW2,db2,dW1,db1"})
    here, there = _step(first), _step(last)
    assert np.array_equal(here["backward/dense/kernel"], there["backward/dense_1/kernel"])
    with pytest.raises(BindingError, match="'gradients': 'dW1', and dW1, db1, dW2, db2 in some"):
        bind(space, square(0.1), names={"gradients": "dW1"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            (
                "class Net:\n    def forward(self): ...\n    def backward(self): ...\n"
                "    def train(self): ...\n"
            ),
            (
                "nothing to compare was found: Net has forward, backward, train: give it "
                "set_weights, get_weights and train_on_batch (docs/candidates.md), or write "
                "functions forward and update"
            ),
        ),
        (
            (
                "class Net:\n    def fit(self): ...\n    def set_weights(self): ...\n"
                "    def get_weights(self): ...\n"
            ),
            (
                "nothing to compare was found: Net has fit, set_weights, get_weights: give it "
                "train_on_batch (docs/candidates.md), or write functions forward and update"
            ),
        ),
        (
            (
                "def relu_grad(z): ...\nclass Layer:\n    def forward(self): ...\n"
                "class Net:\n    def forward(self): ...\n    def train(self): ...\n"
                "class Loss:\n    def forward(self): ...\n"
            ),
            (
                "nothing to compare was found: Net has forward, train: give it set_weights, "
                "get_weights and train_on_batch (docs/candidates.md), or write functions forward "
                "and update"
            ),
        ),
        (
            "lr = 0.1\nfor epoch in range(3): pass\n",
            (
                "nothing to compare was found: the file has no functions. Put one forward pass "
                "and one update into functions, forward(X, parameters) and "
                "update_parameters(parameters, …) (docs/candidates.md)"
            ),
        ),
        (
            "def sigmoid(z): ...\ndef train(X, y): ...\n",
            (
                "nothing to compare was found: the file has sigmoid, train. Put one forward pass "
                "and one update into functions, forward(X, parameters) and "
                "update_parameters(parameters, …) (docs/candidates.md)"
            ),
        ),
    ],
    ids=["a class", "nearly a candidate", "the class that trains", "a script", "one function"],
)
def test_a_file_with_nothing_to_compare_is_told_what_to_write(text: str, said: str) -> None:
    with pytest.raises(BindingError) as refused:
        bound(text)
    assert str(refused.value) == said


def test_a_class_may_ask_for_the_width_of_each_layer() -> None:
    assert "Net(n_input=2, n_hidden=3, n_output=1, lr=0.05)" in bound(NET).binding[0]
    names = ("n_input, n_hidden, n_output, lr", "input_size, hidden_size, output_size, eta")
    text = NET.replace("n_input, n_hidden, n_output, lr", names[1], 1)
    for old in ("input", "hidden", "output"):
        text = text.replace(f"n_{old}", f"{old}_size")
    found = bound(text.replace("self.lr = lr", "self.lr = eta"))
    assert "Net(input_size=2, hidden_size=3, output_size=1, eta=0.05)" in found.binding[0]


def test_one_hidden_width_is_refused_for_more_hidden_layers_and_left_where_it_has_a_default() -> (
    None
):
    deep = problems.get("deep_tanh")
    with pytest.raises(BindingError, match="Net needs n_hidden, for one hidden layer, and problem"):
        bind(learners.run(NET), deep)
    text = NET.replace("n_hidden, n_output, lr=0.1", "n_output, lr=0.1, n_hidden=7")
    with pytest.raises((BindingError, CandidateError)) as refused:
        bind(learners.run(text), deep)
    assert "for one hidden layer" not in str(refused.value)


@pytest.mark.parametrize("path", ["net.py", Path("net.py")], ids=["text", "path"])
def test_a_path_is_told_how_a_file_is_checked(path: Any) -> None:
    with pytest.raises(BindingError) as refused:
        bind(path, problems.get("regression"))
    said = "a file is checked with `keras-parity check net.py`, or imported and given as a module"
    assert str(refused.value).startswith(said)


def test_targets_given_flat_beside_an_output_with_two_axes_are_noted() -> None:
    said = "y is given flat, as (batch,): like what forward returns, with two axes, it raises or "
    found = bound(PARTS, ("Y.shape[1]", "Y.shape[0]"))
    assert f"{said}gives other numbers" in found.notes
    assert "backward: back_prop(params, cache, Y); y as (batch,), y_hat as (batch,)" in (
        found.binding
    )
    assert f"{said}gives other numbers" not in bound(PARTS).notes


def test_class_numbers_given_flat_are_not_noted() -> None:
    space = learners.load(
        "softmax_rows", ("(y_pred - y_true) / len(X)", "(y_pred - np.eye(3)[y_true]) / len(X)")
    )
    found = bind(space, problems.get("softmax_sparse"))
    assert any("y as (batch,)" in said for said in found.binding)
    assert not any("flat" in note for note in found.notes)
