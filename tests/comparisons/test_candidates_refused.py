"""What cannot be bound is refused with a sentence that says what to do."""

import sys
from functools import partial
from types import SimpleNamespace
from typing import Any

import learners
import numpy as np
import pytest

from comparisons import Problem, problems
from comparisons.candidates import BindingError, CandidateError, bind, bind_functions
from comparisons.problems.catalogue import define
from scratch import Dense
from scratch.losses import MeanSquaredError
from scratch.optimizers import SGD

FORWARD = """\
import numpy as np
def forward(X, parameters):
    A1 = parameters["W1"].T @ X + parameters["b1"]
    return parameters["W2"].T @ A1 + parameters["b2"], A1
"""
UPDATE = """\
def update(parameters, y, y_hat, A1, X, lr):
    d2 = np.array([[2 * (y_hat - y)]])
    d1 = parameters["W2"] @ d2
    new = {"W2": A1 @ d2.T, "b2": d2, "W1": X @ d1.T, "b1": d1}
    for name, g in new.items():
        parameters[name] = parameters[name] - lr * g
"""
CLASS = """\
class Net:
    def set_weights(self, weights): self.w = weights
    def get_weights(self): return self.w
    def train_on_batch(self, x, y): return 0.0
"""


def bound(text: str, name: str = "regression_asymmetric", **names: str) -> Any:
    given = {key.replace("__", "."): value for key, value in names.items()}
    return bind(learners.run(text), problems.get(name), names=given)


def _square() -> Problem:
    return define(
        "square",
        "Which way round is a square kernel?",
        [Dense(2), Dense(2)],
        MeanSquaredError(),
        SGD(0.1),
        (np.array([[0.5, -1.2], [-0.3, 0.8]]), np.array([[0.1, 0.2], [0.3, 0.4]])),
        weights=0.5,
        epochs=1,
    )


def test_the_pieces_of_these_tests_bind() -> None:
    assert len(bound(FORWARD + UPDATE).sites) == 6
    assert len(bound(CLASS).sites) == 5


