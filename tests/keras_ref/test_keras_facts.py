"""What Keras on TensorFlow really computes, wherever this project relies on it.

Each test is one such fact, and fails when a new Keras or TensorFlow changes it. Numbers are
chosen so that the fact shows in them: float64 where only a rule can make a difference, sums of
powers of two where the result can be had exactly.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import keras_ref
from keras_ref.constants import through_float32 as r
from keras_ref.libraries import keras, tf
from keras_ref.models import everything_in
from scratch import (
    Activation,
    Dense,
    Flatten,
    Input,
    Sequential,
    activations,
    initializers,
    losses,
    optimizers,
)
from scratch.configuration import serialize
from scratch.layers import Layer
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from scratch.sequential import WeightedMean

Array = npt.NDArray[Any]
AsKeras = Callable[[Sequential], Any]

EPS = float(np.finfo("float64").eps)
#: Keras's ``backend.epsilon()``.
E = 1e-7

in_float64 = pytest.mark.usefixtures("float64")


def almost(value: float) -> Any:
    """Compare to within a few units in the last place of float64."""
    return pytest.approx(value, rel=8 * EPS, abs=0)


# Which constants an optimizer holds: Python floats cast by ops.cast go through float32.


def optimized(optimizer: Any, gradients: tuple[float, ...], start: float = 0.0) -> dict[str, float]:
    """Step a single number with these gradients; return it as ``w``, and its slots by name."""
    w = keras.Variable(np.float64(start), name="w")
    optimizer.build([w])
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient, tf.float64)], [w])
    slots = {v.name.removeprefix("w_"): v for v in optimizer.variables if v.name.startswith("w_")}
    return {"w": float(w), **{name: float(slot) for name, slot in slots.items()}}


@dataclass(frozen=True)
class Constant:
    """An argument, and a formula for a quantity in which it can be seen."""

    value: float
    make: Callable[[float], Any]
    gradients: tuple[float, ...]
    quantity: str
    formula: Callable[[float], float]

    def check(self, *, held: float, not_held: float) -> None:
        seen = optimized(self.make(self.value), self.gradients)[self.quantity]
        assert seen == almost(self.formula(held))
        assert abs(seen / self.formula(not_held) - 1) > 1e-9


ROUNDED = {
    "momentum of SGD": Constant(
        0.9, lambda c: keras.optimizers.SGD(1.0, momentum=c), (1, 0), "momentum", lambda c: -c
    ),
    "weight_decay": Constant(
        0.1, lambda c: keras.optimizers.SGD(1.0, weight_decay=c), (-1, 0), "w", lambda c: 1 - c
    ),
    # Without epsilon and beta_2 only the two uses of beta_1 remain, and only one is rounded.
    "beta_1 in its powers": Constant(
        0.9,
        lambda c: keras.optimizers.Adam(1.0, beta_1=c, beta_2=0.0, epsilon=0.0),
        (1,),
        "w",
        lambda c: -(1 - 0.9) / (1 - c),
    ),
    "beta_2 in its powers": Constant(
        0.999,
        lambda c: keras.optimizers.Adam(1.0, beta_1=0.0, beta_2=c, epsilon=0.0),
        (1,),
        "w",
        lambda c: -float(np.sqrt(1 - c) / np.sqrt(1 - 0.999)),
    ),
}

EXACT = {
    "learning_rate": Constant(0.1, keras.optimizers.SGD, (1,), "w", lambda c: -c),
    "1 - beta_1": Constant(
        0.9, lambda c: keras.optimizers.Adam(beta_1=c), (1,), "momentum", lambda c: 1 - c
    ),
    "1 - beta_2": Constant(
        0.999, lambda c: keras.optimizers.Adam(beta_2=c), (1,), "velocity", lambda c: 1 - c
    ),
    "rho": Constant(
        0.9, lambda c: keras.optimizers.RMSprop(rho=c), (1, 0), "velocity", lambda c: c * (1 - c)
    ),
    "momentum of RMSprop": Constant(
        0.9,
        lambda c: keras.optimizers.RMSprop(1.0, rho=0.75, momentum=c, epsilon=0.75),
        (1, 0),
        "momentum",
        lambda c: c,
    ),
    # Gradients so small that epsilon is most of the denominator.
    "epsilon of RMSprop": Constant(
        E,
        lambda c: keras.optimizers.RMSprop(1.0, rho=0.0, epsilon=c),
        (1e-9,),
        "w",
        lambda c: -1e-9 / float(np.sqrt(1e-18 + c)),
    ),
    "epsilon of Adam": Constant(
        E,
        lambda c: keras.optimizers.Adam(1.0, beta_1=0.0, beta_2=0.0, epsilon=c),
        (1e-9,),
        "w",
        lambda c: -1e-9 / (1e-9 + c),
    ),
}


@in_float64
@pytest.mark.parametrize("constant", ROUNDED.values(), ids=ROUNDED.keys())
def test_constants_that_are_cast_go_through_float32_even_in_float64(constant: Constant) -> None:
    constant.check(held=r(constant.value), not_held=constant.value)


@in_float64
@pytest.mark.parametrize("constant", EXACT.values(), ids=EXACT.keys())
def test_constants_that_are_not_cast_stay_exact(constant: Constant) -> None:
    constant.check(held=constant.value, not_held=r(constant.value))


@in_float64
def test_a_cast_of_a_python_float_goes_through_float32() -> None:
    assert float(keras.ops.cast(0.9, "float64")) == r(0.9) != 0.9


@in_float64
def test_the_slope_of_leaky_relu_is_rounded_to_float32() -> None:
    assert float(keras.activations.leaky_relu(tf.constant(-1.0, tf.float64))) == -r(0.2) != -0.2


@in_float64
def test_a_constant_initializer_rounds_to_float32() -> None:
    layer = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(0.1))
    layer.build((None, 1))
    assert layer.kernel.dtype == "float64"
    assert float(layer.kernel[0, 0]) == r(0.1) != 0.1


@in_float64
def test_set_weights_does_not_round() -> None:
    layer = keras.layers.Dense(1, use_bias=False)
    layer.build((None, 1))
    layer.set_weights([np.array([[0.1]])])
    assert layer.kernel.numpy()[0, 0] == 0.1


def test_a_late_set_floatx_reaches_the_learning_rate_but_not_the_layers() -> None:
    policy = keras.config.dtype_policy().name
    keras.config.set_floatx("float64")
    try:
        layer = keras.layers.Dense(1)
        layer.build((None, 1))
        optimizer = keras.optimizers.SGD(0.1)
        assert policy == "float32"
        assert layer.kernel.dtype == "float32"
        assert keras.losses.MeanSquaredError().dtype == "float64"
        assert optimizer.learning_rate.dtype == "float64"
    finally:
        keras.config.set_floatx("float32")


# The forms of the update rules. Powers of two and their sums: nothing is rounded anywhere.


@in_float64
@pytest.mark.parametrize(
    ("make", "gradients", "start", "expected"),
    [
        pytest.param(
            # m = -1, then w += m / 2 - 1; m = -1/2, then w += m / 2.
            lambda: keras.optimizers.SGD(1.0, momentum=0.5, nesterov=True),
            (1, 0),
            0,
            {"w": -1.75, "momentum": -0.5},
            id="nesterov looks ahead by the new momentum and the gradient once more",
        ),
        pytest.param(
            # Outside the root it would be 1 / (sqrt(1/4) + 3/4) = 0.8.
            lambda: keras.optimizers.RMSprop(1.0, rho=0.75, epsilon=0.75),
            (1,),
            0,
            {"w": -1.0, "velocity": 0.25},
            id="RMSprop's epsilon stands inside the root",
        ),
        pytest.param(
            # sqrt(v - a**2 + epsilon) with v = a = 1/2.
            lambda: keras.optimizers.RMSprop(1.0, rho=0.5, epsilon=0.75, centered=True),
            (1,),
            0,
            {"w": -1.0, "velocity": 0.5, "average_gradient": 0.5},
            id="centered RMSprop takes the squared mean off under the root",
        ),
        pytest.param(
            # With the rate outside, w would be the same and the momentum 1/2.
            lambda: keras.optimizers.RMSprop(2.0, rho=0.75, epsilon=0.75, momentum=0.5),
            (1, 0),
            0,
            {"w": -3.0, "velocity": 0.1875, "momentum": 1.0},
            id="RMSprop's momentum has the learning rate inside",
        ),
        pytest.param(
            # Algorithm 1 of the paper would give 1 / (1 + 1/2), a root around both 0.58.
            lambda: keras.optimizers.Adam(1.0, beta_1=0.0, beta_2=0.75, epsilon=0.5),
            (1,),
            0,
            {"w": -0.5, "momentum": 1.0, "velocity": 0.25},
            id="Adam's epsilon stands beside the root of the uncorrected velocity",
        ),
        pytest.param(
            lambda: keras.optimizers.Adam(beta_1=0.0, beta_2=0.5, amsgrad=True),
            (2, 1),
            0,
            {"velocity": 1.5, "velocity_hat": 2.0},
            id="amsgrad keeps the largest uncorrected velocity",
        ),
        pytest.param(
            # After the rule it would be (1 - 1/2) * 3/4 = 0.375.
            lambda: keras.optimizers.AdamW(
                0.5, weight_decay=0.5, beta_1=0.0, beta_2=0.0, epsilon=0.0
            ),
            (1,),
            1,
            {"w": 0.25, "momentum": 1.0, "velocity": 1.0},
            id="AdamW decays before the rule, by the learning rate too",
        ),
    ],
)
def test_the_numbers_show_that(
    make: Callable[[], Any],
    gradients: tuple[float, ...],
    start: float,
    expected: dict[str, float],
) -> None:
    assert expected.items() <= optimized(make(), gradients, start).items()


@in_float64
def test_adamw_decays_biases_too() -> None:
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.set_weights([np.ones((1, 1)), np.ones(1)])
    optimizer = keras.optimizers.AdamW(0.5, weight_decay=0.5)
    optimizer.apply([tf.zeros_like(v) for v in model.weights], model.trainable_variables)
    np.testing.assert_array_equal(np.ravel(model.get_weights()[1]), [0.75])


@in_float64
@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (SGD(), set()),
        (SGD(momentum=0.9), {"momentum"}),
        (RMSprop(), {"velocity"}),
        (
            RMSprop(momentum=0.9, centered=True),
            {"velocity", "momentum", "average_gradient"},
        ),
        (Adam(), {"momentum", "velocity"}),
        (Adam(amsgrad=True), {"momentum", "velocity", "velocity_hat"}),
        (AdamW(), {"momentum", "velocity"}),
    ],
    ids=str,
)
def test_slots_have_the_names_that_scratch_gives_them(rule: Optimizer, names: set[str]) -> None:
    slots = optimized(keras.saving.deserialize_keras_object(serialize(rule)), ())
    assert slots == {"w": 0.0} | dict.fromkeys(names, 0.0)
    assert set(rule.slot_names()) == names


# Logits: a sigmoid or a softmax leaves its input behind for the cross-entropies.


def logistic(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def softmax(z: Array) -> Array:
    p: Array = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return p


def sigmoid_crossentropy(y: Array, z: Array) -> float:
    return float((np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean())


def softmax_crossentropy(y: Array, z: Array) -> float:
    return float((y * (np.log(np.exp(z).sum(axis=-1, keepdims=True)) - z)).sum(axis=-1).mean())


def on_logits(
    head: list[Layer], loss: Loss, z: Array, dtype: str = "float64", rate: float = 0.0
) -> Sequential:
    """Return a network whose first Dense hands on its input unchanged, so that ``z`` is known."""
    units = z.shape[-1]
    network = Sequential([Input((units,)), *head], dtype=dtype)
    network.compile(SGD(rate), loss)
    network.set_weights([np.eye(units), np.zeros(units)])
    return network


Z, Y = np.array([[20.0]]), np.array([[0.0]])


@pytest.mark.parametrize(
    "head",
    [
        pytest.param([Dense(1, "sigmoid")], id="Dense(sigmoid)"),
        pytest.param([Dense(1), Activation("sigmoid")], id="Activation('sigmoid')"),
        pytest.param([Dense(1, "sigmoid"), Activation("linear")], id="linear after sigmoid"),
    ],
)
def test_binary_crossentropy_looks_behind_the_last_sigmoid(
    head: list[Layer], as_keras: AsKeras
) -> None:
    network = on_logits(head, BinaryCrossentropy(), Z)
    model = as_keras(network)
    with everything_in("float64"):
        trained = model.train_on_batch(Z, Y)
        evaluated = model.evaluate(Z, Y, verbose=0)
        eager = float(model.compute_loss(y=tf.constant(Y), y_pred=model(Z)))
    assert trained == evaluated == eager == almost(sigmoid_crossentropy(Y, Z))
    assert network.train_on_batch(Z, Y) == almost(trained)
    assert trained == pytest.approx(20, abs=1e-8)


@pytest.mark.parametrize(
    ("dtype", "expected"), [("float32", 15.942385), ("float64", 16.11809565095832)]
)
def test_a_flatten_after_the_sigmoid_hides_the_logits(
    dtype: str, expected: float, as_keras: AsKeras
) -> None:
    network = on_logits([Dense(1, "sigmoid"), Flatten()], BinaryCrossentropy(), Z, dtype)
    z, y = Z.astype(dtype), Y.astype(dtype)
    with everything_in(dtype):
        trained = as_keras(network).train_on_batch(z, y)
    # The clip at 1 - 1e-7, which in float32 is 1 - 1.19e-7, sets the loss.
    assert trained == pytest.approx(expected, rel=1e-7)
    assert network.train_on_batch(z, y) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("head", ["sigmoid", "softmax"])
@pytest.mark.parametrize(
    "loss",
    [BinaryCrossentropy(), CategoricalCrossentropy(), SparseCategoricalCrossentropy()],
    ids=lambda loss: type(loss).__name__,
)
def test_the_loss_alone_decides_what_is_done_with_the_logits(
    head: str, loss: Loss, as_keras: AsKeras
) -> None:
    z = np.array([[1.0, -2.0, 0.5]])
    one_hot = np.array([[0.0, 0.0, 1.0]])
    y = np.array([[2]]) if isinstance(loss, SparseCategoricalCrossentropy) else one_hot
    network = on_logits([Dense(3, head)], loss, z, rate=1.0)
    model = as_keras(network)
    with everything_in("float64"):
        trained = model.train_on_batch(z, y)

    if isinstance(loss, BinaryCrossentropy):
        expected, dz = sigmoid_crossentropy(one_hot, z), (logistic(z) - one_hot) / 3
    else:
        expected, dz = softmax_crossentropy(one_hot, z), softmax(z) - one_hot
    assert trained == almost(expected)
    assert network.train_on_batch(z, y) == almost(expected)
    # With a learning rate of 1 the bias, which was 0, is now the gradient of z, negated.
    np.testing.assert_allclose(model.get_weights()[1], -dz[0], rtol=8 * EPS)
    np.testing.assert_allclose(network.get_weights()[1], -dz[0], rtol=8 * EPS)

    # A pair that does not belong together is not what its names say.
    p = logistic(z) if head == "sigmoid" else softmax(z)
    if isinstance(loss, BinaryCrossentropy):
        by_name = -(one_hot * np.log(p) + (1 - one_hot) * np.log(1 - p)).mean()
    else:
        by_name = -np.log(p[0, 2] / p.sum())
    belongs = isinstance(loss, BinaryCrossentropy) == (head == "sigmoid")
    assert (trained == pytest.approx(by_name, rel=1e-6)) == belongs


# Derivatives where there are none.


def slope(function: Callable[[Any], Any], x: float) -> float:
    """Return the derivative that TensorFlow takes at ``x``."""
    at = tf.constant(x, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(at)
        y = function(at)
    return float(tape.gradient(y, at))


@in_float64
@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize(
    ("name", "expected"), [("relu", 0.0), ("leaky_relu", r(0.2)), ("elu", 1.0)]
)
def test_the_derivative_at_the_kink_of(name: str, expected: float, zero: float) -> None:
    assert slope(getattr(keras.activations, name), zero) == expected
    _, pullback = activations.get(name)(np.array([zero]))
    assert pullback(np.ones(1))[0] == pytest.approx(expected, abs=1e-8)


@in_float64
def test_the_derivative_of_the_absolute_value_at_0_is_0() -> None:
    assert slope(keras.ops.abs, 0.0) == 0
    _, gradient = MeanAbsoluteError()(np.zeros((1, 1)), np.zeros((1, 1)))
    assert gradient == 0


@in_float64
@pytest.mark.parametrize(("x", "expected"), [(0.0, 1), (1.0, 1), (-0.001, 0), (1.001, 0)])
def test_a_clip_passes_gradients_at_its_bounds_and_not_beyond(x: float, expected: float) -> None:
    assert slope(lambda x: keras.ops.clip(x, 0.0, 1.0), x) == expected


# Losses.

HALVES = np.full((2, 2), 0.5)


@in_float64
@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "one_sample"),
    [
        # The samples' own losses are 5 and 0, 2 and 0: the last axis is a mean in these …
        ("MeanSquaredError", np.zeros((2, 2)), np.array([[1.0, 3.0], [0.0, 0.0]]), 2.5),
        ("MeanAbsoluteError", np.zeros((2, 2)), np.array([[1.0, 3.0], [0.0, 0.0]]), 1.0),
        ("BinaryCrossentropy", np.eye(2), HALVES, np.log(2)),
        # … and a sum in these.
        ("CategoricalCrossentropy", np.eye(2), HALVES, np.log(2)),
        ("SparseCategoricalCrossentropy", np.array([0, 1]), HALVES, np.log(2)),
    ],
)
def test_losses_are_means_over_the_batch_and_with_sum_are_sums(
    name: str, y_true: Array, y_pred: Array, one_sample: float
) -> None:
    loss = getattr(keras.losses, name)
    assert float(loss()(y_true, y_pred)) == almost(one_sample)
    assert float(loss(reduction="sum")(y_true, y_pred)) == almost(2 * one_sample)


@in_float64
def test_sparse_crossentropy_divides_probabilities_by_their_sum_after_the_clip() -> None:
    p = np.array([[0.0, 0.0, 1.0]])
    seen = float(keras.losses.SparseCategoricalCrossentropy()(np.array([0]), p))
    assert seen == almost(-np.log(E / (E + E + (1 - E))))
    assert abs(seen - -np.log(E)) > 5e-8


@in_float64
def test_categorical_crossentropy_divides_probabilities_by_their_sum_before_the_clip() -> None:
    p = np.array([[0.5 * E, 5 * E]])
    seen = float(keras.losses.CategoricalCrossentropy()(np.array([[1.0, 0.0]]), p))
    assert seen == almost(np.log(11))
    assert seen != pytest.approx(np.log(6), rel=0.1)  # what clipping first would give


@in_float64
def test_label_smoothing_moves_binary_labels_towards_a_half() -> None:
    y, p = np.array([[1.0, 0.0]]), np.array([[0.7, 0.2]])
    smooth = y * (1 - 0.2) + 0.5 * 0.2
    expected = -(smooth * np.log(p) + (1 - smooth) * np.log(1 - p)).mean()
    assert float(keras.losses.BinaryCrossentropy(label_smoothing=0.2)(y, p)) == almost(expected)


@in_float64
def test_label_smoothing_moves_classes_towards_one_of_their_number() -> None:
    y, p = np.array([[1.0, 0.0, 0.0]]), np.array([[0.7, 0.2, 0.1]])
    smooth = y * (1 - 0.3) + 0.3 / 3
    expected = -(smooth * np.log(p)).sum()
    seen = float(keras.losses.CategoricalCrossentropy(label_smoothing=0.3)(y, p))
    assert seen == almost(expected)


@in_float64
def test_binary_crossentropy_from_logits_is_the_formula_that_cannot_overflow() -> None:
    z = np.array([[-1e4, -30.0, -1e-9, 0.0, 2.0, 40.0, 1e4]])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    for y in (np.zeros_like(z), np.ones_like(z), np.full_like(z, 0.3)):
        assert float(loss(y, z)) == almost(sigmoid_crossentropy(y, z))


# The loop around the step.


def line(dtype: str = "float64", rate: float = 0.0) -> Sequential:
    """Return ``y = kernel * x`` with a kernel of 0: the loss of a sample is ``y**2``."""
    network = Sequential([Input((1,)), Dense(1, use_bias=False)], dtype=dtype)
    network.compile(SGD(rate), MeanSquaredError())
    network.set_weights([np.zeros((1, 1))])
    return network


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_reported_loss_is_the_row_weighted_mean_of_losses_before_each_update(
    dtype: str, as_keras: AsKeras
) -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(7, 1)).astype(dtype) for _ in range(2))
    fitted, stepped = as_keras(line(dtype, 0.1)), as_keras(line(dtype, 0.1))
    (reported,) = keras_ref.plain_fit(fitted, x, y, [np.arange(7)], 3, dtype)

    weighted, plain, after = WeightedMean(dtype), [], []
    for rows in (slice(0, 3), slice(3, 6), slice(6, 7)):
        loss = stepped.train_on_batch(x[rows], y[rows])
        weighted.add(loss, len(x[rows]))
        plain.append(loss)
        after.append(stepped.test_on_batch(x[rows], y[rows]))
    assert reported == weighted.result()
    assert reported != pytest.approx(np.mean(plain), rel=1e-3)
    assert reported != pytest.approx(np.average(after, weights=[3, 3, 1]), rel=1e-3)


def test_evaluate_and_val_loss_look_at_the_weights_after_the_update(as_keras: AsKeras) -> None:
    x = y = np.ones((1, 1))
    model = as_keras(line(rate=0.25))
    with everything_in("float64"):
        history = model.fit(x, y, verbose=0, validation_data=(x, y)).history
        evaluated = model.evaluate(x, y, verbose=0)
    # The kernel goes from 0 to 1/2.
    assert history == {"loss": [1.0], "val_loss": [0.25]}
    assert evaluated == 0.25


@pytest.fixture
def row_orders(as_keras: AsKeras) -> Callable[[int, int], Array]:
    """Return which row came when in a ``fit`` with a seed and nothing said about shuffling."""

    def orders(seed: int, epochs: int) -> Array:
        samples = 8
        model = as_keras(line())
        means: list[float] = []
        watch = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda _, logs: means.append(logs["loss"])
        )
        keras.utils.set_random_seed(seed)
        x, y = np.ones((samples, 1)), np.arange(float(samples)).reshape(-1, 1)
        with everything_in("float64"):
            model.fit(x, y, batch_size=1, epochs=epochs, verbose=0, callbacks=[watch])
        # The logs are means so far, and the loss of row i is i**2.
        sums = np.reshape(means, (epochs, samples)) * np.arange(1, samples + 1)
        return np.rint(np.sqrt(np.abs(np.diff(sums, axis=1, prepend=0)))).astype(int)

    return orders


def test_fit_shuffles_by_default_and_under_a_seed_in_the_same_order_every_epoch(
    row_orders: Callable[[int, int], Array],
) -> None:
    first, other = row_orders(1, 3), row_orders(2, 1)
    np.testing.assert_array_equal(np.sort(first, axis=1), np.tile(np.arange(8), (3, 1)))
    np.testing.assert_array_equal(first, np.tile(first[0], (3, 1)))
    assert not np.array_equal(first[0], np.arange(8))
    assert not np.array_equal(first[0], other[0])


def test_the_short_last_batch_is_kept_and_divided_by_its_own_rows(as_keras: AsKeras) -> None:
    x, y = np.ones((4, 1)), np.array([[0.0], [0.0], [0.0], [1.0]])
    model = as_keras(line(rate=0.25))
    keras_ref.plain_fit(model, x, y, [np.arange(4)], 3, "float64")
    # The first three rows give no gradient, the last one -2 / 1 (and not -2 / 3).
    assert model.get_weights()[0] == 0.5


def test_optimizer_state_persists_from_fit_to_fit(as_keras: AsKeras) -> None:
    network = line()
    network.compile(SGD(0.25, momentum=0.5), MeanSquaredError())
    model, x = as_keras(network), np.ones((1, 1))
    for _ in range(2):
        keras_ref.plain_fit(model, x, x, [np.zeros(1, int)], 1, "float64")
    # 0 + 1/2, then + 1/4 of momentum kept and 1/4 of new gradient.
    assert model.get_weights()[0] == 1
    assert model.optimizer.iterations == 2


def test_targets_without_a_last_axis_are_given_one(as_keras: AsKeras) -> None:
    network = line()
    network.set_weights([np.ones((1, 1))])
    model, x = as_keras(network), np.array([[0.0], [2.0]])
    with everything_in("float64"):
        # Broadcast to (2, 2), the loss would be 2.
        assert model.train_on_batch(x, x[:, 0]) == 0
    assert network.train_on_batch(x, x[:, 0]) == 0


def test_variables_stand_by_layer_and_the_kernel_before_the_bias(as_keras: AsKeras) -> None:
    network = Sequential([Input((2,)), Dense(3, name="a"), Dense(4, use_bias=False), Dense(1)])
    network.compile(SGD(), MeanSquaredError())
    model = as_keras(network)
    paths = ["a/kernel", "a/bias", "dense/kernel", "dense_1/kernel", "dense_1/bias"]
    for variables in (model.weights, model.trainable_variables):
        assert [v.path.removeprefix("sequential/") for v in variables] == paths
    assert [v.shape for v in model.weights] == [(2, 3), (3,), (3, 4), (4, 1), (1,)]


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a fact about CPUs")
def test_automatic_jit_compilation_is_off_on_a_cpu() -> None:
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile="auto")
    assert model.jit_compile is False


# The two classic problems, to the digits that were measured.


@dataclass(frozen=True)
class Classic:
    """A 2-2-1 network whose kernels start at 0.1, trained row by row without shuffling."""

    x: Array
    y: Array
    activation: str
    loss: Loss
    rate: float
    epochs: int

    def network(self, dtype: str) -> Sequential:
        layers = [Input((2,)), Dense(2, self.activation), Dense(1, self.activation)]
        network = Sequential(layers, dtype=dtype)
        network.compile(SGD(self.rate), self.loss)
        network.set_weights([np.full((2, 2), 0.1), np.zeros(2), np.full((2, 1), 0.1), np.zeros(1)])
        return network


@dataclass(frozen=True)
class Outcome:
    """Losses by epoch, final weights and the loss they have.

    The hidden units stay alike, so one number stands for each row of the first kernel, for the
    first bias and for the second kernel.
    """

    losses: Mapping[int, float]
    weights: tuple[float, float, float, float, float]
    evaluated: float

    def check(self, losses: list[float], weights: list[Array], digits: int) -> None:
        tolerance = 0.5 * 10.0 ** (1 - digits)
        seen = [losses[epoch - 1] for epoch in self.losses]
        np.testing.assert_allclose(seen, list(self.losses.values()), rtol=tolerance)
        flat = np.concatenate([w.ravel() for w in weights])
        np.testing.assert_allclose(flat, np.repeat(self.weights, (2, 2, 2, 2, 1)), rtol=tolerance)

    def check_evaluated(self, evaluated: float, digits: int) -> None:
        assert evaluated == pytest.approx(self.evaluated, rel=0.5 * 10.0 ** (1 - digits))


REGRESSION = Classic(
    np.array([[8.0, 8.0], [7.0, 9.0], [6.0, 10.0], [5.0, 12.0]]),
    np.array([[4.0], [5.0], [6.0], [7.0]]),
    "linear",
    MeanSquaredError(),
    rate=0.001,
    epochs=5,
)
CLASSIFICATION = Classic(
    np.array([[8.0, 8.0], [7.0, 9.0], [6.0, 10.0], [5.0, 5.0]]),
    np.array([[1.0], [1.0], [0.0], [0.0]]),
    "sigmoid",
    BinaryCrossentropy(),
    rate=0.0001,
    epochs=50,
)

GOLDEN = {
    "regression-float64": (
        REGRESSION,
        "float64",
        Outcome(
            {
                1: 26.345577666415263,
                2: 19.85942891863526,
                3: 10.881602572213675,
                4: 3.777037799271362,
                5: 1.223804496951285,
            },
            (
                0.27198995161606426,
                0.392739263250084,
                0.028380736400000415,
                0.46900040200354964,
                0.12168148210187665,
            ),
            0.7736425431252559,
        ),
    ),
    "regression-float32": (
        REGRESSION,
        "float32",
        Outcome(
            {1: 26.345577, 2: 19.859428, 3: 10.881603, 4: 3.777039, 5: 1.2238044},
            (0.27198997, 0.39273927, 0.028380737, 0.46900037, 0.1216815),
            0.77364266,
        ),
    ),
    "classification-float64": (
        CLASSIFICATION,
        "float64",
        Outcome(
            {
                1: 0.6939124402131229,
                2: 0.6939114524538248,
                10: 0.6939035661856437,
                50: 0.6938645530419256,
            },
            (
                0.09999006222919389,
                0.09990289467246126,
                -2.6431945508224044e-05,
                0.09960348816577827,
                -0.0008019598252936763,
            ),
            0.6938347609191258,
        ),
    ),
    "classification-float32": (
        CLASSIFICATION,
        "float32",
        Outcome(
            {1: 0.6939125, 2: 0.69391143, 10: 0.69390357, 50: 0.6938645},
            (0.09999006, 0.099902906, -2.6431953e-05, 0.09960349, -0.00080195983),
            0.6938348,
        ),
    ),
}
each_golden = pytest.mark.parametrize(
    ("problem", "dtype", "outcome"), GOLDEN.values(), ids=GOLDEN.keys()
)
DIGITS = {"float32": 7, "float64": 15}


@each_golden
def test_keras_trains_the_classic_problems_to_these_digits(
    problem: Classic, dtype: str, outcome: Outcome, as_keras: AsKeras
) -> None:
    model = as_keras(problem.network(dtype))
    x, y = problem.x.astype(dtype), problem.y.astype(dtype)
    losses = keras_ref.plain_fit(model, x, y, [np.arange(4)] * problem.epochs, 1, dtype)
    with everything_in(dtype):
        evaluated = model.evaluate(x, y, batch_size=1, verbose=0)
    outcome.check(losses, model.get_weights(), DIGITS[dtype])
    outcome.check_evaluated(evaluated, DIGITS[dtype])


@each_golden
def test_scratch_trains_the_classic_problems_to_these_digits(
    problem: Classic, dtype: str, outcome: Outcome
) -> None:
    network = problem.network(dtype)
    history = network.fit(problem.x, problem.y, 1, problem.epochs, shuffle=False).history
    evaluated = network.evaluate(problem.x, problem.y, 1)
    outcome.check(history["loss"], network.get_weights(), DIGITS[dtype])
    # NumPy sums products in the order that suits the processor. In float32 that moves a prediction
    # near 6 by a unit in its last place, and the loss of REGRESSION in its 7th digit.
    moved = problem is REGRESSION and dtype == "float32"
    outcome.check_evaluated(evaluated, 6 if moved else DIGITS[dtype])


# Scratch's functions against those of Keras, value and gradient, far out too.

#: From far beyond where exp overflows to the smallest numbers that TensorFlow does not flush
#: to 0: it has no subnormal numbers.
POSITIVE = np.array(
    [1e-300, 1e-16, 1e-8, 1e-3, 0.5, 1, 2, 5, 10, 20, 36, 37, 100, 300, 700, 800, 1e4]
)
LINE = np.concatenate([-POSITIVE, [-0.0, 0.0], POSITIVE, np.linspace(-8, 8, 161)])


def value_and_gradient(
    function: Callable[[Any], Any], x: Array, dy: Array | None = None
) -> tuple[Array, Array]:
    """Return what Keras computes, and by TensorFlow's tape how it depends on ``x``."""
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = function(tensor)
    upstream = None if dy is None else tf.constant(dy)
    return y.numpy(), tape.gradient(y, tensor, output_gradients=upstream).numpy()


