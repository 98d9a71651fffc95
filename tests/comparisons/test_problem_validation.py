"""A problem that cannot be run is refused in one sentence, before anything runs."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparisons import problems
from comparisons.problems import Problem, ProblemError
from scratch import Dense, Flatten
from scratch.losses import SparseCategoricalCrossentropy

Array = npt.NDArray[Any]
Change = Callable[[Problem], dict[str, Any]]

REGRESSION = problems.get("regression")
BINARY = problems.get("classification")
ONE_HOT = problems.get("softmax_smoothed")
CLASSES = problems.get("softmax_sparse")

every_dtype = pytest.mark.parametrize("dtype", problems.DTYPES)


def refusal(problem: Problem, **fields: Any) -> str:
    """Return the sentence with which the problem with those fields is refused."""
    with pytest.raises(ProblemError) as refused:
        replace(problem, **fields)
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence.removeprefix(f"problem {problem.name!r}: ")


def with_value(array: Array, index: tuple[int, ...], value: Any) -> Array:
    copy = array.astype(float)
    copy[index] = value
    return copy


def with_layer(problem: Problem, index: int, **settings: Any) -> dict[str, Any]:
    """Return the field that gives one layer of the problem other settings."""
    model = deepcopy(dict(problem.model))
    model["layers"][index]["config"] |= settings
    return {"model": model}


def with_training(problem: Problem, part: str, **settings: Any) -> dict[str, Any]:
    """Return the field that gives the loss or the optimizer other settings."""
    training = deepcopy(dict(problem.training))
    training[part]["config"] |= settings
    return {"training": training}


# Names.


def test_an_unknown_problem_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(ProblemError, match=r"^there is no problem 'xor'; the catalogue has ") as e:
        problems.get("xor")
    assert all(name in str(e.value) for name in problems.names())


@pytest.mark.parametrize("name", ["regresion", "Regression", "regression_"])
def test_a_misspelt_problem_is_answered_with_the_one_that_may_be_meant(name: str) -> None:
    with pytest.raises(ProblemError, match=r"did you mean .regression.\?$"):
        problems.get(name)


def test_an_unknown_dtype_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        ProblemError, match="dtype must be one of float32, float64, received 'half'"
    ):
        REGRESSION.astype("half")


# Numbers.


@every_dtype
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["x", "y"])
def test_data_that_is_not_finite_is_named_with_its_place(
    name: str, value: float, dtype: str
) -> None:
    array = with_value(getattr(REGRESSION, name), (2, 0), value)
    assert refusal(REGRESSION.astype(dtype), **{name: array}) == (
        f"{name} must be finite, but {name}[2, 0] is {value}"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("path", REGRESSION.weights)
def test_a_weight_that_is_not_finite_is_named_with_its_place(path: str, value: float) -> None:
    last = tuple(n - 1 for n in REGRESSION.weights[path].shape)
    weights = {**REGRESSION.weights, path: with_value(REGRESSION.weights[path], last, value)}
    assert refusal(REGRESSION, weights=weights) == (
        f"weight {path} must be finite, but weight {path}{list(last)} is {value}"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_class_number_that_is_not_finite_is_named_with_its_place(value: float) -> None:
    y = with_value(CLASSES.y, (3, 0), value)
    assert refusal(CLASSES, y=y) == f"y must be finite, but y[3, 0] is {value}"


@pytest.mark.parametrize("name", ["x", "y"])
def test_what_float32_cannot_hold_is_refused_there_and_not_in_float64(name: str) -> None:
    large = replace(REGRESSION, **{name: with_value(getattr(REGRESSION, name), (1, 0), 1e39)})
    with pytest.raises(ProblemError, match=rf"{name} must be finite, but {name}\[1, 0\] is inf"):
        large.astype("float32")


@pytest.mark.parametrize(
    ("values", "received"),
    [
        ([["8", "8"]] * 4, "<U1"),
        ([["a", "b"]] * 4, "<U1"),
        ([[8, None]] * 4, "object"),
        ([[8, 8j]] * 4, "complex128"),
        (np.zeros((4, 2), "M8[s]"), "datetime64[s]"),
    ],
    ids=["digits", "letters", "None", "complex", "dates"],
)
def test_what_is_not_a_real_number_is_refused_by_its_type(values: Any, received: str) -> None:
    assert refusal(REGRESSION, x=values) == f"x must hold numbers, received {received} values"


@pytest.mark.parametrize("name", ["x", "y"])
def test_rows_of_unequal_length_are_refused(name: str) -> None:
    assert refusal(REGRESSION, **{name: [[8, 8], [7]]}).startswith(f"{name} must ")


# Rows and columns.


@pytest.mark.parametrize("shape", [(0, 2), (4, 0), (0,), ()])
def test_empty_data_is_refused_with_its_shape(shape: tuple[int, ...]) -> None:
    assert refusal(REGRESSION, x=np.zeros(shape), y=np.zeros((0, 1))) == (
        f"x must have at least one row, received shape {shape}"
    )


@pytest.mark.parametrize("shape", [(3, 1), (5, 1), ()])
def test_as_many_rows_of_y_as_of_x_are_needed(shape: tuple[int, ...]) -> None:
    assert refusal(REGRESSION, y=np.ones(shape)) == (
        f"x and y need as many rows, received x (4, 2) and y {shape}"
    )


@pytest.mark.parametrize("problem", [REGRESSION, BINARY, CLASSES], ids=lambda p: p.name)
def test_targets_without_a_column_are_told_to_become_one(problem: Problem) -> None:
    rows = len(problem.y)
    assert refusal(problem, y=problem.y[:, 0]) == (
        f"y must have shape ({rows}, 1) to match the output, received ({rows},) "
        "(reshape it to one column)"
    )


@pytest.mark.parametrize("columns", [0, 2])
def test_targets_of_another_width_than_the_output_are_refused(columns: int) -> None:
    assert refusal(REGRESSION, y=np.ones((4, columns))) == (
        f"y must have shape (4, 1) to match the output, received (4, {columns})"
    )


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 2), (4,)])
def test_inputs_of_another_shape_than_the_models_are_refused(shape: tuple[int, ...]) -> None:
    sentence = refusal(REGRESSION, x=np.ones(shape), y=np.ones((4, 1)))
    assert sentence.startswith("x must have shape (4, 2)")
    assert f"received {shape}" in sentence


# Weights.


@pytest.mark.parametrize(
    "paths",
    [
        ["dense/kernel", "dense_1/kernel", "dense_1/bias"],
        ["dense/bias", "dense/kernel", "dense_1/kernel", "dense_1/bias"],
        [],
    ],
    ids=["missing", "misordered", "none"],
)
def test_weights_missing_or_misordered_are_answered_with_the_order_wanted(paths: list[str]) -> None:
    assert refusal(REGRESSION, weights={path: REGRESSION.weights[path] for path in paths}) == (
        "weights must be dense/kernel, dense/bias, dense_1/kernel, dense_1/bias in this order, "
        f"received {', '.join(paths) or 'none'}"
    )


def test_a_weight_of_another_shape_is_refused_with_both_shapes() -> None:
    weights = {**REGRESSION.weights, "dense_1/kernel": np.ones((1, 2))}
    assert refusal(REGRESSION, weights=weights) == (
        "weight dense_1/kernel must have shape (2, 1), received (1, 2)"
    )


# Labels and classes.


@pytest.mark.parametrize("label", [2, -1, 0.5])
def test_labels_of_a_binary_crossentropy_are_0_or_1(label: float) -> None:
    assert refusal(BINARY, y=with_value(BINARY.y, (1, 0), label)) == (
        f"labels of a binary crossentropy must be 0 or 1, found {float(label)}"
    )


@pytest.mark.parametrize("number", [3, -1])
def test_a_class_number_out_of_range_is_refused_with_the_range(number: int) -> None:
    assert refusal(CLASSES, y=with_value(CLASSES.y, (1, 0), number)) == (
        f"class numbers must be from 0 to 2 for 3 outputs, found {number}"
    )


def test_a_class_number_that_is_not_whole_is_refused() -> None:
    assert refusal(CLASSES, y=with_value(CLASSES.y, (1, 0), 0.5)) == (
        "y must hold whole class numbers for a sparse crossentropy"
    )


@pytest.mark.parametrize("row", [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, -1, 0]])
def test_targets_of_a_categorical_crossentropy_are_one_hot(row: list[float]) -> None:
    assert refusal(ONE_HOT, y=with_value(ONE_HOT.y, (4,), row)) == (
        "every row of y must be one-hot for a categorical crossentropy"
    )


# Order and batches.


@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_number_out_of_range_is_refused_with_the_range(row: int) -> None:
    assert refusal(REGRESSION, order=[[0, 1, 2, row]]) == (
        "order must hold row numbers from 0 to 3"
    )


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (4,), (1, 4, 1), ()])
def test_an_order_that_is_not_epochs_by_rows_is_refused_with_its_shape(
    shape: tuple[int, ...],
) -> None:
    assert refusal(REGRESSION, order=np.zeros(shape, int)) == (
        f"order must be (epochs, rows) with at least one of each, received shape {shape}"
    )


@pytest.mark.parametrize(
    "order",
    [[[0, 1, 1.5]], [[0, np.nan]], [["a", "b"]], [[0, 1], [2]], [[None]]],
    ids=["half", "nan", "letters", "ragged", "None"],
)
def test_an_order_of_anything_but_whole_numbers_is_refused(order: Any) -> None:
    assert refusal(REGRESSION, order=order).startswith("order must ")


@pytest.mark.parametrize("size", [0, -1, 1.5, "2"])
def test_a_batch_size_that_is_not_a_whole_number_from_1_on_is_refused(size: Any) -> None:
    sentence = refusal(REGRESSION, batch_size=size)
    assert sentence.startswith("batch_size must be ")
    assert str(size) in sentence


# What scratch does not compute.


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda p: with_layer(p, 1, activation="swish"), ("activation 'swish'", "softplus")),
        (
            lambda p: with_layer(p, 1, kernel_regularizer={"class_name": "L2", "config": {}}),
            ("Dense", "kernel_regularizer", "L2"),
        ),
        (lambda p: with_layer(p, 1, kernel_initializer="orthogonal"), ("'orthogonal'", "HeNormal")),
        (lambda p: with_training(p, "optimizer", clipnorm=1.0), ("SGD", "clipnorm", "1.0")),
        (
            lambda p: with_training(
                p, "optimizer", learning_rate={"class_name": "ExponentialDecay", "config": {}}
            ),
            ("learning_rate", "ExponentialDecay"),
        ),
        (lambda p: with_training(p, "loss", reduction="none"), ("MeanSquaredError", "reduction")),
    ],
    ids=["activation", "regularizer", "initializer", "clipnorm", "schedule", "reduction"],
)
def test_a_setting_that_scratch_would_not_honour_is_refused_by_name(
    change: Change, names: tuple[str, ...]
) -> None:
    sentence = refusal(REGRESSION, **change(REGRESSION))
    for name in names:
        assert name in sentence


@pytest.mark.parametrize(
    ("kind", "name", "known"),
    [
        ("layer", "Conv2D", "Activation, Dense, Flatten, InputLayer"),
        ("optimizer", "Lion", "Adam, AdamW, RMSprop, SGD"),
        ("loss", "Huber", "BinaryCrossentropy, CategoricalCrossentropy, "),
    ],
)
def test_a_layer_optimizer_or_loss_that_scratch_lacks_is_answered_with_those_it_has(
    kind: str, name: str, known: str
) -> None:
    model, training = deepcopy(dict(REGRESSION.model)), deepcopy(dict(REGRESSION.training))
    described = model["layers"][1] if kind == "layer" else training[kind]
    described["class_name"] = name
    sentence = refusal(REGRESSION, model=model, training=training)
    assert sentence.startswith(f"scratch has no {kind} {name!r}; it has {known}")


def test_a_model_that_does_not_say_its_input_shape_is_refused() -> None:
    model = dict(REGRESSION.model) | {"layers": REGRESSION.model["layers"][1:]}
    assert "Input" in refusal(REGRESSION, model=model)


# What is no part of a problem at all.

GET_CONFIG = "as Sequential.get_config() returns it"
COMPILE_CONFIG = "as get_compile_config() of a compiled model returns it"
PATHS = "dense/kernel, dense/bias, dense_1/kernel, dense_1/bias"


@pytest.mark.parametrize(
    ("model", "received"),
    [
        (None, "None"),
        ("dense", "'dense'"),
        ([Dense(1)], "a list of 1"),
        ({}, "a dict without a list of 'layers'"),
        ({"layers": None}, "a dict without a list of 'layers'"),
        (REGRESSION.scratch_model, "a Sequential: give its .get_config()"),
    ],
    ids=["None", "word", "list", "empty", "no list", "model"],
)
def test_what_is_no_model_is_refused_with_what_is_one(model: Any, received: str) -> None:
    assert refusal(REGRESSION, model=model) == (
        f"model must be a config, {GET_CONFIG}, received {received}"
    )


@pytest.mark.parametrize(
    ("training", "received"),
    [
        (None, "None"),
        ("sgd", "'sgd'"),
        (REGRESSION.scratch_model, "a Sequential: give its .get_compile_config()"),
    ],
    ids=["None", "name", "model"],
)
def test_what_is_no_training_is_refused_with_what_is_one(training: Any, received: str) -> None:
    assert refusal(REGRESSION, training=training) == (
        f"training must be a config, {COMPILE_CONFIG}, received {received}"
    )


@pytest.mark.parametrize(
    ("training", "received"),
    [
        ({}, "no optimizer"),
        ({"optimizer": "sgd"}, "no loss"),
        ({"optimizer": "sgd", "loss": None}, "the loss None"),
        ({"optimizer": "sgd", "loss": {"dense": "mse"}}, "the loss {'dense': 'mse'}"),
    ],
    ids=["empty", "no loss", "None", "by output"],
)
def test_a_training_without_an_optimizer_or_a_loss_is_refused(training: Any, received: str) -> None:
    assert refusal(REGRESSION, training=training) == (
        f"training must have an 'optimizer' and a 'loss', each a name or a config, "
        f"{COMPILE_CONFIG}, received {received}: compile the model with both"
    )


@pytest.mark.parametrize("layers", [[], [REGRESSION.model["layers"][0]]], ids=["none", "Input"])
def test_a_model_without_layers_is_refused(layers: Any) -> None:
    assert refusal(REGRESSION, model={"layers": layers}) == (
        "no problem can be made of a model without layers: "
        "give it an Input and, behind it, the layers to train"
    )


def test_a_model_without_weights_is_refused() -> None:
    layers = [REGRESSION.model["layers"][0], Flatten()]
    assert refusal(REGRESSION, model={"layers": layers}, weights={}) == (
        "its model has no weights to train: give it a Dense layer"
    )


@pytest.mark.parametrize("shape", [{}, {"batch_shape": None}, {"batch_shape": []}])
def test_an_input_that_names_no_shape_is_refused(shape: Any) -> None:
    model = deepcopy(REGRESSION.model)
    model["layers"][0]["config"] = {"name": "x", **shape}
    assert refusal(REGRESSION, model=model).startswith(
        "its Input must name the shape of a sample as 'batch_shape', [None, …], received 'name'"
    )


@pytest.mark.parametrize(
    ("part", "change", "why"),
    [
        ("model", lambda config: config["layers"][1]["config"].pop("units"), "argument: 'units'"),
        ("model", lambda config: config["layers"][1].update(config=3), "a dict, received 3"),
        ("training", lambda config: config["optimizer"].update(config=3), "a dict, received 3"),
        ("training", lambda config: config["loss"].update(class_name=[]), "no loss []"),
    ],
    ids=["no units", "a number", "a rule", "no name"],
)
def test_a_config_that_cannot_be_read_is_refused_with_why(
    part: str, change: Callable[[Any], object], why: str
) -> None:
    config = deepcopy(getattr(REGRESSION, part))
    change(config)
    assert why in refusal(REGRESSION, **{part: config})


@pytest.mark.parametrize(
    ("weights", "received"),
    [(None, "None"), (list(REGRESSION.weights.values()), "a list of 4")],
    ids=["None", "list"],
)
def test_weights_without_names_are_told_which_they_need(weights: Any, received: str) -> None:
    assert refusal(REGRESSION, weights=weights) == (
        f"weights must be a dict of {PATHS}, received {received}: "
        "name each array, or let problems.define() do so"
    )


def test_weights_with_other_keys_than_names_are_answered_with_the_order_wanted() -> None:
    weights = dict(enumerate(REGRESSION.weights.values()))
    assert refusal(REGRESSION, weights=weights) == (
        f"weights must be {PATHS} in this order, received 0, 1, 2, 3"
    )


@pytest.mark.parametrize("name", ["x", "y", "order"])
@pytest.mark.parametrize(
    ("value", "received"), [(None, "None"), ("rows", "'rows'"), ({}, "a dict")], ids=repr
)
def test_what_is_no_array_is_refused_with_what_it_is(name: str, value: Any, received: str) -> None:
    assert refusal(REGRESSION, **{name: value}) == (
        f"{name} must be an array of numbers, received {received}: give a list or NumPy array"
    )


@pytest.mark.parametrize(
    ("value", "received"), [("3", "'3'"), (None, "None"), (True, "True"), ([3], "a list of 1")]
)
def test_a_batch_size_of_another_kind_is_refused_with_what_it_is(value: Any, received: str) -> None:
    assert refusal(REGRESSION, batch_size=value) == (
        f"batch_size must be a whole number from 1 on, received {received}"
    )


@pytest.mark.parametrize("field", ["name", "question"])
@pytest.mark.parametrize("value", [None, 3])
def test_a_name_and_a_question_are_text(field: str, value: Any) -> None:
    assert refusal(REGRESSION, **{field: value}).endswith(f"{field} must be text, received {value}")


def test_a_row_number_too_large_for_an_integer_is_refused_with_the_range() -> None:
    assert refusal(REGRESSION, order=[[0, 1e300]]) == "order must hold row numbers from 0 to 3"


# What a problem is, once accepted.


def test_a_problem_holds_numpys_words_and_numbers_as_pythons() -> None:
    problem = replace(REGRESSION, dtype=np.dtype("float32"), batch_size=np.int64(2))
    assert (type(problem.dtype), type(problem.batch_size)) == (str, int)
    assert (problem.dtype, problem.batch_size) == ("float32", 2)


@pytest.mark.parametrize("name", problems.names())
def test_every_array_of_a_problem_is_read_only(name: str) -> None:
    problem = problems.get(name)
    for array in (problem.x, problem.y, problem.order, *problem.weights.values()):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_problem_keeps_its_numbers_when_the_arrays_it_was_given_change() -> None:
    x, order = REGRESSION.x.copy(), REGRESSION.order.copy()
    kernel = REGRESSION.weights["dense/kernel"].copy()
    weights = {**REGRESSION.weights, "dense/kernel": kernel}
    problem = replace(REGRESSION, x=x, order=order, weights=weights)
    for array in (x, order, kernel):
        array[...] = 0
    np.testing.assert_array_equal(problem.x, REGRESSION.x)
    np.testing.assert_array_equal(problem.order, REGRESSION.order)
    np.testing.assert_array_equal(
        problem.weights["dense/kernel"], REGRESSION.weights["dense/kernel"]
    )


@pytest.mark.parametrize("name", problems.names())
def test_another_dtype_rounds_the_floats_and_changes_nothing_else(name: str) -> None:
    double = problems.get(name)
    single = double.astype("float32")
    sparse = isinstance(double.network.loss, SparseCategoricalCrossentropy)
    assert single.y.dtype == (np.int64 if sparse else np.float32)
    for ours, theirs in (
        (single.x, double.x),
        (single.y, double.y),
        *((single.weights[path], w) for path, w in double.weights.items()),
    ):
        np.testing.assert_array_equal(ours, theirs.astype(ours.dtype), strict=True)
    assert single.x.dtype == single.scratch_model.dtype == np.float32
    np.testing.assert_array_equal(single.order, double.order, strict=True)
    assert list(single.weights) == list(double.weights)
    kept = ("name", "question", "model", "training", "batch_size")
    assert [getattr(single, f) for f in kept] == [getattr(double, f) for f in kept]


def test_the_same_dtype_is_the_same_problem() -> None:
    assert REGRESSION.astype("float64") is REGRESSION


@given(
    rows=st.integers(1, 12),
    epochs=st.integers(1, 4),
    batch_size=st.integers(1, 15),
    most=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
)
@settings(settings.get_profile("ci"))
def test_batches_are_all_rows_in_order_in_runs_of_equal_size(
    rows: int, epochs: int, batch_size: int, most: int, seed: int
) -> None:
    order = np.random.default_rng(seed).integers(0, 4, (epochs, rows))
    problem = replace(REGRESSION, order=order, batch_size=batch_size)
    runs = list(problem.batches(most))

    steps = [batch for run in runs for batch in run.rows]
    np.testing.assert_array_equal(np.concatenate(steps), order.ravel())
    last = rows % batch_size or min(batch_size, rows)
    epoch = [batch_size] * (problem.steps_per_epoch - 1) + [last]
    assert [len(batch) for batch in steps] == epoch * epochs
    assert len(steps) == problem.steps

    assert all(1 <= len(run) <= most for run in runs)
    firsts = np.cumsum([0, *(len(run) for run in runs)])[:-1]
    assert [run.first_step for run in runs] == firsts.tolist()
    # No run stops before it must: at the bound, or where the size of a batch changes.
    for run, following in pairwise(runs):
        assert len(run) == most or run.rows.shape[1] != following.rows.shape[1]
