"""The procedural network of the notes, made right: the figures of Keras, and true gradients."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import Sequential, optimizers, tutorial
from scratch.arrays import Array
from scratch.gradient_check import GradientCheck, check_gradient
from scratch.layers import Dense, Input
from scratch.losses import BinaryCrossentropy, MeanSquaredError
from scratch.tutorial import (
    PLACEMENTS,
    SALARIES,
    L_layer_forward,
    L_layer_forward_clf,
    Parameters,
    initialize_parameters,
    linear_forward,
    linear_forward_clf,
    sigmoid,
    train_classification,
    train_regression,
    update_parameters,
    update_parameters_clf,
)

seeds = st.integers(0, 2**32 - 1)
two_layers = st.lists(st.integers(1, 5), min_size=3, max_size=3)
Update = Callable[..., None]

both_problems = pytest.mark.parametrize(
    ("update", "forward"),
    [(update_parameters, L_layer_forward), (update_parameters_clf, L_layer_forward_clf)],
    ids=["regression", "classification"],
)


def random_parameters(
    widths: list[int], rng: np.random.Generator, dtype: npt.DTypeLike = np.longdouble
) -> Parameters:
    parameters = initialize_parameters(widths, dtype=dtype)
    return {name: rng.normal(size=w.shape).astype(dtype) for name, w in parameters.items()}


# The figures that Keras gives for the same two problems.


def test_regression_goes_through_the_losses_of_keras_to_15_digits() -> None:
    losses, _ = train_regression(initialize_parameters([2, 2, 1]))
    expected = [
        26.345577666415263,
        19.85942891863526,
        10.881602572213675,
        3.777037799271362,
        1.223804496951285,
    ]
    np.testing.assert_allclose(losses, expected, rtol=1e-15)


def test_regression_ends_at_the_parameters_of_keras() -> None:
    _, parameters = train_regression(initialize_parameters([2, 2, 1]))
    expected = {
        "W1": [[0.27198995161606426] * 2, [0.392739263250084] * 2],
        "b1": [[0.028380736400000415]] * 2,
        "W2": [[0.46900040200354964]] * 2,
        "b2": [[0.12168148210187665]],
    }
    for name, w in expected.items():
        np.testing.assert_allclose(parameters[name], w, rtol=1e-14, err_msg=name)


def test_classification_goes_through_the_losses_of_keras_to_15_digits() -> None:
    losses, _ = train_classification(initialize_parameters([2, 2, 1]))
    expected = [0.6939124402131229, 0.6939114524538248, 0.6938645530419256]
    np.testing.assert_allclose([losses[i] for i in (0, 1, 49)], expected, rtol=1e-15)


def test_float32_parameters_stay_float32_and_give_the_losses_of_keras_to_7_digits() -> None:
    losses, parameters = train_regression(initialize_parameters([2, 2, 1], dtype=np.float32))
    expected = [26.345577, 19.859428, 10.881603, 3.777039, 1.2238044]
    np.testing.assert_allclose(losses[:4], expected[:4], rtol=1e-7)
    # By now the order in which a processor sums moves a prediction by a unit in its last place.
    assert losses[4] == pytest.approx(expected[4], rel=5e-7)
    assert {w.dtype for w in parameters.values()} == {np.dtype(np.float32)}

    losses, parameters = train_classification(initialize_parameters([2, 2, 1], dtype=np.float32))
    expected = [0.6939125, 0.69391143, 0.69390357, 0.6938645]
    np.testing.assert_allclose([losses[i] for i in (0, 1, 9, 49)], expected, rtol=1e-7)
    assert {w.dtype for w in parameters.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("train", "data", "activation", "loss", "learning_rate"),
    [
        (train_regression, SALARIES, "linear", MeanSquaredError(), 0.001),
        (train_classification, PLACEMENTS, "sigmoid", BinaryCrossentropy(), 0.0001),
    ],
    ids=["regression", "classification"],
)
def test_from_unlike_weights_every_step_is_that_of_sequential(
    train: Any, data: Array, activation: str, loss: Any, learning_rate: float
) -> None:
    # Equal units would hide a transposed gradient.
    parameters = random_parameters([2, 3, 1], np.random.default_rng(0), np.float64)
    model = Sequential([Input((2,)), Dense(3, activation), Dense(1, activation)], dtype="float64")
    model.compile(optimizers.SGD(learning_rate), loss)
    model.set_weights([w.ravel() if n[0] == "b" else w for n, w in parameters.items()])
    history = model.fit(data[:, :-1], data[:, -1:], 1, epochs=7, shuffle=False).history
    losses, _ = train(parameters, epochs=7)
    np.testing.assert_allclose(losses, history["loss"], rtol=1e-13)
    for w, expected in zip(parameters.values(), model.get_weights(), strict=True):
        np.testing.assert_allclose(w.ravel(), expected.ravel(), rtol=1e-12)


# The updates.


def check_update(
    update: Update, forward: Any, widths: list[int], rng: np.random.Generator
) -> GradientCheck:
    """Compare what an update subtracts, per learning rate, with the slope of the loss."""
    parameters = random_parameters(widths, rng)
    x = rng.normal(size=(widths[0], 1)).astype(np.longdouble)
    classify = forward is L_layer_forward_clf
    y = rng.integers(2, size=(widths[-1], 1)) if classify else rng.normal(size=(widths[-1], 1))

    def loss(p: Parameters) -> Any:
        y_hat, _ = forward(x, p)
        losses = -np.log(np.where(y == 1, y_hat, 1 - y_hat)) if classify else (y_hat - y) ** 2
        return losses.mean()

    y_hat, hidden = forward(x, parameters)
    moved = {name: w.copy() for name, w in parameters.items()}
    update(moved, y, y_hat, hidden, x, learning_rate=0.5)
    gradient = {name: (w - moved[name]) / 0.5 for name, w in parameters.items()}
    return check_gradient(loss, parameters, gradient, rng)


@both_problems
@given(widths=two_layers, seed=seeds)
def test_an_update_follows_the_slope_of_the_loss_for_any_widths(
    update: Update, forward: Any, widths: list[int], seed: int
) -> None:
    assert check_update(update, forward, widths, np.random.default_rng(seed)).relative_error < 1e-7


@both_problems
@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("W1", np.transpose),
        ("W1", np.zeros_like),
        ("b1", np.flipud),
        ("W2", np.flipud),
        *((name, lambda step: 1.01 * step) for name in ("W1", "b1", "W2", "b2")),
    ],
)
def test_a_mistake_in_one_gradient_of_an_update_is_caught(
    update: Update, forward: Any, name: str, mistake: Any, rng: np.random.Generator
) -> None:
    def mistaken(parameters: Parameters, *rest: Any, **rate: float) -> None:
        before = parameters[name].copy()
        update(parameters, *rest, **rate)
        parameters[name] = before + mistake(parameters[name] - before)

    assert check_update(update, forward, [3, 3, 2], rng).relative_error < 1e-7
    assert check_update(mistaken, forward, [3, 3, 2], rng).relative_error > 1e-4


def with_the_mistakes_of_the_notes(update: Update) -> Update:
    """Plant all three: W1's step transposed, W2 read after its update, b2 started from W2."""

    def mistaken(parameters: Parameters, *rest: Any, **rate: float) -> None:
        late = {name: w.copy() for name, w in parameters.items()}
        right = {name: w.copy() for name, w in parameters.items()}
        update(right, *rest, **rate)
        late["W2"][:] = right["W2"]
        update(late, *rest, **rate)
        b2_step = right["b2"] - parameters["b2"]
        parameters["W1"] += (late["W1"] - parameters["W1"]).T
        parameters["b1"][:] = late["b1"]
        parameters["W2"][:] = right["W2"]
        parameters["b2"][:] = right["W2"][1] + b2_step

    return mistaken