def assert_close_in_units(ours: Array, theirs: Array, of: Array) -> None:
    """Assert a difference of at most eight units in the last place of these magnitudes."""
    excess = np.abs(ours - theirs) - (8 * EPS * of + np.finfo("float64").tiny)
    worst = np.unravel_index(excess.argmax(), excess.shape)
    assert excess[worst] <= 0, f"{ours[worst]} instead of {theirs[worst]} at {worst}"


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_activations_and_their_pullbacks_are_those_of_keras(name: str) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.choice(LINE, (200, 3)), rng.normal(size=(200, 3))])
    x = np.concatenate([x, np.tile(LINE[:, np.newaxis], 3)])
    dy = rng.normal(size=x.shape)
    expected, expected_dx = value_and_gradient(getattr(keras.activations, name), x, dy)

    slope = {"negative_slope": r(0.2)} if name == "leaky_relu" else {}
    y, pullback = activations.get(name)(x, **slope)
    if name == "elu":
        # TensorFlow writes exp(x) - 1, whose error is a unit of 1 however small the result.
        assert_close_in_units(y, expected, np.maximum(np.abs(expected), 1))
    else:
        assert_close_in_units(y, expected, np.abs(expected))
    # A derivative such as 1 - y * y keeps the absolute error of y.
    assert_close_in_units(pullback(dy), expected_dx, np.abs(dy).max(axis=-1, keepdims=True))


