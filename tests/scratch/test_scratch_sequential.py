"""Keras's verbs, with Keras's meaning of each, and the figures of the two classic problems."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import Sequential, activations, optimizers, training
from scratch.arrays import Array
from scratch.layers import Activation, Dense, Flatten, Input, Layer
from scratch.losses import BinaryCrossentropy, Loss, MeanSquaredError
from scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

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


def of_size(model: Sequential, x: Array, y: Array, batch_size: Any) -> list[Any]:
    """Return what each verb gives that takes a batch size, where Keras has that argument."""
    return [
        model.evaluate(x, y, batch_size),
        model.predict(x, batch_size).tolist(),
        model.fit(x, y, batch_size, shuffle=False).history,
        model.evaluate(x, y),
    ]


def test_a_batch_has_32_samples_unless_told_otherwise(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(2, 40, 2))
    as_is = of_size(random_model(), x, y, None)
    assert as_is == of_size(random_model(), x, y, 32) == of_size(random_model(), x, y, np.int64(32))
    assert as_is[-1] != of_size(random_model(), x, y, 40)[-1]


@pytest.mark.parametrize("batch_size", [1, 3, 7, 40])
def test_predict_gives_the_same_whatever_the_batches(batch_size: int) -> None:
    x, _ = batch()
    model = random_model()
    expected = training.forward(model.network, model.state.params, x)
    np.testing.assert_allclose(model.predict(x, batch_size), expected, rtol=1e-14)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-14)


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto"])
def test_verbose_stands_where_keras_has_it_and_prints_nothing(
    verbose: object, capsys: pytest.CaptureFixture[str]
) -> None:
    x, y = batch()
    model = random_model()
    assert model.evaluate(x, y, None, verbose) == model.evaluate(x, y, verbose=verbose)
    np.testing.assert_array_equal(model.predict(x, None, verbose), model.predict(x))
    model.fit(x, y, None, 1, verbose)
    model.fit(x, y, verbose=verbose)
    assert capsys.readouterr() == ("", "")


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


@pytest.mark.parametrize("layers", [[], [Flatten()], [Activation(None)]], ids=str)
def test_what_predict_returns_is_nobody_elses(layers: list[Layer]) -> None:
    x = np.ones((3, 2), np.float32)
    predicted = Sequential([Input((2,)), *layers]).predict(x)
    predicted[:] = 5
    np.testing.assert_array_equal(x, np.ones((3, 2)))


Verb = Callable[[Sequential, npt.ArrayLike, npt.ArrayLike], Any]
VERBS: dict[str, Verb] = {
    "fit": lambda model, x, y: model.fit(x, y, shuffle=False).history["loss"][0],
    "evaluate": lambda model, x, y: model.evaluate(x, y),
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
}
every_verb = pytest.mark.parametrize(
    "verb",
    [*VERBS.values(), lambda model, x, _: model.predict(x).tolist()],
    ids=[*VERBS, "predict"],
)
every_verb_with_targets = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


@every_verb_with_targets
def test_targets_without_a_last_axis_are_one_output_for_each_sample(verb: Verb) -> None:
    whole = verb(regression(), STUDENTS, SALARIES)
    assert verb(regression(), STUDENTS, SALARIES[:, 0]) == whole


def one_number_a_sample() -> Sequential:
    model = Sequential([Input((1,)), Dense(2, "tanh"), Dense(1)], rng=np.random.default_rng(0))
    model.compile("sgd", "mse")
    return model


@every_verb
def test_samples_without_a_last_axis_are_one_number_each_where_one_is_wanted(verb: Verb) -> None:
    x, y = [1, 2, 3], [4, 5, 6]
    column = [[1], [2], [3]]
    assert verb(one_number_a_sample(), x, y) == verb(one_number_a_sample(), column, y)


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


@pytest.mark.parametrize("number", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), Adam(), RMSprop(), AdamW()], ids=str)
def test_hyperparameters_of_numpy_leave_a_model_in_its_dtype(optimizer: Any, number: Any) -> None:
    floats = {name: number(x) for name, x in vars(optimizer).items() if isinstance(x, float)}
    loss = BinaryCrossentropy(from_logits=True, label_smoothing=number(0.1))
    model = random_model(optimizer=replace(optimizer, **floats), loss=loss, dtype=np.float32)
    x, y = batch()
    model.fit(x, y > 0, 3, 2)
    slots = [
        slot
        for tensors in model.state.slots.values()
        for kept in tensors.values()
        for slot in kept.values()
    ]
    assert {array.dtype for array in (*model.get_weights(), *slots)} == {np.dtype(np.float32)}
    json.dumps(model.get_compile_config())


@every_dtype
@pytest.mark.parametrize(
    "output",
    [
        [Dense(1, "sigmoid")],
        [Dense(1, activations.sigmoid)],
        [Dense(1, "sigmoid"), Activation(None)],
        [Dense(1, activations.sigmoid), Activation(activations.linear)],
        [Dense(1), Activation(activations.sigmoid), Activation(None)],
    ],
    ids=["name", "function", "before None", "before linear", "layer"],
)
def test_a_sigmoid_is_computed_from_its_logit_however_it_is_given(
    output: list[Layer], dtype: npt.DTypeLike
) -> None:
    model = Sequential([Input((1,)), *output], dtype=dtype)
    model.compile("sgd", "binary_crossentropy")
    model.set_weights([[[60]], [0]])
    # The probability itself is clipped: it would cost -log(1e-7), about 16.
    assert model.evaluate([[1]], [[0]]) == 60


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
        (None, "mse", "no optimizer None; it has Adam"),
        ("sgd", SGD(), r"no loss SGD\(.*\); it has Binary"),
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


@every_verb
@pytest.mark.parametrize(
    ("wanted", "received"),
    [
        ((2,), (7,)),
        ((2,), (2,)),
        ((2,), (7, 3)),
        ((2,), (7, 2, 2)),
        ((2,), (0, 2)),
        ((2,), ()),
        ((1,), ()),
        ((1,), (0,)),
        ((2, 3), (7, 6)),
        ((2, 3), (7, 3, 2)),
        (None, (7,)),
        (None, ()),
    ],
    ids=str,
)
def test_samples_of_another_shape_are_refused_with_the_shape_wanted(
    verb: Verb, wanted: tuple[int, ...] | None, received: tuple[int, ...]
) -> None:
    model = Sequential([Dense(1)] if wanted is None else [Input(wanted), Dense(1)])
    model.compile("sgd", "mse")
    sizes = "…" if wanted is None else ", ".join(map(str, wanted))
    expected = f"x must have shape (samples, {sizes}), received {received}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        verb(model, np.ones(received), np.ones(received[:1]))


@every_verb
def test_samples_that_were_refused_do_not_tell_a_model_its_shape(verb: Verb) -> None:
    model = Sequential([Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="x must have shape"):
        verb(model, np.ones(7), np.ones(7))
    verb(model, np.ones((7, 2)), np.ones(7))


@every_verb_with_targets
@pytest.mark.parametrize("received", [(6, 2), (8, 2), (1, 2), (6,), (0,), ()], ids=str)
def test_another_number_of_targets_than_of_samples_is_refused(
    verb: Verb, received: tuple[int, ...]
) -> None:
    expected = f"x and y need as many samples, received the shapes (7, 2) and {received}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        verb(random_model(), batch()[0], np.ones(received))


@every_verb_with_targets
@pytest.mark.parametrize("received", [(7,), (7, 1), (7, 3), (7, 2, 1)], ids=str)
def test_targets_of_another_width_than_the_output_are_refused(
    verb: Verb, received: tuple[int, ...]
) -> None:
    column = received if len(received) > 1 else (7, 1)
    expected = f"y_true must have the shape of y_pred, (7, 2), received {column} (class numbers"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}"):
        verb(random_model(), batch()[0], np.ones(received))


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "3"])
@pytest.mark.parametrize(
    "verb",
    [
        lambda model, x, y, size: model.fit(x, y, size),
        lambda model, x, y, size: model.evaluate(x, y, size),
        lambda model, x, _, size: model.predict(x, size),
    ],
    ids=["fit", "evaluate", "predict"],
)
def test_a_batch_size_that_cannot_be_counted_is_refused(
    verb: Callable[..., Any], batch_size: Any
) -> None:
    expected = f"batch_size must be a whole number from 1 on, received {batch_size!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        verb(random_model(), *batch(), batch_size)


@pytest.mark.parametrize("metrics", [["accuracy"], "accuracy"])
def test_metrics_are_refused(metrics: Any) -> None:
    expected = f"scratch computes no metrics besides the loss, received {metrics!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        random_model().compile("sgd", "mse", metrics=metrics)


@pytest.mark.parametrize("metrics", [None, []])
def test_a_list_of_no_metrics_is_passed_over(metrics: Any) -> None:
    random_model().compile("sgd", "mse", metrics=metrics)


@pytest.mark.parametrize("dtype", ["int32", "float16", "complex64", "bool"])
def test_a_dtype_in_which_nothing_can_be_computed_is_refused(dtype: str) -> None:
    expected = f"^a model computes in float32, float64 or long double, not in {dtype}$"
    with pytest.raises(ValueError, match=expected):
        Sequential([Dense(1)], dtype=dtype)


@pytest.mark.parametrize(
    "layers",
    [[Input((2,)), Input((2,)), Dense(1)], [Dense(1), Input((2,))]],
    ids=["twice", "last"],
)
def test_an_input_that_does_not_stand_first_is_refused(layers: list[Layer]) -> None:
    with pytest.raises(ValueError, match=r"^an Input stands first, and there is one at most$"):
        Sequential(layers)


@pytest.mark.parametrize(
    "thing", [3, None, "dense", Dense, SGD(), {"class_name": "Flatten", "config": {}}], ids=str
)
def test_what_is_no_layer_is_refused(thing: Any) -> None:
    expected = f"a model is made of scratch layers, received {thing!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        Sequential([Dense(1), thing])


@pytest.mark.parametrize(
    ("setting", "value"), [("loss_weights", [0.5]), ("loss_weights", {"dense": 1.0}), ("mine", 1)]
)
def test_compile_from_config_refuses_what_scratch_does_not_compute(
    setting: str, value: Any
) -> None:
    model = random_model()
    expected = f"scratch compile() has no {setting!r}, so it cannot honour {value!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        model.compile_from_config(model.get_compile_config() | {setting: value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("loss_weights", None),
        ("metrics", ["accuracy"]),
        ("weighted_metrics", ["mae"]),
        ("run_eagerly", True),
        ("steps_per_execution", 4),
        ("jit_compile", True),
        ("auto_scale_loss", False),
    ],
)
def test_compile_from_config_passes_over_what_changes_no_number(setting: str, value: Any) -> None:
    config = random_model(optimizer="adam").get_compile_config()
    model = random_model()
    model.compile_from_config(config | {setting: value})
    assert model.get_compile_config() == config


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


def test_a_summary_before_the_first_batch_asks_for_the_shapes() -> None:
    lines: list[str] = []
    Sequential([Flatten(), Dense(3)]).summary(lines.append)
    assert [line.split() for line in lines] == [
        ["Model:", "sequential"],
        ["Layer", "Output", "shape", "Parameters"],
        ["flatten", "(Flatten)", "?", "?"],
        ["dense", "(Dense)", "?", "?"],
        ["Total", "parameters:", "?"],
    ]


def test_the_columns_of_a_summary_are_as_wide_as_their_longest_entry() -> None:
    lines: list[str] = []
    shape = (1,) * 12
    model = Sequential([Input((*shape, 2)), Dense(123_456, name="a" * 50), Flatten(name="b")])
    model.summary(lines.append)
    header, *rows = lines[1:-1]
    left, right = header.index("Output shape"), len(header)
    assert [row[:left].rstrip() for row in rows] == ["a" * 50 + " (Dense)", "b (Flatten)"]
    for row in (header, *rows):
        assert row[left - 2 : left + 1].strip() == row[left]
        assert len(row.rstrip()) == right