#: What a file has, and what the refusal must say.
REFUSED: dict[str, tuple[str, str]] = {
    "nothing": (
        "def helper(a): return a\n",
        "nothing to compare was found: looked for a forward function .* the file has helper",
    ),
    "no forward": (
        UPDATE,
        (
            "no forward function was found: looked for one named like L_layer_forward.*"
            "there is none so named.*names={'forward': 'my_forward'}"
        ),
    ),
    "no update": (
        FORWARD,
        "no update function that can be called was found: .*there is none so named",
    ),
    "globals": (
        "import numpy as np\nW1 = np.ones((2, 2))\ndef forward(X): return W1.T @ X\n" + UPDATE,
        (
            r"forward\(X\) takes no parameters, so it must read them from global variables \(W1\), "
            r".*write it as forward\(X, parameters\)"
        ),
    ),
    "an unknown argument": (
        FORWARD + UPDATE.replace("A1, X, lr", "A1, X, lr, q"),
        (
            r"update\(parameters, y, y_hat, A1, X, lr, q\) asks for q\. .*"
            "names={'my_update.argument': 'y_hat'}"
        ),
    ),
    "an unknown argument of backward": (
        FORWARD + "def backward(y, y_hat, q): return {}\ndef update(parameters, grads, lr): pass\n",
        (
            r"update\(parameters, grads, lr\) asks for grads; backward\(y, y_hat, q\), which may "
            "give gradients, asks for q"
        ),
    ),
    "two forwards": (
        FORWARD + UPDATE + "def forward2(X, parameters):\n    return forward(X, parameters)\n",
        (
            r"which is the forward function, forward\(X, parameters\) or "
            r"forward2\(X, parameters\)\? Answer with names={'forward': 'forward'}"
        ),
    ),
    "two updates": (
        FORWARD + UPDATE + UPDATE.replace("def update", "def update_all"),
        (
            r"which is the update function, update\(.*\) or update_all\(.*\)\? "
            "Answer with names={'update': 'update'}"
        ),
    ),
    "two losses": (
        FORWARD
        + UPDATE
        + "def loss(y, y_hat): return (y - y_hat) ** 2\n"
        + "def cost(y, y_hat): return (y - y_hat) ** 2\n",
        r"which is the loss function, loss\(y, y_hat\) or cost\(y, y_hat\)\?",
    ),
    "functions and a class": (
        FORWARD + UPDATE + CLASS,
        (
            "which is meant, Net or the functions forward and update\\? "
            "Answer with names={'candidate': 'Net'} or names={'forward': 'forward'}"
        ),
    ),
    "two classes": (
        CLASS + CLASS.replace("Net", "Other"),
        "which is meant, Net or Other\\? Answer with names={'candidate': 'Net'}",
    ),
    "a class that needs arguments": (
        CLASS + "    def __init__(self, flavour): pass\n",
        r"Net needs arguments that are not known \(flavour\): give .* names={'candidate': 'make'}",
    ),
    "another kind of problem": (
        FORWARD.replace("forward(", "forward_clf(").replace("A1 =", "A1 = 1 +") + UPDATE,
        "forward_clf.* is named for another kind of problem than 'regression_asymmetric'",
    ),
    "several outputs": (
        "def forward(X, parameters):\n"
        "    o = parameters['W2'].T @ parameters['W1'].T @ X\n"
        "    return o + 1, o + 2, o + 3\n" + UPDATE,
        (
            r"which of the values that forward\(X, parameters\) returns is the output of the last "
            r"layer, 0 or 1 or 2\? Answer with names={'output': '2'}"
        ),
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BindingError, match=said):
        bound(text)


def test_questions_can_be_answered() -> None:
    text = REFUSED["two forwards"][0]
    assert bound(text, forward="forward").binding[0].startswith("forward: forward(X, parameters)")
    text = REFUSED["an unknown argument"][0].replace("X, lr, q", "X, q")
    assert bound(text.replace("- lr *", "- q *"), update__q="learning_rate").sites
    text = REFUSED["functions and a class"][0]
    assert bound(text, candidate="Net").binding[0].startswith("object: Net")
    assert bound(text, forward="forward").binding[0].startswith("forward: forward")
    text = REFUSED["two losses"][0]
    assert "loss/value" in bound(text, loss="loss").sites
    assert "loss/value" not in bound(text, loss="").sites
    text = REFUSED["a class that needs arguments"][0] + "def make(): return Net(1)\n"
    assert bound(text, candidate="make").sites


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            {"forward": "mine"},
            "names has 'forward': 'mine', and the file has the functions",
        ),
        ({"candidate": "mine"}, "names has 'candidate': 'mine', and the file has forward, update"),
        ({"fordward": "x"}, "names has 'fordward', which is nothing that can be answered"),
        ({"update.lr": "speed"}, "names has 'update.lr': 'speed', and one of .* was wanted"),
        ({"kernels": "sideways"}, r"names has 'kernels': 'sideways', and one of \(inputs, units\)"),
        ({"candidate": "forward"}, "an object of type function cannot be bound"),
    ],
)
def test_an_answer_that_is_none_is_refused(names: dict[str, str], said: str) -> None:
    with pytest.raises(BindingError, match=said):
        bind(learners.run(FORWARD + UPDATE), problems.get("regression"), names=names)


def test_which_way_round_square_kernels_are_is_asked_where_nothing_tells() -> None:
    square = _square()
    wrong = (
        (FORWARD + UPDATE)
        .replace(' + parameters["b1"]', "")
        .replace("d2 = np.array([[2 * (y_hat - y)]])", "d2 = y_hat - y")
    )
    with pytest.raises(BindingError, match=r"are the kernels of forward.* Answer with names=") as e:
        bind(learners.run(wrong), square)
    assert "'kernels': '(units, inputs)'" in str(e.value)
    answered = bind(learners.run(wrong), square, names={"kernels": "(inputs, units)"})
    assert "kernels (inputs, units)" in answered.binding[1]
    told = wrong + (
        "def initialize_parameters(layer_dims):\n"
        "    return {'W1': np.ones((2, 2)), 'b1': np.zeros((2, 1)), "
        "'W2': np.ones((2, 2)), 'b2': np.zeros((2, 1))}\n"
    )
    with pytest.raises(BindingError, match="are the kernels"):
        bind(learners.run(told), square)


