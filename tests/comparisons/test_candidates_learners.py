"""Implementations of every style bind, reach parity, and are found out where they are wrong."""

from typing import Any

import learners
import numpy as np
import pytest

from comparisons import Verdict, compare, problems
from comparisons.candidates import Bound, bind, bind_functions
from comparisons.runs import MODES
from comparisons.traces import shipped


def compared(name: str, bound: Bound, dtype: str = "float64") -> dict[str, Verdict]:
    """Compare with the recordings that come with the package."""
    found = compare(
        problems.get(name).astype(dtype),
        candidate=bound,
        reference=shipped(name, dtype),
        modes=("free",) if bound.free_only else MODES,
        sensitive=False,
    )
    return {verdict.mode: verdict for verdict in found}


@pytest.mark.parametrize(
    ("learner", "name"),
    [(learner, name) for learner, names in learners.RIGHT.items() for name in names],
)
def test_a_right_one_goes_through_keras_numbers(learner: str, name: str) -> None:
    found = compared(name, bind(learners.load(learner), problems.get(name)))
    assert set(found) == set(MODES)
    for verdict in found.values():
        assert verdict.passed, verdict.sentence


@pytest.mark.parametrize("learner", learners.RIGHT_FREELY)
def test_one_that_remembers_runs_freely_as_often_as_it_is_asked(learner: str) -> None:
    bound = bind(learners.load(learner), problems.get("momentum").astype("float32"))
    assert bound.free_only
    assert any(note.startswith("free run only: ") for note in bound.notes)
    for _ in range(2):
        assert compared("momentum", bound, "float32")["free"].passed


def test_a_recording_and_keras_itself_find_the_same(recorded: Any) -> None:
    problem = problems.get("regression")
    bound = bind(learners.load("notes_style"), problem)
    verdicts = compare(problem, candidate=bound, reference=recorded("regression", "float64"))
    assert all(verdict.passed for verdict in verdicts)


_W2 = (
    'error = y - y_hat\n    W2 = parameters["W2"]{}\n    '
    'parameters["W2"][0][0] = parameters["W2"][0][0] + (0.001 '
)

