"""One training step: its gradients, its record, and the network it is taken on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import training
from scratch.activations import ACTIVATIONS, linear, sigmoid, softmax
from scratch.arrays import Array, Params, Pullback
from scratch.gradient_check import check_network
from scratch.layers import Activation, Dense, Flatten, Layer
from scratch.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from scratch.optimizers import SGD, Adam
from scratch.training import Network, State

every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
seeds = st.integers(0, 2**32 - 1)

# A loss, and the activation of the last layer that gives it what it reads.
HEADS: list[tuple[Loss, str]] = [
    *((MeanSquaredError(), name) for name in ACTIVATIONS),
    (MeanSquaredError("sum"), "linear"),
    (MeanAbsoluteError(), "linear"),
    (BinaryCrossentropy(), "sigmoid"),
    (BinaryCrossentropy(from_logits=True), "linear"),
    (BinaryCrossentropy(label_smoothing=0.1), "sigmoid"),
    (CategoricalCrossentropy(), "softmax"),
    (CategoricalCrossentropy(from_logits=True), "linear"),
    (SparseCategoricalCrossentropy(), "softmax"),
    (SparseCategoricalCrossentropy(from_logits=True), "linear"),
]


def layers(hidden: str = "tanh", output: str = "linear") -> tuple[Layer, ...]:
    return (
        Flatten(name="rows"),
        Dense(4, hidden, name="hidden"),
        Dense(3, output, name="output"),
    )


def random_params(rng: np.random.Generator, dtype: npt.DTypeLike = float) -> dict[str, Params]:
    """Return normal parameters for ``layers()`` on samples of shape (2, 2)."""
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        "rows": {},
        "hidden": {"kernel": (4, 4), "bias": (4,)},
        "output": {"kernel": (4, 3), "bias": (3,)},
    }
    return {
        layer: {tensor: rng.normal(size=shape).astype(dtype) for tensor, shape in tensors.items()}
        for layer, tensors in shapes.items()
    }


def random_batch(
    rng: np.random.Generator, loss: Loss, dtype: npt.DTypeLike = float
) -> tuple[Array, Array]:
    """Return six samples, and targets that suit the loss."""
    x = rng.normal(size=(6, 2, 2)).astype(dtype)
    labels = rng.integers(3, size=6)
    if isinstance(loss, SparseCategoricalCrossentropy):
        return x, labels
    if isinstance(loss, BinaryCrossentropy):
        return x, rng.integers(2, size=(6, 3)).astype(dtype)
    if isinstance(loss, CategoricalCrossentropy):
        return x, np.eye(3, dtype=dtype)[labels]
    return x, rng.normal(size=(6, 3)).astype(dtype)


def start(net: Network, params: dict[str, Params]) -> State:
    return State(params, training.new_slots(net, params))


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize(("loss", "output"), HEADS, ids=str)
@pytest.mark.parametrize("build", [Network, training.network], ids=["as given", "as in Keras"])
def test_every_recorded_gradient_is_the_slope_of_the_loss(
    build: Callable[..., Network], loss: Loss, output: str, hidden: str, rng: np.random.Generator
) -> None:
    net = build(layers(hidden, output), loss, SGD())
    checks = check_network(net, random_params(rng), *random_batch(rng, loss), rng)
    assert checks.keys() == {
        f"backward/{layer}/{tensor}"
        for layer in ("hidden", "output")
        for tensor in ("kernel", "bias")
    }
    assert max(check.relative_error for check in checks.values()) < 1e-8


@pytest.mark.parametrize(("loss", "output"), HEADS, ids=str)
def test_the_record_stands_in_causal_order(
    loss: Loss, output: str, rng: np.random.Generator
) -> None:
    net = training.network(layers(output=output), loss, SGD(momentum=0.9))
    _, record = training.step(net, start(net, random_params(rng)), *random_batch(rng, loss))
    assert list(record) == [
        "forward/rows/output",
        "forward/hidden/output",
        "forward/output/output",
        "loss/value",
        "backward/output/kernel",
        "backward/output/bias",
        "backward/hidden/kernel",
        "backward/hidden/bias",
        "slot/hidden/kernel/momentum",
        "update/hidden/kernel",
        "slot/hidden/bias/momentum",
        "update/hidden/bias",
        "slot/output/kernel/momentum",
        "update/output/kernel",
        "slot/output/bias/momentum",
        "update/output/bias",
    ]


@every_dtype
@pytest.mark.parametrize(("loss", "output"), HEADS, ids=str)
def test_the_whole_record_has_the_dtype_of_the_data(
    loss: Loss, output: str, dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    net = training.network(layers(output=output), loss, Adam())
    batch = random_batch(rng, loss, dtype)
    state, record = training.step(net, start(net, random_params(rng, dtype)), *batch)
    _, again = training.step(net, state, *batch)
    assert {array.dtype for array in (*record.values(), *again.values())} == {np.dtype(dtype)}


def test_the_new_state_is_the_one_that_the_record_tells(rng: np.random.Generator) -> None:
    net = Network(layers(), MeanSquaredError(), Adam())
    state, record = training.step(net, start(net, random_params(rng)), *random_batch(rng, net.loss))
    assert state.iterations == 1
    for layer in ("hidden", "output"):
        for tensor, w in state.params[layer].items():
            assert record[f"update/{layer}/{tensor}"] is w
            for slot, array in state.slots[layer][tensor].items():
                assert record[f"slot/{layer}/{tensor}/{slot}"] is array


def test_each_parameter_moves_by_its_own_gradient_before_any_moved(
    rng: np.random.Generator,
) -> None:
    net = Network(layers(), MeanSquaredError(), SGD(0.5))
    params = random_params(rng)
    state, record = training.step(net, start(net, params), *random_batch(rng, net.loss))
    for layer in ("hidden", "output"):
        for tensor, w in params[layer].items():
            moved = w - 0.5 * record[f"backward/{layer}/{tensor}"]
            np.testing.assert_array_equal(state.params[layer][tensor], moved)


def test_the_step_count_reaches_the_optimizer(rng: np.random.Generator) -> None:
    net = Network(layers(), MeanSquaredError(), Adam())
    state, batch = start(net, random_params(rng)), random_batch(rng, net.loss)
    _, first = training.step(net, state, *batch)
    _, later = training.step(net, replace(state, iterations=99), *batch)
    g = first["backward/output/bias"]
    before = state.params["output"]["bias"]
    expected, _ = net.optimizer.update(before, g, state.slots["output"]["bias"], 100)
    np.testing.assert_array_equal(later["update/output/bias"], expected)
    assert not np.array_equal(later["update/output/bias"], first["update/output/bias"])


@pytest.mark.parametrize(("loss", "output"), HEADS, ids=str)
def test_a_step_writes_into_nothing_that_it_was_given_or_has_recorded(
    loss: Loss, output: str, rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    net = training.network(layers(output=output), loss, Adam(amsgrad=True))
    params = {
        layer: {tensor: frozen(w) for tensor, w in tensors.items()}
        for layer, tensors in random_params(rng).items()
    }
    batch = [frozen(array) for array in random_batch(rng, loss)]
    state, record = training.step(net, start(net, params), *batch)
    kept = {site: array.copy() for site, array in record.items()}
    for _ in range(3):
        state, _ = training.step(net, state, *batch)
    for site, array in record.items():
        np.testing.assert_array_equal(array, kept[site], err_msg=site)


@given(seed=seeds)
def test_the_order_of_the_batch_changes_no_loss_and_no_gradient(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = training.network(layers(output="softmax"), CategoricalCrossentropy(), SGD())
    state = start(net, random_params(rng))
    x, y = random_batch(rng, net.loss)
    order = rng.permutation(len(x))
    _, record = training.step(net, state, x, y)
    _, reordered = training.step(net, state, x[order], y[order])
    for site in record:
        if not site.startswith("forward"):
            np.testing.assert_allclose(reordered[site], record[site], atol=1e-13, err_msg=site)


@dataclass(frozen=True)
class Deaf(Layer):
    """Passes its input on, and cannot say how the loss depends on it."""

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        def promise() -> Array:
            message = "nobody should ask how the loss depends on the data"
            raise AssertionError(message)

        return x, lambda _: (promise, {})


def test_the_gradient_of_the_data_is_never_asked_for(rng: np.random.Generator) -> None:
    x, y = np.ones((2, 4)), np.ones((2, 3))
    params: dict[str, Params] = random_params(rng) | {"deaf": {}}
    first = Network((Deaf(name="deaf"), *layers()[1:]), MeanSquaredError(), SGD())
    training.step(first, start(first, params), x, y)
    second = Network((*layers()[1:], Deaf(name="deaf")), MeanSquaredError(), SGD())
    with pytest.raises(AssertionError, match="nobody should ask"):
        training.step(second, start(second, params), x, y)


ENTROPIES: list[tuple[Any, str, Any]] = [
    (BinaryCrossentropy, "sigmoid", sigmoid),
    (CategoricalCrossentropy, "softmax", softmax),
    (SparseCategoricalCrossentropy, "softmax", softmax),
]


@pytest.mark.parametrize(("entropy", "output", "head"), ENTROPIES)
def test_a_crossentropy_after_its_activation_is_computed_from_logits(
    entropy: type[BinaryCrossentropy], output: str, head: Any, rng: np.random.Generator
) -> None:
    given_layers = layers(output=output)
    net = training.network(given_layers, entropy(), SGD())
    assert net.loss == entropy(from_logits=True)
    assert net.head is head
    assert net.predicted_by == ("output",)
    assert net.layers == (*given_layers[:2], replace(given_layers[2], activation="linear"))

    params, batch = random_params(rng), random_batch(rng, net.loss)
    _, record = training.step(net, start(net, params), *batch)
    plain = Network(given_layers, entropy(), SGD())
    _, expected = training.step(plain, start(plain, params), *batch)
    np.testing.assert_array_equal(
        record["forward/output/output"], expected["forward/output/output"]
    )
    for site in record:
        np.testing.assert_allclose(record[site], expected[site], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("entropy", "output", "head"), ENTROPIES)
def test_an_activation_layer_decides_the_prediction_as_well_and_linear_ones_hand_it_on(
    entropy: type[BinaryCrossentropy], output: str, head: Any
) -> None:
    decide, hand_on = Activation(output, name="decide"), Activation("linear", name="hand_on")
    net = training.network((Dense(3, name="z"), decide, hand_on), entropy(), SGD())
    assert net.layers == (Dense(3, name="z"), replace(decide, activation="linear"))
    assert net.predicted_by == ("decide", "hand_on")
    assert net.head is head
    x, params = (
        np.eye(3),
        {"z": {"kernel": np.eye(3), "bias": np.ones(3)}, "decide": {}, "hand_on": {}},
    )
    labels = np.arange(3) if entropy is SparseCategoricalCrossentropy else np.eye(3)
    state = State(params, training.new_slots(net, params))
    _, record = training.step(net, state, x, labels)
    np.testing.assert_array_equal(record["forward/z/output"], np.eye(3) + 1)
    np.testing.assert_array_equal(record["forward/decide/output"], head(np.eye(3) + 1)[0])
    np.testing.assert_array_equal(record["forward/hand_on/output"], head(np.eye(3) + 1)[0])


@pytest.mark.parametrize(
    ("loss", "output"),
    [
        (MeanSquaredError(), "sigmoid"),
        (MeanAbsoluteError(), "softmax"),
        (BinaryCrossentropy(), "tanh"),
        (CategoricalCrossentropy(), "relu"),
        (BinaryCrossentropy(from_logits=True), "linear"),
    ],
    ids=str,
)
def test_any_other_network_is_trained_as_given(loss: Loss, output: str) -> None:
    net = training.network(layers(output=output), loss, SGD())
    assert net == Network(layers(output=output), loss, SGD(), head=linear)


def test_a_saturated_probability_still_learns_through_its_logit() -> None:
    x, y = np.array([[1.0]]), np.array([[0.0]])
    params: dict[str, Params] = {"p": {"kernel": np.array([[1e4]]), "bias": np.zeros(1)}}
    slopes = []
    for build in (Network, training.network):
        net = build((Dense(1, "sigmoid", name="p"),), BinaryCrossentropy(), SGD())
        slopes.append(training.step(net, start(net, params), x, y)[1]["backward/p/bias"])
    np.testing.assert_array_equal(slopes, [[0.0], [1.0]])


def test_forward_is_what_a_step_shows_to_the_loss(rng: np.random.Generator) -> None:
    net = training.network(layers(output="softmax"), CategoricalCrossentropy(), SGD())
    params = random_params(rng)
    x, y = random_batch(rng, net.loss)
    z = training.forward(net, params, x)
    _, record = training.step(net, start(net, params), x, y)
    np.testing.assert_array_equal(net.head(z)[0], record["forward/output/output"])
    assert net.loss(y, z)[0] == record["loss/value"]