def test_a_question_about_the_order_of_weights_can_be_answered() -> None:
    text = """\
class Odd:
    def __init__(self): self.w = [0] * 4
    def get_weights(self): return [self.w[2], self.w[0], self.w[3], self.w[1]]
    def set_weights(self, weights): self.w = [weights[1], weights[3], weights[0], weights[2]]
    def train_on_batch(self, x, y):
        self.w = [w - 0.1 for w in self.w]
"""
    problem = problems.get("several_outputs")
    text = text.replace("[0] * 4", "[__import__('numpy').zeros(s) for s in ((2, 4), 4, (4, 3), 3)]")
    odd = bind(learners.run(text), problem)
    order = "dense_1/kernel, dense/kernel, dense_1/bias, dense/bias"
    assert odd.binding[1].startswith(f"weights: {order}")


def test_an_order_that_shapes_do_not_tell_is_asked() -> None:
    text = """\
import numpy as np
class Grouped:
    def __init__(self): self.w = [np.zeros(s) for s in ((2, 2), (2, 2), 2, 2)]
    def get_weights(self): return self.w
    def set_weights(self, weights): self.w = list(weights)
    def train_on_batch(self, x, y):
        self.w = [w - 0.1 for w in self.w]
        return 0.5
"""
    square = _square()
    with pytest.raises(BindingError, match="in which order does Grouped have its weights") as asked:
        bind(learners.run(text), square)
    assert "Answer with names={'weights': " in str(asked.value)
    order = "dense/kernel, dense_1/kernel, dense/bias, dense_1/bias"
    answered = bind(learners.run(text), square, names={"weights": order})
    assert answered.binding[1].startswith(f"weights: {order}")
    with pytest.raises(BindingError, match="in some order were wanted"):
        bind(learners.run(text), square, names={"weights": "dense/kernel"})


@pytest.mark.parametrize("name", ["flatten"])
def test_functions_are_for_dense_layers_on_rows(name: str) -> None:
    with pytest.raises(BindingError, match="is not one for functions, which are for Dense layers"):
        bound(FORWARD + UPDATE, name)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (3, "an object of type int cannot be bound"),
        (
            SimpleNamespace(set_weights=print, get_weights=print),
            "an object of type SimpleNamespace",
        ),
        (dict, "class dict cannot be bound"),
        (lambda: 5, r"what <lambda>\(\) makes, of type int, cannot be bound"),
        (lambda _: 5, r"what <lambda>\(_\) makes, of type int, cannot be bound"),
        (lambda x, w: x @ w, "an object of type function cannot be bound"),
    ],
)
def test_what_is_no_candidate_is_refused(candidate: Any, said: str) -> None:
    with pytest.raises(BindingError, match=said):
        bind(candidate, problems.get("regression"))


def compute(x: Any) -> Any:
    """Compute something: this makes no candidate."""
    return x @ np.ones((2, 1))


def by_name(*, problem: Any) -> Any:
    return problem