#: Learner, problem, what is replaced by what, and the site where a locked run must first see it.
MISTAKES: dict[str, tuple[str, str, str, str, str]] = {
    "weights read after their update": (
        "notes_style",
        "regression_asymmetric",
        _W2.format(".copy()"),
        _W2.format(""),
        "update/dense/kernel",
    ),
    "another learning rate for one number": (
        "notes_style",
        "regression_asymmetric",
        "(0.001 * 2 * error * A1[0][0])",
        "(0.00101 * 2 * error * A1[0][0])",
        "update/dense_1/kernel",
    ),
    "a factor 2 missing": (
        "notes_style",
        "regression_asymmetric",
        'parameters["b1"][unit][0] += 0.001 * 2 * error',
        'parameters["b1"][unit][0] += 0.001 * error',
        "update/dense/bias",
    ),
    # What is seen of the first layer in the caches is still its output.
    "no bias in the first layer": (
        "course_caches",
        "classification_asymmetric",
        "W.dot(A_prev) + b",
        "W.dot(A_prev) + b * (len(b) == 1)",
        "forward/dense/output",
    ),
    "a square kernel gradient transposed": (
        "course_caches",
        "classification_asymmetric",
        "return W.T.dot(dZ), dZ.dot(A_prev.T) / m",
        "g = dZ.dot(A_prev.T) / m\n    return W.T.dot(dZ), g.T if g.shape == (2, 2) else g",
        "backward/dense/kernel",
    ),
    "the hidden derivative missing": (
        "course_caches",
        "classification_asymmetric",
        "return dA * s * (1 - s)",
        "return dA * s * (1 - s) if dA.shape[0] == 1 else dA",
        "backward/dense/kernel",
    ),
    "summed over the batch": (
        "rows_first",
        "short_last_batch",
        "dZ2 = 2 * (y_pred - y_true) / m",
        "dZ2 = 2 * (y_pred - y_true)",
        "backward/dense_1/kernel",
    ),
    "half the loss": (
        "rows_first",
        "short_last_batch",
        "np.mean((y_pred",
        "0.5 * np.mean((y_pred",
        "loss/value",
    ),
    "a bias never updated": (
        "rows_first",
        "short_last_batch",
        "    for key in params:\n",
        '    for key in ("W1", "b1", "W2"):\n',
        "update/dense_1/bias",
    ),
    "the derivative taken at z": (
        "separate_arguments",
        "shuffled",
        "* sigmoid(Z1) * (1 - sigmoid(Z1))",
        "* Z1 * (1 - Z1)",
        "backward/dense/kernel",
    ),
    "another derivative of tanh": (
        "list_of_layers",
        "deep_tanh",
        "(1 - activations[i] ** 2)",
        "(1 - activations[i])",
        "backward/dense_7/kernel",
    ),
    "a sign": (
        "plain_lists",
        "regression_asymmetric",
        "b1[j] -= learning_rate * deltas[j]",
        "b1[j] += learning_rate * deltas[j]",
        "update/dense/bias",
    ),
    "a kernel gradient transposed": (
        "notebook",
        "regression_asymmetric",
        "lr * X @ dZ1.T",
        "lr * dZ1 @ X.T",
        "update/dense/kernel",
    ),
    "half of a derivative": (
        "layers_class",
        "classification_asymmetric",
        "* self.A * (1 - self.A)",
        "* (1 - self.A)",
        "backward/dense/kernel",
    ),
    "biases never updated": (
        "layers_class",
        "classification_asymmetric",
        "layer.b -= self.learning_rate * layer.db",
        "pass",
        "update/dense/bias",
    ),
    "a step counter that stands still": (
        "adam_class",
        "adam",
        "self.t += 1",
        "self.t = 1",
        "update/dense/kernel",
    ),
    "no derivative at all": (
        "lower_case",
        "classification_asymmetric",
        "* hidden * (1 - hidden)",
        "",
        "update/dense/kernel",
    ),
    "summed over the batch, softmax": (
        "softmax_rows",
        "softmax_sparse",
        "(y_pred - y_true) / len(X)",
        "y_pred - y_true",
        "backward/dense_1/kernel",
    ),
    "twice the hidden gradient": (
        "grouped_class",
        "regression_asymmetric",
        "d1 = d2 @ w2.T",
        "d1 = d2 @ w2.T * 2",
        "update/dense/kernel",
    ),
}


@pytest.mark.parametrize(
    ("learner", "name", "old", "new", "site"), MISTAKES.values(), ids=MISTAKES.keys()
)
def test_a_wrong_one_binds_and_is_found_at_its_place(
    learner: str, name: str, old: str, new: str, site: str
) -> None:
    found = compared(name, bind(learners.load(learner, (old, new)), problems.get(name)))
    for verdict in found.values():
        assert not verdict.passed
    assert found["locked"].first is not None
    assert found["locked"].first.site == site


@pytest.mark.parametrize(
    ("learner", "old"),
    [("momentum_class", "momentum=0.9"), ("global_velocity", "momentum=0.9")],
)
def test_a_wrong_momentum_is_found(learner: str, old: str) -> None:
    space = learners.load(learner, (old, "momentum=0.91"))
    bound = bind(space, problems.get("momentum").astype("float32"))
    assert not compared("momentum", bound, "float32")["free"].passed


def test_the_binding_says_what_was_bound_to_what() -> None:
    bound = bind(learners.load("course_caches"), problems.get("classification"))
    assert bound.binding == (
        "forward: L_model_forward(X, parameters), with the output of layer 1",
        (
            "parameters: dict W1, b1, W2, b2; kernels (units, inputs); biases (n, 1); "
            "features first, (features, batch)"
        ),
        "backward: L_model_backward(AL, Y, caches)",
        "update: update_parameters(params, grads, learning_rate), returns the parameters",
        "loss: compute_cost(AL, Y)",
        "learning rate: 0.0001, the problem's, given as learning_rate",
    )
    assert bound.notes == ()
    assert "backward/dense/kernel" in bound.sites