def test_elu_loses_the_digits_of_small_negative_inputs() -> None:
    x = np.array([-1e-17, -1e-12, -1e-8])
    seen = keras.activations.elu(tf.constant(x)).numpy()
    np.testing.assert_array_equal(seen, np.exp(x) - 1)
    assert not np.isclose(seen, np.expm1(x), rtol=1e-9, atol=0).any()


PROBABILITIES = np.array([0.0, 1e-12, 0.9 * E, E, 1.1 * E, 1e-3, 0.25, 0.5, 0.999])
PROBABILITIES = np.concatenate([PROBABILITIES, 1 - PROBABILITIES])


def _losses() -> Iterator[Loss]:
    for reduction in ("sum_over_batch_size", "sum"):
        yield MeanSquaredError(reduction)
        yield MeanAbsoluteError(reduction)
        for from_logits, smoothing in product((False, True), (0.0, 0.1)):
            yield BinaryCrossentropy(from_logits, smoothing, reduction)
            yield CategoricalCrossentropy(from_logits, smoothing, reduction)
        for from_logits in (False, True):
            yield SparseCategoricalCrossentropy(from_logits, reduction)


LOSSES = list(_losses())


@in_float64
@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_losses_and_their_gradients_are_those_of_keras(loss: Loss) -> None:
    rng = np.random.default_rng(0)
    samples, outputs = 200, 3
    probabilities = not getattr(loss, "from_logits", True)
    y_pred = rng.choice(PROBABILITIES if probabilities else LINE, (samples, outputs))
    y_pred[y_pred.sum(axis=-1) == 0] = 0.5
    y_true: Array
    if isinstance(loss, SparseCategoricalCrossentropy):
        y_true = rng.integers(0, outputs, samples)
    elif isinstance(loss, BinaryCrossentropy):
        y_true = rng.integers(0, 2, (samples, outputs)).astype(float)
    elif isinstance(loss, CategoricalCrossentropy):
        y_true = np.eye(outputs)[rng.integers(0, outputs, samples)]
    else:
        # Some errors are exactly 0, where the absolute value has its kink.
        y_true = np.where(rng.random(y_pred.shape) < 0.2, y_pred, rng.choice(LINE, y_pred.shape))

    theirs = keras.saving.deserialize_keras_object(serialize(loss))
    expected, expected_gradient = value_and_gradient(lambda p: theirs(y_true, p), y_pred)
    value, gradient = loss(y_true, y_pred)
    assert value == almost(float(expected))
    # In a row that is divided by its sum, each value's error reaches the others.
    largest = np.abs(expected_gradient).max(axis=-1, keepdims=True)
    assert_close_in_units(gradient, expected_gradient, largest)