class Pair:
    """A class of one argument that is no candidate."""

    def __init__(self, both: Any) -> None:
        self.a, self.b = both


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (
            compute,
            (
                r"compute\(x\) raised ValueError: matmul: .* \(test_candidates_refused.py, line "
                r"\d+\): it was called with the problem, to make a candidate, which it must "
                r"return; functions that compute are given as a module, or with bind_functions\("
            ),
        ),
        (
            Pair,
            r"Pair\(both\) raised TypeError: cannot unpack non-iterable Problem .*_refused.py, ",
        ),
        (lambda: compute(1), r"<lambda>\(\) raised ValueError: .*: it was called with nothing, to"),
        (lambda _: None, r"<lambda>\(_\) returned None: it was called with the problem, to make"),
        (lambda: None, r"<lambda>\(\) returned None: it was called with nothing, to make a cand"),
        (
            partial(compute),
            r"partial\(x\) raised ValueError: .* \(test_candidates_refused",
        ),
        (by_name, "an object of type function cannot be bound"),
    ],
)
def test_a_function_that_makes_no_candidate_is_told_what_it_must_return(
    candidate: Any, said: str
) -> None:
    with pytest.raises(BindingError, match=said):
        bind(candidate, problems.get("regression"))


def test_a_maker_that_ends_the_program_does_not() -> None:
    with pytest.raises(CandidateError, match=r"<lambda>\(\) wants to end the program"):
        bind(lambda: sys.exit(0), problems.get("regression"))


def test_a_maker_in_a_file_is_called_with_the_problem() -> None:
    text = CLASS + "def make(p): return [Net, None][p.batch_size - 1]\n"
    assert bound(text, candidate="make").binding[0].startswith("object: Net, made anew")
    text = CLASS + "def make(p): return Net()\n"
    said = bound(text, candidate="make").binding[0]
    assert said == "object: Net, made anew for every run by make(p)"


def test_a_class_of_a_problem_is_called_with_it_unless_its_argument_is_known() -> None:
    class Trains(Careless):
        def __init__(self, what: Any) -> None:
            super().__init__()
            self.sites = [f"update/{path}" for path in what.weights]

    class Rated(Careless):
        def __init__(self, lr: float) -> None:
            super().__init__()
            self.lr = lr + 0.0

    problem = problems.get("regression")
    assert bind(Trains, problem).sites == {f"update/{path}" for path in problem.weights}
    assert bind(Rated, problem).binding == ("trainer: Rated, which offers all sites",)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(BindingError, match="forward must be a function, received str"):
        bind_functions(problems.get("regression"), forward="forward", update=print)  # type: ignore[arg-type]
    with pytest.raises(BindingError, match="no forward function was found"):
        bind_functions(problems.get("regression"), forward=lambda q: q, update=lambda q: q)


#: What a function does, and what is said with the line of the file.
WRONG: dict[str, tuple[str, str, str]] = {
    "raises": ("A1 = ", "A1 = 1 / 0 + ", "forward raised ZeroDivisionError.*my_net.py, line 3"),
    "ends the program": (
        "A1 = ",
        "raise SystemExit(0); A1 = ",
        r"forward wants to end the program \(SystemExit\) \(my_net.py, line 3\)",
    ),
    "returns nothing": (
        "    return parameters",
        "    parameters",
        r"forward returned None, with no output of shape \(1, 1\) in it \(my_net.py, line 2\)",
    ),
    "returns another shape": (
        'return parameters["W2"].T @ A1 + parameters["b2"], A1',
        "return np.zeros((3, 1))",
        r"what forward returned has shape \(3, 1\), and \(1, 1\) was wanted \(my_net.py, line 2\)",
    ),
    "returns objects": (
        'return parameters["W2"].T @ A1 + parameters["b2"], A1',
        "return np.array([[None]])",
        "what forward returned holds object values, and floats were wanted",
    ),
    "returns text": (
        'return parameters["W2"].T @ A1 + parameters["b2"], A1',
        "return 'a'",
        r"forward returned of type str, with no output of shape \(1, 1\) in it",
    ),
    "a third layer": (
        "A1 = ",
        'parameters["W3"]; A1 = ',
        "forward raised KeyError: 'W3' .my_net.py, line 3",
    ),
    "an update that raises": (
        "    d1 = parameters",
        "    d1 = parameters['W7'] @ parameters",
        "update raised KeyError: 'W7' .my_net.py, line 7",
    ),
    "an update that makes another shape": (
        "- lr * g",
        "- lr * np.ones((2, 3))",
        (
            r"W2 of the parameters after update has shape \(2, 3\), and \(2, 1\) was wanted|"
            r"W1 of the parameters after update has shape \(2, 3\), and \(2, 2\) was wanted|raised"
        ),
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_run_is_told_so_with_its_line(old: str, new: str, said: str) -> None:
    text = FORWARD + UPDATE
    assert old in text
    with pytest.raises(CandidateError, match=said):
        bound(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "return self.w\n",
            "return [[[1.0], [1.0, 2.0]]] * 4\n",
            "Net: what get_weights returned is no array: its rows have unequal lengths",
        ),
        (
            "return self.w\n",
            "return self.w[:3]\n",
            "Net: get_weights returned 3 arrays, and set_weights was given 4",
        ),
        ("return self.w\n", "return [0 * w for w in self.w]\n", "does not return what set_weights"),
        (
            "return 0.0",
            "raise OSError('disk')",
            r"train_on_batch raised OSError: disk \(my_net",
        ),
        ("return 0.0", "return 'low'", "the loss that Net.train_on_batch returned holds"),
        ("return 0.0", "return [[1.0, 2.0]]", r"has shape \(2,\), and one number was wanted"),
    ],
)
def test_an_object_that_cannot_run_is_told_so(old: str, new: str, said: str) -> None:
    with pytest.raises(CandidateError, match=said):
        bound(CLASS.replace(old, new))


