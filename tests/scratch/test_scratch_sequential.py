"""Keras's verbs, with Keras's meaning of each, and the figures of the two classic problems."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import Sequential, optimizers
from scratch.arrays import Array
from scratch.layers import Activation, Dense, Flatten, Input
from scratch.losses import BinaryCrossentropy, Loss, MeanSquaredError
from scratch.optimizers import SGD, Adam, Optimizer

# cgpa and profile score of four students; their salary; and whether four others were placed.
STUDENTS = np.array([[8, 8], [7, 9], [6, 10], [5, 12]])
SALARIES = np.array([[4], [5], [6], [7]])
CANDIDATES = np.array([[8, 8], [7, 9], [6, 10], [5, 5]])
PLACED = np.array([[1], [1], [0], [0]])

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
seeds = st.integers(0, 2**32 - 1)


def classic(activation: str, loss: str, learning_rate: float, dtype: npt.DTypeLike) -> Sequential:
    """Return the 2-2-1 network of the notes: weights 0.1, biases 0."""
    model = Sequential([Input((2,)), Dense(2, activation), Dense(1, activation)], dtype=dtype)
    model.compile(SGD(learning_rate), loss)
    model.set_weights([np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)])
    return model


def regression(dtype: npt.DTypeLike = np.float64) -> Sequential:
    return classic("linear", "mean_squared_error", 0.001, dtype)


def classification(dtype: npt.DTypeLike = np.float64) -> Sequential:
    return classic("sigmoid", "binary_crossentropy", 0.0001, dtype)


def random_model(
    seed: int = 0,
    optimizer: str | Optimizer = "sgd",
    loss: str | Loss = "mse",
    dtype: npt.DTypeLike = np.float64,
) -> Sequential:
    """Return a 2-3-2 network with unlike weights, seven samples of which are in ``batch``."""
    layers = [Input((2,)), Dense(3, "tanh"), Dense(2)]
    model = Sequential(layers, dtype=dtype, rng=np.random.default_rng(seed))
    model.compile(optimizer, loss)
    return model


def batch(seed: int = 0) -> tuple[Array, Array]:
    x, y = np.random.default_rng(seed).normal(size=(2, 7, 2))
    return x, y


# The figures that Keras gives.


def test_regression_goes_through_the_losses_of_keras_to_15_digits() -> None:
    history = regression().fit(STUDENTS, SALARIES, 1, 5, shuffle=False)
    expected = [
        26.345577666415263,
        19.85942891863526,
        10.881602572213675,
        3.777037799271362,
        1.223804496951285,
    ]
    np.testing.assert_allclose(history.history["loss"], expected, rtol=1e-15)


def test_regression_ends_at_the_weights_of_keras_and_evaluates_as_there() -> None:
    model = regression()
    model.fit(STUDENTS, SALARIES, 1, 5, shuffle=False)
    expected = [
        [[0.27198995161606426] * 2, [0.392739263250084] * 2],
        [0.028380736400000415] * 2,
        [[0.46900040200354964]] * 2,
        [0.12168148210187665],
    ]
    for w, keras_w in zip(model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(w, keras_w, rtol=1e-14)
    np.testing.assert_allclose(model.evaluate(STUDENTS, SALARIES), 0.7736425431252559, rtol=1e-14)


def test_classification_goes_through_the_losses_of_keras_to_15_digits() -> None:
    losses = classification().fit(CANDIDATES, PLACED, 1, 50, shuffle=False).history["loss"]
    expected = [0.6939124402131229, 0.6939114524538248, 0.6938645530419256]
    np.testing.assert_allclose([losses[i] for i in (0, 1, 49)], expected, rtol=1e-15)


def test_float32_goes_through_the_losses_of_keras_to_7_digits() -> None:
    losses = regression(np.float32).fit(STUDENTS, SALARIES, 1, 5, shuffle=False).history["loss"]
    expected = [26.345577, 19.859428, 10.881603, 3.777039, 1.2238044]
    np.testing.assert_allclose(losses[:4], expected[:4], rtol=1e-7)
    # By now the order in which a processor sums moves a prediction by a unit in its last place.
    assert losses[4] == pytest.approx(expected[4], rel=5e-7)
    model = classification(np.float32)
    losses = model.fit(CANDIDATES, PLACED, 1, 50, shuffle=False).history["loss"]
    expected = [0.6939125, 0.69391143, 0.69390357, 0.6938645]
    np.testing.assert_allclose([losses[i] for i in (0, 1, 9, 49)], expected, rtol=1e-7)


# Training and evaluation.


@given(seed=seeds)
def test_the_loss_of_fit_is_before_the_update_and_that_of_evaluate_after(seed: int) -> None:
    model = random_model(seed)
    x, y = batch(seed)
    before = model.evaluate(x, y)
    losses = model.fit(x, y, batch_size=7, epochs=2, shuffle=False).history["loss"]
    assert losses[0] == before
    assert model.evaluate(x, y) < losses[1] < losses[0]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 7, 32])
@every_dtype
def test_the_loss_of_fit_weighs_each_batch_by_its_rows(
    batch_size: int, dtype: npt.DTypeLike
) -> None:
    x, y = batch()
    rows = [min(batch_size, 7 - first) for first in range(0, 7, batch_size)]
    twin = random_model(dtype=dtype)
    total = np.dtype(dtype).type(0)
    for first, n in zip(range(0, 7, batch_size), rows, strict=True):
        loss = twin.train_on_batch(x[first : first + n], y[first : first + n])
        total += np.dtype(dtype).type(loss) * n
    model = random_model(dtype=dtype)
    history = model.fit(x, y, batch_size, shuffle=False).history
    # A loss is handed out as a Python float.
    eps = max(np.finfo(dtype).eps, np.finfo(float).eps)
    np.testing.assert_allclose(history["loss"], [float(total / 7)], rtol=4 * eps)
    for w, expected in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(w, expected)


def test_a_short_last_batch_counts_for_its_rows_and_not_for_a_whole_batch() -> None:
    model = Sequential([Input((1,)), Dense(1)], dtype="float64")
    model.compile(SGD(0.0), "mse")
    model.set_weights([[[0.0]], [0.0]])
    x, y = np.zeros((3, 1)), np.array([[0.0], [0.0], [3.0]])
    # 9 / 3 samples; a mean over the two batches would give 9 / 2.
    assert model.fit(x, y, 2, shuffle=False).history["loss"] == [3.0]
    assert model.evaluate(x, y, 2) == 3.0


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_evaluate_is_the_loss_of_all_samples_whatever_the_batches_and_trains_nothing(
    batch_size: int,
) -> None:
    model = random_model()
    x, y = batch()
    before = model.get_weights()
    expected, _ = MeanSquaredError()(y, model.predict(x))
    np.testing.assert_allclose(model.evaluate(x, y, batch_size), expected, rtol=1e-14)
    for w, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, kept)
    assert model.state.iterations == 0


def test_the_validation_loss_is_that_of_evaluate_after_the_epoch() -> None:
    x, y = batch(0)
    held_out = batch(1)
    model, twin = random_model(), random_model()
    history = model.fit(x, y, 3, 2, shuffle=False, validation_data=held_out).history
    expected = []
    for _ in range(2):
        twin.fit(x, y, 3, shuffle=False)
        expected.append(twin.evaluate(*held_out, 3))
    assert history["val_loss"] == expected
    assert history["loss"] == random_model().fit(x, y, 3, 2, shuffle=False).history["loss"]


def test_two_fits_of_one_epoch_are_one_fit_of_two() -> None:
    x, y = batch()
    once, twice = random_model(optimizer="adam"), random_model(optimizer="adam")
    losses = once.fit(x, y, 3, epochs=2, shuffle=False).history["loss"]
    separately = [twice.fit(x, y, 3, shuffle=False).history["loss"][0] for _ in range(2)]
    assert losses == separately


def test_a_shuffled_epoch_sees_every_sample_once_in_an_order_of_the_generator() -> None:
    seen = []

    def watched(x: Array) -> Any:
        seen.append(int(x[0, 0]))
        return x, lambda dy: dy

    def orders(seed: int, *, shuffle: bool = True) -> list[list[int]]:
        seen.clear()
        layers = [Input((1,)), Activation(watched), Dense(1)]
        model = Sequential(layers, rng=np.random.default_rng(seed))
        model.compile("sgd", "mse")
        model.fit(np.arange(20)[:, np.newaxis], np.zeros((20, 1)), 1, 2, shuffle=shuffle)
        return [seen[:20], seen[20:]]

    first, second = orders(0)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]
    assert orders(0, shuffle=False) == [list(range(20))] * 2


def test_train_on_batch_returns_the_loss_before_its_update() -> None:
    model = random_model()
    x, y = batch()
    before = model.evaluate(x, y)
    assert model.train_on_batch(x, y) == before
    assert model.evaluate(x, y) < before


def test_predict_returns_the_probability_although_the_loss_looks_at_the_logit() -> None:
    model = classification()
    model.set_weights([np.eye(2), np.zeros(2), np.ones((2, 1)), np.zeros(1)])
    hidden = 1 / (1 + np.exp(-CANDIDATES.astype(float)))
    expected = 1 / (1 + np.exp(-hidden.sum(axis=1, keepdims=True)))
    np.testing.assert_allclose(model.predict(CANDIDATES), expected, rtol=1e-15)
    loss, _ = BinaryCrossentropy()(PLACED, expected)
    np.testing.assert_allclose(model.evaluate(CANDIDATES, PLACED), loss, rtol=1e-12)


@pytest.mark.parametrize(
    "verb",
    [
        lambda model, y: model.fit(STUDENTS, y, shuffle=False).history["loss"][0],
        lambda model, y: model.evaluate(STUDENTS, y),
        lambda model, y: model.train_on_batch(STUDENTS, y),
    ],
    ids=["fit", "evaluate", "train_on_batch"],
)
def test_targets_without_a_last_axis_are_one_output_for_each_sample(
    verb: Callable[[Sequential, Array], float],
) -> None:
    assert verb(regression(), SALARIES[:, 0]) == verb(regression(), SALARIES)


def test_class_numbers_are_taken_as_they_are(rng: np.random.Generator) -> None:
    model = Sequential([Input((2,)), Dense(3, "softmax")], rng=rng)
    model.compile("adam", "sparse_categorical_crossentropy")
    x, _ = batch()
    labels = rng.integers(3, size=7)
    value = model.evaluate(x, labels)
    chosen = model.predict(x)[np.arange(7), labels]
    np.testing.assert_allclose(value, -np.log(chosen).mean(), rtol=1e-6)
    assert model.fit(x, labels, epochs=2).history["loss"][1] < value


@every_dtype
def test_a_model_computes_in_its_dtype_whatever_it_is_given(dtype: npt.DTypeLike) -> None:
    model = random_model(dtype=dtype, optimizer="adam")
    model.fit([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    assert {w.dtype for w in model.get_weights()} == {np.dtype(dtype)}
    assert model.predict([[1, 2]]).dtype == dtype


def test_a_model_is_float32_unless_told_otherwise() -> None:
    assert Sequential([Input((2,)), Dense(1)]).get_weights()[0].dtype == np.float32


def test_data_are_only_read(frozen: Callable[[Array], Array]) -> None:
    x, y = (frozen(array) for array in batch())
    model = random_model(optimizer="adam")
    model.fit(x, y, 2, 2, validation_data=(x, y))
    model.evaluate(x, y)
    model.predict(x)
    model.train_on_batch(x, y)


# Weights.


def test_get_weights_are_copies_in_the_order_of_keras() -> None:
    model = random_model()
    weights = model.get_weights()
    assert [w.shape for w in weights] == [(2, 3), (3,), (3, 2), (2,)]
    for w in weights:
        w[:] += 1
    for w, changed in zip(model.get_weights(), weights, strict=True):
        assert (w != changed).all()


def test_set_weights_takes_copies_of_what_get_weights_gave() -> None:
    model, other = random_model(0), random_model(1)
    weights = model.get_weights()
    other.set_weights(weights)
    weights[0] += 1
    for w, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(w, expected)


def test_set_weights_keeps_slots_and_the_step_count() -> None:
    x, y = batch()
    model = random_model(optimizer=Adam())
    model.train_on_batch(x, y)
    state = model.state
    model.set_weights(model.get_weights())
    assert model.state.slots is state.slots
    assert model.state.iterations == 1


def test_compile_starts_slots_and_the_step_count_again_and_keeps_the_weights() -> None:
    x, y = batch()
    model = random_model(optimizer="adam")
    model.train_on_batch(x, y)
    before = model.get_weights()
    model.compile("adam", "mse")
    assert model.state.iterations == 0
    assert not model.state.slots["dense"]["kernel"]["momentum"].any()
    for w, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, kept)


def test_set_weights_of_the_wrong_number_is_refused_and_changes_nothing() -> None:
    model = random_model()
    with pytest.raises(ValueError, match=r"set_weights\(\) expected 4 arrays, received 3"):
        model.set_weights(model.get_weights()[:3])


def test_set_weights_of_the_wrong_shape_is_refused_by_name_and_changes_nothing() -> None:
    model = random_model()
    before = model.get_weights()
    weights = [w + 1 for w in before]
    weights[2] = weights[2].T
    expected = r"expected shape \(3, 2\) for dense_1/kernel, received \(2, 3\)"
    with pytest.raises(ValueError, match=expected):
        model.set_weights(weights)
    for w, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(w, kept)


def test_initial_weights_come_from_the_generator_given() -> None:
    for seed, same in ((0, True), (1, False)):
        equal = [
            np.array_equal(a, b)
            for a, b in zip(
                random_model().get_weights(), random_model(seed).get_weights(), strict=True
            )
            if a.ndim > 1
        ]
        assert equal == [same, same]


def test_without_an_input_the_first_batch_tells_the_shape() -> None:
    model = Sequential([Flatten(), Dense(5)])
    model.compile("sgd", "mse")
    model.fit(np.ones((3, 2, 4)), np.ones((3, 5)))
    assert [w.shape for w in model.get_weights()] == [(8, 5), (5,)]


# What cannot be done is said.


def test_a_model_that_is_not_compiled_or_not_built_says_so() -> None:
    x, y = batch()
    with pytest.raises(RuntimeError, match=r"no loss and no optimizer yet: call compile\(\) first"):
        Sequential([Input((2,)), Dense(2)]).fit(x, y)
    with pytest.raises(RuntimeError, match=r"no weights yet: start it with Input\(shape\)"):
        Sequential([Dense(2)]).get_weights()
    with pytest.raises(ValueError, match=r"compile\(\) needs a loss"):
        Sequential([Dense(2)]).compile("sgd")


@pytest.mark.parametrize(
    ("optimizer", "loss", "expected"),
    [
        ("lion", "mse", "no optimizer 'lion'; it has Adam"),
        ("sgd", "huber", "no loss 'huber'; it has Binary"),
        (
            {"class_name": "SGD", "config": {"clipnorm": 1.0}},
            "mse",
            "SGD has no 'clipnorm', so it cannot honour 1.0",
        ),
        (
            "sgd",
            {"class_name": "MeanSquaredError", "config": {"reduction": "none"}},
            "MeanSquaredError: reduction must be .*, not 'none'",
        ),
    ],
)
def test_compile_refuses_what_scratch_does_not_compute(
    optimizer: Any, loss: Any, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        Sequential([Input((2,)), Dense(1)]).compile(optimizer, loss)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"class_name": "Conv2D", "config": {"filters": 3}},
            "no layer 'Conv2D'; it has Activation",
        ),
        (
            {"class_name": "Dense", "config": {"units": 1, "kernel_regularizer": "l2"}},
            "Dense has no 'kernel_regularizer', so it cannot honour 'l2'",
        ),
    ],
)
def test_from_config_refuses_what_scratch_does_not_compute(
    config: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        Sequential.from_config({"name": "model", "layers": [config]})


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a name of its own, received \['a', 'a'\]"):
        Sequential([Dense(1, name="a"), Dense(1, name="a")])


# Descriptions.


def test_layers_without_a_name_are_counted_as_in_keras() -> None:
    model = Sequential([Input((2,)), Dense(1), Activation("relu"), Dense(1, name="mine"), Dense(1)])
    assert [layer.name for layer in model.layers] == ["dense", "activation", "mine", "dense_1"]


def test_a_model_read_back_from_its_configs_trains_through_the_same_losses() -> None:
    model = Sequential([Input((2,)), Dense(3, "relu"), Flatten(), Dense(2, "softmax")], "mine")
    model.compile(optimizers.RMSprop(0.01, centered=True), "categorical_crossentropy")
    again = Sequential.from_config(model.get_config())
    again.compile_from_config(model.get_compile_config())
    again.set_weights(model.get_weights())
    assert again.get_config() == model.get_config()
    assert again.get_compile_config() == model.get_compile_config()
    x, _ = batch()
    y = np.eye(2)[[0, 1, 1, 0, 1, 0, 1]]
    losses, losses_again = (m.fit(x, y, 3, 4, shuffle=False).history for m in (model, again))
    assert losses == losses_again


def test_the_config_tells_the_loss_that_was_asked_for_and_not_the_one_that_is_computed() -> None:
    config = classification().get_compile_config()
    assert config["loss"]["config"]["from_logits"] is False


def test_a_summary_shows_each_layer_with_its_shape_and_its_parameters() -> None:
    lines: list[str] = []
    model = Sequential([Input((2, 2)), Flatten(), Dense(300), Dense(3, use_bias=False)])
    model.summary(lines.append)
    assert [line.split() for line in lines] == [
        ["Model:", "sequential"],
        ["Layer", "Output", "shape", "Parameters"],
        ["flatten", "(Flatten)", "(None,", "4)", "0"],
        ["dense", "(Dense)", "(None,", "300)", "1,500"],
        ["dense_1", "(Dense)", "(None,", "3)", "900"],
        ["Total", "parameters:", "2,400"],
    ]