# One description for both libraries.

INITIALIZERS = [
    initializers.Constant(0.25),
    initializers.Zeros(),
    initializers.Ones(),
    initializers.RandomNormal(1.0, 0.5),
    initializers.RandomUniform(-1.0, 2.0),
    initializers.GlorotUniform(),
    initializers.GlorotNormal(),
    initializers.HeUniform(),
    initializers.HeNormal(),
]

OPTIMIZERS = [
    SGD(0.3, momentum=0.8, nesterov=True, weight_decay=0.2),
    RMSprop(0.3, rho=0.8, momentum=0.7, epsilon=1e-5, centered=True, weight_decay=0.2),
    Adam(0.3, beta_1=0.8, beta_2=0.7, epsilon=1e-5, amsgrad=True, weight_decay=0.2),
    AdamW(0.3, beta_1=0.8, beta_2=0.7, epsilon=1e-5, amsgrad=True, weight_decay=0.2),
]


def described() -> Sequential:
    """Return a model with every layer, every activation and every initializer."""
    layers: list[Layer] = [Input((3, 2), name="in"), Dense(2, use_bias=False, name="no_bias")]
    layers += [Dense(2, activation=name) for name in activations.ACTIVATIONS]
    layers += [Activation(name) for name in activations.ACTIVATIONS]
    layers.append(Flatten())
    layers += [Dense(2, kernel_initializer=i, bias_initializer=i) for i in INITIALIZERS[:5]]
    layers += [Dense(2, kernel_initializer=i) for i in INITIALIZERS[5:]]
    return Sequential(layers, "described", "float64", np.random.default_rng(0))