@pytest.mark.parametrize(
    ("learner", "name", "said"),
    [
        ("notes_style", "regression", "0.001, judged by its steps (the problem's is 0.001)"),
        ("grouped_class", "regression", "0.001, judged by its steps (the problem's is 0.001)"),
        (
            "notes_style",
            "classification_asymmetric",
            "0.0001, judged by its steps (the problem's is 0.05)",
        ),
    ],
)
def test_a_learning_rate_in_the_code_is_inferred(learner: str, name: str, said: str) -> None:
    assert said in " ".join(bind(learners.load(learner), problems.get(name)).binding)


def test_which_function_is_for_which_problem_is_told_by_its_name() -> None:
    space = learners.load("notes_style")
    regression = bind(space, problems.get("regression"))
    assert regression.binding[0].startswith("forward: L_layer_forward(")
    classification = bind(space, problems.get("classification"))
    assert classification.binding[0].startswith("forward: L_layer_forward_clf(")


def test_gradients_are_inferred_with_the_precision_that_the_step_allows() -> None:
    problem = problems.get("regression_asymmetric")
    bound = bind(learners.load("notes_style"), problem)
    assert "gradients inferred from the update: about 13 digits, not compared" in bound.notes
    _, record = bound.step(bound.init(problem.weights), problem.x[:1], problem.y[:1])
    found = bound.inferred(problem.weights, record)
    assert set(found) == {f"backward/{path}" for path in problem.weights}
    reference = next(iter(shipped("regression_asymmetric", "float64").blocks()))
    for site, (gradient, precision) in found.items():
        wanted = reference.values[site][0]
        assert 0 < precision < 1e-10
        assert np.abs(gradient - wanted).max() <= 4 * precision * np.abs(wanted).max()


@pytest.mark.parametrize(
    ("learner", "name"), [("course_caches", "classification"), ("adam_class", "adam")]
)
def test_gradients_that_are_offered_or_cannot_be_inferred_are_not(learner: str, name: str) -> None:
    problem = problems.get(name)
    bound = bind(learners.load(learner), problem)
    rows = slice(problem.batch_size)
    _, record = bound.step(bound.init(problem.weights), problem.x[rows], problem.y[rows])
    assert bound.inferred(problem.weights, record) == {}


def test_gradients_that_the_update_has_yet_to_scale_are_not_compared() -> None:
    space = learners.load(
        "rows_first",
        ("dZ2 = 2 * (y_pred - y_true) / m", "dZ2 = 2 * (y_pred - y_true)"),
        ("def update(params, grads, lr=0.01):", "def update(params, grads, m, lr=0.01):"),
        ('lr * grads["d" + key]', 'lr * grads["d" + key] / m'),
    )
    bound = bind(space, problems.get("short_last_batch"))
    assert any("scaled otherwise than Keras's" in note for note in bound.notes)
    assert not any(site.startswith("backward/") for site in bound.sites)
    assert compared("short_last_batch", bound)["free"].passed


def test_functions_can_be_given_one_by_one() -> None:
    space = learners.load("course_caches")
    bound = bind_functions(
        problems.get("classification"),
        forward=space["L_model_forward"],
        backward=space["L_model_backward"],
        update=space["update_parameters"],
        loss=space["compute_cost"],
        initialize=space["initialize_parameters_deep"],
    )
    assert all(verdict.passed for verdict in compared("classification", bound).values())


def test_what_is_printed_is_kept_up_to_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    bound = bind(learners.load("notebook"), problems.get("regression"))
    assert bound.output.startswith("forward (2, 1)\nforward (2, 1)\n")
    loud = learners.load("notebook", ('print("forward", X.shape)', 'print("x" * 50_000)'))
    bound = bind(loud, problems.get("regression"))
    compared("regression", bound)
    assert len(bound.output) < 66_000
    assert bound.output.endswith("more characters]\n")
    assert capsys.readouterr() == ("", "")


def test_a_file_s_own_parameters_stay_as_they_are() -> None:
    space = learners.load("notebook")
    before = {name: np.array(w) for name, w in space["parameters"].items()}
    compared("regression", bind(space, problems.get("regression")))
    assert all((space["parameters"][name] == w).all() for name, w in before.items())


def test_global_variables_stay_as_they_are() -> None:
    space = learners.load("global_velocity")
    bound = bind(space, problems.get("momentum").astype("float32"))
    compared("momentum", bound, "float32")
    assert space["velocity"] == {}
    assert space["steps"] == 0