def test_what_goes_wrong_later_is_told_then() -> None:
    problem = problems.get("regression")
    text = (FORWARD + UPDATE).replace(", A1\n", ", A1 if X[0, 0] != 7 else A1[:1]\n")
    late = bind(learners.run(text), problem)
    state, _ = late.step(late.init(problem.weights), problem.x[:1], problem.y[:1])
    with pytest.raises(CandidateError, match=r"for layer 1 has shape \(1, 1\), and \(2, 1\) was"):
        late.step(state, problem.x[1:2], problem.y[1:2])


class Careless:
    """A trainer that hands back what it is told to."""

    def __init__(self, **record: Any) -> None:
        self.record = record
        self.sites: Any = None

    def init(self, weights: Any, slots: Any = None, iterations: int = 0) -> Any:
        return weights

    def step(self, state: Any, x: Any, y: Any) -> Any:
        right = {f"update/{path}": w for path, w in state.items()}
        return state, right | self.record


def test_a_trainer_is_held_to_the_sites_and_shapes() -> None:
    problem = problems.get("regression")
    update = {f"update/{path}" for path in problem.weights}

    def stepped(trainer: Careless) -> Any:
        trainer.sites = update | set(trainer.record)
        made = bind(trainer, problem)
        return made.step(made.init(problem.weights), problem.x[:1], problem.y[:1])

    stepped(Careless())
    with pytest.raises(CandidateError, match=r"loss/value has shape \(2,\), and \(\) was wanted"):
        stepped(Careless(**{"loss/value": np.zeros(2)}))
    with pytest.raises(CandidateError, match="loss/value holds object values"):
        stepped(Careless(**{"loss/value": np.array([None, 1])}))
    with pytest.raises(BindingError, match="Careless offers loss/number, and the sites of problem"):
        stepped(Careless(**{"loss/number": 1.0}))
    _, record = stepped(Careless(**{"loss/value": float("nan")}))
    assert np.isnan(record["loss/value"])
    lazy = Careless()
    lazy.sites = {"loss/value"}
    with pytest.raises(
        BindingError, match=r"does not offer update/dense/kernel, .* needs at least"
    ):
        bind(lazy, problem)
    lazy.sites = update | {"loss/value"}
    made = bind(lazy, problem)
    with pytest.raises(CandidateError, match="loss/value is offered, and the record of a step"):
        made.step(made.init(problem.weights), problem.x[:1], problem.y[:1])