@in_float64
def test_keras_reads_the_model_that_scratch_describes() -> None:
    network = described()
    model = keras.Sequential.from_config(network.get_config())
    assert model.name == network.name
    assert [layer.name for layer in model.layers] == [layer.name for layer in network.layers]
    model.set_weights(network.get_weights())
    x = np.random.default_rng(1).normal(size=(4, 3, 2))
    np.testing.assert_allclose(
        network.predict(x), model(tf.constant(x)).numpy(), rtol=1e-7, atol=1e-12
    )


@in_float64
def test_scratch_reads_the_model_that_keras_describes_and_loses_nothing() -> None:
    config = keras.Sequential.from_config(described().get_config()).get_config()
    returned = Sequential.from_config(config, "float64")
    assert keras.Sequential.from_config(returned.get_config()).get_config() == config
    assert [type(layer) for layer in returned.layers] == [type(la) for la in described().layers]


@pytest.mark.parametrize("initializer", INITIALIZERS, ids=str)
def test_initializers_are_read_and_written_as_keras_does(
    initializer: initializers.Initializer,
) -> None:
    theirs = keras.saving.deserialize_keras_object(serialize(initializer))
    assert type(theirs).__name__ == type(initializer).__name__
    assert initializers.get(keras.saving.serialize_keras_object(theirs)) == initializer