@both_problems
def test_the_mistakes_of_the_notes_are_caught(
    update: Update, forward: Any, rng: np.random.Generator
) -> None:
    mistaken = with_the_mistakes_of_the_notes(update)
    assert check_update(mistaken, forward, [2, 2, 1], rng).relative_error > 1e-4


def test_the_mistakes_of_the_notes_are_all_that_parts_their_printed_losses_from_these(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("update_parameters", "update_parameters_clf"):
        planted = with_the_mistakes_of_the_notes(getattr(tutorial, name))
        monkeypatch.setattr(tutorial, name, planted)
    losses, _ = train_regression(initialize_parameters([2, 2, 1]))
    printed = [
        25.321744156025517,
        18.320004165722047,
        9.473661050729628,
        3.2520938634031613,
        1.3407132589299962,
    ]
    np.testing.assert_allclose(losses, printed, rtol=1e-14)
    losses, _ = train_classification(initialize_parameters([2, 2, 1]))
    printed = [0.7103199085929446, 0.6991702892802629, 0.6991514545559935, 0.6990582228463785]
    np.testing.assert_allclose([losses[i] for i in (0, 1, 9, 49)], printed, rtol=1e-14)


@both_problems
def test_an_update_changes_the_arrays_in_place_and_reads_the_rest(
    update: Update, forward: Any, rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    parameters = random_parameters([2, 3, 1], rng)
    arrays = dict(parameters)
    before = {name: w.copy() for name, w in parameters.items()}
    x = frozen(rng.normal(size=(2, 1)))
    y_hat, hidden = forward(x, parameters)
    update(parameters, frozen(np.ones((1, 1))), frozen(y_hat), frozen(hidden), x)
    for name, w in parameters.items():
        assert w is arrays[name]
        assert (w != before[name]).all()


@both_problems
def test_the_learning_rate_is_a_parameter_with_the_default_of_the_notes(
    update: Update, forward: Any, rng: np.random.Generator
) -> None:
    parameters = random_parameters([2, 2, 1], rng)
    x = np.array([[8], [8]]) / 10
    y_hat, hidden = forward(x, parameters)
    steps = []
    for rate in ({}, {"learning_rate": 0.5}):
        moved = {name: w.copy() for name, w in parameters.items()}
        update(moved, 1, y_hat, hidden, x, **rate)
        steps.append(parameters["W1"] - moved["W1"])
    default = 0.001 if update is update_parameters else 0.0001
    np.testing.assert_allclose(
        steps[0].astype(float), (steps[1] * default / 0.5).astype(float), rtol=1e-10
    )


@both_problems
@pytest.mark.parametrize("x", [[[8], [7]], [[0.1], [0.7]]], ids=["integers", "float64"])
def test_one_output_may_be_a_number_and_the_sample_of_another_dtype(
    update: Update, forward: Any, x: list[list[float]], rng: np.random.Generator
) -> None:
    numbers = random_parameters([2, 50, 1], rng, np.float32)
    columns = {name: w.copy() for name, w in numbers.items()}
    y_hat, hidden = forward(x, numbers)
    update(numbers, np.int64(1), y_hat[0][0], hidden, x, learning_rate=1)
    update(columns, np.array([[1]]), y_hat, hidden, np.array(x, np.float32), learning_rate=1)
    for name, w in numbers.items():
        assert w.dtype == np.float32
        np.testing.assert_array_equal(w, columns[name])


@both_problems
@pytest.mark.parametrize("widths", [[2, 1], [2, 2, 2, 1]])
def test_an_update_of_other_than_two_layers_is_refused(
    update: Update, forward: Any, widths: list[int]
) -> None:
    parameters = initialize_parameters(widths)
    y_hat, hidden = forward(np.ones((2, 1)), parameters)
    with pytest.raises(
        ValueError, match=f"two layers, W1, b1, W2, b2, not {', '.join(parameters)}$"
    ):
        update(parameters, 1, y_hat, hidden, np.ones((2, 1)))


# The forward pass and the beginning.


def test_parameters_start_and_print_as_in_the_notes() -> None:
    printed = (
        "{'W1': array([[0.1, 0.1],\n       [0.1, 0.1]]), 'b1': array([[0.],\n       [0.]]), "
        "'W2': array([[0.1],\n       [0.1]]), 'b2': array([[0.]])}"
    )
    assert str(initialize_parameters([2, 2, 1])) == printed


@given(widths=st.lists(st.integers(1, 6), min_size=2, max_size=6))
def test_every_layer_gets_a_weight_of_inputs_by_units_and_a_column_of_biases(
    widths: list[int],
) -> None:
    parameters = initialize_parameters(widths, dtype=np.float32)
    assert list(parameters) == [f"{kind}{i}" for i in range(1, len(widths)) for kind in "Wb"]
    for i, (n_prev, n) in enumerate(pairwise(widths), start=1):
        assert parameters[f"W{i}"].shape == (n_prev, n)
        assert parameters[f"b{i}"].shape == (n, 1)
        assert parameters[f"W{i}"].dtype == parameters[f"b{i}"].dtype == np.float32


def test_the_first_student_is_predicted_as_in_the_notes() -> None:
    y_hat, hidden = L_layer_forward(SALARIES[0, :2].reshape(2, 1), initialize_parameters([2, 2, 1]))
    np.testing.assert_allclose(hidden, [[1.6], [1.6]], rtol=1e-15)
    np.testing.assert_allclose(y_hat, [[0.32]], rtol=1e-15)


@pytest.mark.parametrize(
    ("forward", "one_layer"),
    [(L_layer_forward, linear_forward), (L_layer_forward_clf, linear_forward_clf)],
    ids=["linear", "sigmoid"],
)
@given(widths=st.lists(st.integers(1, 5), min_size=2, max_size=6), seed=seeds)
def test_a_forward_pass_is_one_layer_after_the_other_and_returns_the_last_two(
    forward: Any, one_layer: Any, widths: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    parameters = random_parameters(widths, rng, np.float64)
    activations = [rng.normal(size=(widths[0], 3))]
    for i in range(1, len(widths)):
        activations.append(one_layer(activations[-1], parameters[f"W{i}"], parameters[f"b{i}"]))
    output, before = forward(activations[0], parameters)
    assert output.shape == (widths[-1], 3)
    np.testing.assert_array_equal(output, activations[-1])
    np.testing.assert_array_equal(before, activations[-2])


@pytest.mark.parametrize("forward", [L_layer_forward, L_layer_forward_clf])
@pytest.mark.parametrize("x", [[8, 8], 8, [[8, 8]], [[8], [8], [8]], [[[8], [8]]]], ids=str)
def test_a_forward_pass_refuses_what_is_not_one_sample_a_column(forward: Any, x: Any) -> None:
    expected = (
        f"X must be (features, batch) with 2 features, received shape {np.shape(x)}; "
        "one sample is a column, such as [[8], [8]]"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        forward(x, initialize_parameters([2, 2, 1]))


def test_one_layer_is_the_weighted_sum_and_its_sigmoid() -> None:
    a, w, b = (
        np.array([[1.0], [2.0]]),
        np.array([[1.0, 10.0, 0.0], [1.0, 0.0, 0.0]]),
        np.ones((3, 1)),
    )
    np.testing.assert_array_equal(linear_forward(a, w, b), [[4], [11], [1]])
    expected = 1 / (1 + np.exp(-np.array([[4], [11], [1]])))
    np.testing.assert_allclose(linear_forward_clf(a, w, b), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_sigmoid_reaches_its_limits_without_overflow(dtype: npt.DTypeLike) -> None:
    np.testing.assert_array_equal(sigmoid(np.array([-1e5, 0, 1e5], dtype)), [0, 0.5, 1])
    assert sigmoid(np.zeros(1, dtype)).dtype == dtype


# The loops.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_loss_of_a_hopeless_prediction_is_its_logit_and_not_infinite(
    dtype: npt.DTypeLike,
) -> None:
    parameters = initialize_parameters([2, 2, 1], dtype=dtype)
    parameters["b2"] += 1000
    losses, _ = train_classification(parameters, [[0, 0, 0]], epochs=1)
    # Two hidden units of 0.5 add 0.1 to the logit.
    np.testing.assert_allclose(losses, [1000.1], rtol=1e-7)


@pytest.mark.parametrize("train", [train_regression, train_classification])
def test_each_epoch_is_reported_with_its_loss_and_training_is_in_place(train: Any) -> None:
    reported = []
    parameters = initialize_parameters([2, 2, 1])
    losses, trained = train(
        parameters, epochs=3, report=lambda epoch, loss: reported.append((epoch, loss))
    )
    assert trained is parameters
    assert reported == list(enumerate(losses, start=1))
    assert len(losses) == 3


@pytest.mark.parametrize("train", [train_regression, train_classification])
@pytest.mark.parametrize("data", [[], [8, 8, 4], np.ones((0, 3)), np.ones((2, 3, 1)), 8], ids=str)
def test_data_without_one_row_a_sample_are_refused(train: Any, data: Any) -> None:
    expected = f"data must have one row a sample, at least one, received shape {np.shape(data)}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        train(initialize_parameters([2, 2, 1]), data)


def test_a_loss_is_that_of_the_parameters_before_their_update() -> None:
    parameters = initialize_parameters([2, 2, 1])
    y_hat, _ = L_layer_forward(SALARIES[0, :2].reshape(2, 1), parameters)
    losses, _ = train_regression(parameters, SALARIES[:1], epochs=1)
    np.testing.assert_allclose(losses, (4 - y_hat[0]) ** 2, rtol=1e-15)


def test_main_prints_every_epoch_of_both_problems_and_the_parameters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tutorial.main()
    printed = capsys.readouterr().out
    assert printed.startswith("Epoch - 1, Average Loss - 26.3455776664152")
    assert printed.count("Average Loss - ") == 5 + 50
    assert "'b2': array([[0.12168148]])" in printed
