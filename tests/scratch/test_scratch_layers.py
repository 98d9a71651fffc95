"""A layer is the map of its docstring, and its pullback is the transpose of that map's slope."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scratch import layers
from scratch.activations import ACTIVATIONS
from scratch.arrays import ActivationPullback, Array, Params
from scratch.configuration import serialize
from scratch.gradient_check import check_layer
from scratch.initializers import HeNormal
from scratch.layers import Activation, Dense, Flatten, Input, Layer

EVERY_LAYER: list[Layer] = [
    *(Dense(3, name) for name in ACTIVATIONS),
    Dense(3, use_bias=False),
    *(Activation(name) for name in ACTIVATIONS),
    Flatten(),
    Input((2, 4)),
]
every_layer = pytest.mark.parametrize("layer", EVERY_LAYER, ids=lambda layer: repr(layer)[:48])
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
seeds = st.integers(0, 2**32 - 1)
shapes = st.sampled_from([(5, 4), (3, 2, 4), (2, 3, 2, 4)])


def params_of(layer: Layer, x: Array, rng: np.random.Generator) -> Params:
    """Return normal parameters for the layer, in the dtype of ``x``, biases included."""
    params = layer.build(x.shape[1:], x.dtype, rng)
    return {name: rng.normal(size=w.shape).astype(x.dtype) for name, w in params.items()}


@every_layer
@given(seed=seeds, shape=shapes)
def test_a_pullback_is_the_transpose_of_the_jacobian(
    layer: Layer, seed: int, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape).astype(np.longdouble)
    params = params_of(layer, x, rng)
    if isinstance(layer, Dense | Activation):
        # A difference across a kink is the slope of neither side.
        z, _ = replace(layer, activation="linear")(params, x)
        assume(np.abs(z).min() > 1e-5)
    assert check_layer(layer, params, x, rng).relative_error < 1e-8


@every_layer
@given(seed=seeds, a=st.integers(-8, 8), b=st.integers(-8, 8))
def test_a_pullback_is_linear_in_dy(layer: Layer, seed: int, a: int, b: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5, 4))
    y, pullback = layer(params_of(layer, x, rng), x)
    dy, dz = rng.normal(size=(2, *y.shape))

    def flat(dy: Array) -> Array:
        promise, dparams = pullback(dy)
        return np.concatenate([promise().ravel(), *(dw.ravel() for dw in dparams.values())])

    np.testing.assert_allclose(flat(a * dy + b * dz), a * flat(dy) + b * flat(dz), atol=1e-11)


@every_layer
@every_dtype
@pytest.mark.parametrize("shape", [(5, 4), (3, 2, 4)])
def test_everything_has_the_dtype_of_the_input_and_the_shape_of_what_it_belongs_to(
    layer: Layer, dtype: npt.DTypeLike, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    x = rng.normal(size=shape).astype(dtype)
    params = params_of(layer, x, rng)
    y, pullback = layer(params, x)
    promise, dparams = pullback(np.ones_like(y))
    assert y.shape == (len(x), *layer.output_shape(x.shape[1:]))
    assert promise().shape == x.shape
    assert {n: dw.shape for n, dw in dparams.items()} == {n: w.shape for n, w in params.items()}
    assert {array.dtype for array in (y, promise(), *dparams.values())} == {x.dtype}


@every_layer
def test_inputs_and_parameters_are_only_read(
    layer: Layer, rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    x = frozen(rng.normal(size=(5, 4)))
    params = {name: frozen(w) for name, w in params_of(layer, x, rng).items()}
    y, pullback = layer(params, x)
    dy = frozen(rng.normal(size=y.shape))
    np.testing.assert_array_equal(y, layer(params, x)[0])
    np.testing.assert_array_equal(pullback(dy)[0](), pullback(dy)[0]())


@every_layer
def test_the_samples_of_a_batch_do_not_see_each_other(
    layer: Layer, rng: np.random.Generator
) -> None:
    x = rng.normal(size=(5, 2, 4))
    params = params_of(layer, x, rng)
    y, _ = layer(params, x)
    alone = [layer(params, x[[row]])[0] for row in range(len(x))]
    np.testing.assert_allclose(y, np.concatenate(alone), rtol=1e-12, atol=1e-15)


def test_dense_computed_by_hand() -> None:
    params = {"kernel": np.array([[1.0, 2.0], [3.0, 4.0]]), "bias": np.array([10.0, 20.0])}
    y, pullback = Dense(2)(params, np.array([[1.0, 1.0], [0.0, 2.0]]))
    np.testing.assert_array_equal(y, [[14, 26], [16, 28]])
    promise, dparams = pullback(np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_array_equal(promise(), [[1, 3], [2, 4]])
    np.testing.assert_array_equal(dparams["kernel"], [[1, 0], [1, 2]])
    np.testing.assert_array_equal(dparams["bias"], [1, 1])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense_with_an_activation_is_dense_and_then_that_activation(
    activation: str, rng: np.random.Generator
) -> None:
    x = rng.normal(size=(5, 4))
    params = params_of(Dense(3), x, rng)
    z, to_params = Dense(3)(params, x)
    y, to_z = Activation(activation)({}, z)
    whole, pullback = Dense(3, activation)(params, x)
    dy = rng.normal(size=y.shape)
    promise, dparams = pullback(dy)
    promise_in_parts, dparams_in_parts = to_params(to_z(dy)[0]())
    np.testing.assert_array_equal(whole, y)
    np.testing.assert_array_equal(promise(), promise_in_parts())
    for name in params:
        np.testing.assert_array_equal(dparams[name], dparams_in_parts[name])


def test_dense_takes_every_axis_but_the_last_for_samples(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 2, 4))
    params = params_of(Dense(5, "softmax"), x, rng)
    y, pullback = Dense(5, "softmax")(params, x)
    rows, rows_pullback = Dense(5, "softmax")(params, x.reshape(6, 4))
    dy = rng.normal(size=y.shape)
    np.testing.assert_array_equal(y.reshape(6, 5), rows)
    np.testing.assert_array_equal(
        pullback(dy)[1]["kernel"], rows_pullback(dy.reshape(6, 5))[1]["kernel"]
    )


def test_dense_without_a_bias_is_dense_with_a_bias_of_zero(rng: np.random.Generator) -> None:
    x, kernel = rng.normal(size=(5, 4)), rng.normal(size=(4, 3))
    y, pullback = Dense(3, use_bias=False)({"kernel": kernel}, x)
    biased, biased_pullback = Dense(3)({"kernel": kernel, "bias": np.zeros(3)}, x)
    np.testing.assert_array_equal(y, biased)
    assert pullback(y)[1].keys() == {"kernel"}
    np.testing.assert_array_equal(pullback(y)[1]["kernel"], biased_pullback(y)[1]["kernel"])


def test_the_gradient_of_the_input_is_computed_only_when_asked_for() -> None:
    asked = []

    def watched(x: Array) -> tuple[Array, ActivationPullback]:
        def pullback(dy: Array) -> Array:
            asked.append(dy)
            return dy

        return x, pullback

    _, pullback = Activation(watched)({}, np.ones((2, 3)))
    promise, _ = pullback(np.ones((2, 3)))
    assert not asked
    promise()
    assert len(asked) == 1


def test_dense_multiplies_by_its_kernel_only_when_asked_for_the_gradient_of_the_input() -> None:
    kernel = np.ones((3, 2))
    _, pullback = Dense(2, use_bias=False)({"kernel": kernel}, np.ones((4, 3)))
    promise, _ = pullback(np.ones((4, 2)))
    kernel[:] = 5
    np.testing.assert_array_equal(promise(), np.full((4, 3), 10))


def test_flatten_puts_each_sample_in_a_row_with_the_last_axis_fastest() -> None:
    x = np.arange(12.0).reshape(2, 2, 3)
    y, pullback = Flatten()({}, x)
    np.testing.assert_array_equal(y, [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
    np.testing.assert_array_equal(pullback(y)[0](), x)


@every_dtype
def test_dense_builds_a_kernel_by_its_initializer_and_a_bias_of_zeros(
    dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    params = Dense(6, kernel_initializer="ones").build((5, 4), dtype, rng)
    np.testing.assert_array_equal(params["kernel"], np.ones((4, 6)))
    np.testing.assert_array_equal(params["bias"], np.zeros(6))
    assert list(params) == ["kernel", "bias"]
    assert params["kernel"].dtype == params["bias"].dtype == dtype


def test_dense_starts_from_glorot_uniform_unless_told_otherwise(rng: np.random.Generator) -> None:
    kernel = Dense(200).build((100,), float, rng)["kernel"]
    limit = np.sqrt(6 / (100 + 200))
    assert 0.99 * limit < np.abs(kernel).max() <= limit


# What a layer is made of.

either_layer = pytest.mark.parametrize(
    "layer", [partial(Dense, 3), Activation], ids=["Dense", "Activation"]
)
either_initializer = pytest.mark.parametrize("field", ["kernel_initializer", "bias_initializer"])


@either_layer
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_given_as_a_function_is_held_by_its_name(layer: Any, name: str) -> None:
    held = layer(activation=ACTIVATIONS[name])
    assert held.activation == name
    assert held == layer(activation=name)
    assert json.loads(json.dumps(held.get_config()))["activation"] == name


@either_layer
def test_no_activation_is_held_as_linear(layer: Any) -> None:
    assert layer(activation=None).activation == "linear"


@either_layer
def test_a_function_of_ones_own_stays_itself_and_goes_into_no_config(layer: Any) -> None:
    def mine(x: Array) -> tuple[Array, ActivationPullback]:
        return x, lambda dy: dy

    own = layer(activation=mine)
    assert own.activation is mine
    expected = (
        "^<function .*mine at .*> has no name that a config could hold: give one by its name$"
    )
    with pytest.raises(ValueError, match=expected):
        own.get_config()


@either_layer
def test_an_unknown_activation_is_refused_by_name(layer: Any) -> None:
    with pytest.raises(ValueError, match="no activation 'gelu'"):
        layer(activation="gelu")


@either_initializer
@pytest.mark.parametrize("unknown", ["orthogonal", 3, None, {}])
def test_an_unknown_initializer_is_refused_when_the_layer_is_made(field: str, unknown: Any) -> None:
    settings: dict[str, Any] = {field: unknown}
    with pytest.raises(ValueError, match=rf"no initializer ({unknown!r}|None); it has Constant"):
        Dense(2, **settings)


@either_initializer
@pytest.mark.parametrize("given", [HeNormal(), serialize(HeNormal()), HeNormal])
def test_an_initializer_given_as_a_config_is_held_as_one_that_can_be_hashed(
    field: str, given: Any
) -> None:
    layers_made: list[Layer] = []
    for initializer in (given, HeNormal()):
        settings: dict[str, Any] = {field: initializer}
        layers_made.append(Dense(2, **settings))
    assert getattr(layers_made[0], field) == HeNormal()
    assert len(set(layers_made)) == 1


@either_initializer
def test_an_initializer_given_by_its_name_is_held_by_it(field: str) -> None:
    settings: dict[str, Any] = {field: "he_normal"}
    assert getattr(Dense(2, **settings), field) == "he_normal"


@pytest.mark.parametrize("units", [0, -1, 2.5, 3.0, None, True, np.int64(0), np.float64(3)])
def test_units_that_cannot_be_counted_are_refused(units: Any) -> None:
    expected = f"units must be a whole number from 1 on, received {units}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        Dense(units)


@pytest.mark.parametrize("make", [partial(Dense, 1), partial(Activation, "relu"), Flatten])
@pytest.mark.parametrize("name", ["a/b", "/", 3, b"hidden"])
def test_a_name_that_could_be_no_part_of_a_site_is_refused(make: Any, name: Any) -> None:
    expected = f"a layer's name must be text without '/', received {name!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        make(name=name)


@pytest.mark.parametrize("shape", [(), (None,), (2, None), (0,), (2, 0), (-1,), (2.5,)], ids=str)
def test_an_input_without_the_size_of_every_axis_is_refused(shape: Any) -> None:
    expected = (
        "scratch needs the size of every axis of a sample, at least one, from 1 on; "
        f"received the shape {shape}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        Input(shape)


def test_an_unknown_layer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no layer 'Conv2D'; it has Activation, Dense, Flatten, "):
        layers.get({"class_name": "Conv2D", "config": {}})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("kernel_regularizer", {"class_name": "L2", "config": {"l2": 0.01}}),
        ("bias_regularizer", "l1"),
        ("activity_regularizer", "l2"),
        ("kernel_constraint", {"class_name": "MaxNorm", "config": {}}),
        ("lora_rank", 4),
        ("trainable", False),
    ],
)
def test_a_setting_that_scratch_cannot_honour_is_refused_by_name(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"Dense has no '{setting}', so it cannot honour "):
        layers.get({"class_name": "Dense", "config": {"units": 2, setting: value}})