@in_float64
@pytest.mark.parametrize(
    ("optimizer", "loss"),
    [
        *((optimizer, MeanSquaredError()) for optimizer in OPTIMIZERS),
        *((SGD(), loss) for loss in LOSSES),
    ],
    ids=str,
)
def test_compile_configs_are_read_and_written_as_keras_does(
    optimizer: Optimizer, loss: Loss
) -> None:
    # After a sigmoid scratch trains on logits, which is nothing that a config should tell.
    network = Sequential([Input((1,)), Dense(1, "sigmoid")])
    network.compile(optimizer, loss)
    model = keras.Sequential.from_config(network.get_config())
    model.compile_from_config(network.get_compile_config())
    for theirs, ours in ((model.optimizer, optimizer), (model.loss, loss)):
        assert type(theirs).__name__ == type(ours).__name__
        assert ours.get_config().items() <= theirs.get_config().items()

    returned = Sequential([Input((1,)), Dense(1, "sigmoid")])
    returned.compile_from_config(model.get_compile_config())
    assert optimizers.get(returned.get_compile_config()["optimizer"]) == optimizer
    assert losses.get(returned.get_compile_config()["loss"]) == loss


@in_float64
@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adamw"])
def test_the_names_of_optimizers_mean_the_same_defaults(name: str) -> None:
    config = keras.saving.serialize_keras_object(keras.optimizers.get(name))
    assert optimizers.get(name) == optimizers.get(config)


@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("mse", "MeanSquaredError"),
        ("mean_squared_error", "MeanSquaredError"),
        ("mae", "MeanAbsoluteError"),
        ("mean_absolute_error", "MeanAbsoluteError"),
        ("bce", "BinaryCrossentropy"),
        ("binary_crossentropy", "BinaryCrossentropy"),
        ("categorical_crossentropy", "CategoricalCrossentropy"),
        ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
    ],
)
def test_the_names_of_losses_mean_the_same_defaults(name: str, class_name: str) -> None:
    theirs = getattr(keras.losses, class_name)
    assert losses.get(name) == losses.get(keras.saving.serialize_keras_object(theirs()))
    # Keras gives a function for the name, the one that the class wraps.
    assert keras.losses.get(name) is theirs().fn
