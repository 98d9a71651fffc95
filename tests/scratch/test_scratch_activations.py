"""Each activation is the function of its name, and its pullback is that function's slope."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import activations
from scratch.activations import ACTIVATIONS
from scratch.arrays import ActivationFunction, Array
from scratch.gradient_check import check_pullback

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
seeds = st.integers(0, 2**32 - 1)

# The definitions, with no thought for overflow or for digits.
TEXTBOOK = {
    "linear": lambda x: x,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "relu": lambda x: (x + abs(x)) / 2,
    "leaky_relu": lambda x: np.where(x < 0, 0.2 * x, x),
    "elu": lambda x: np.where(x < 0, np.exp(x) - 1, x),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}

EXTREMES = [-1e30, -1e4, -100.0, -1.0, -1e-30, -0.0, 0.0, 1e-30, 1.0, 100.0, 1e4, 1e30]


def away_from_kinks(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return normal numbers in long double, none nearer to 0 than 0.01."""
    x = rng.normal(scale=2, size=shape).astype(np.longdouble)
    return x + np.copysign(0.01, x)


@every_activation
def test_an_activation_is_the_function_of_the_textbook(name: str, rng: np.random.Generator) -> None:
    x = rng.normal(scale=3, size=(20, 5))
    y, _ = ACTIVATIONS[name](x)
    exact = TEXTBOOK[name](x.astype(np.longdouble))
    np.testing.assert_allclose(y, exact.astype(float), rtol=8 * np.finfo(float).eps)


def test_the_textbook_above_covers_every_activation() -> None:
    assert TEXTBOOK.keys() == ACTIVATIONS.keys()


@every_activation
@given(seed=seeds)
def test_a_pullback_is_the_transpose_of_the_jacobian(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    check = check_pullback(ACTIVATIONS[name], away_from_kinks(rng, (4, 3)), rng)
    assert check.relative_error < 1e-9


@every_activation
@given(seed=seeds, a=st.integers(-8, 8), b=st.integers(-8, 8))
def test_a_pullback_is_linear_in_dy(name: str, seed: int, a: int, b: int) -> None:
    x, dy, dz = np.random.default_rng(seed).normal(size=(3, 4, 3))
    _, pullback = ACTIVATIONS[name](x)
    separately = a * pullback(dy) + b * pullback(dz)
    np.testing.assert_allclose(pullback(a * dy + b * dz), separately, rtol=0, atol=1e-13)


@every_activation
def test_a_pullback_of_zero_is_zero(name: str, rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 3))
    _, pullback = ACTIVATIONS[name](x)
    assert not pullback(np.zeros_like(x)).any()


@every_activation
def test_rows_do_not_see_each_other(name: str, rng: np.random.Generator) -> None:
    x, dy = rng.normal(size=(2, 6, 3))
    y, pullback = ACTIVATIONS[name](x)
    for row in range(len(x)):
        y_row, pullback_row = ACTIVATIONS[name](x[[row]])
        np.testing.assert_allclose(y[[row]], y_row, rtol=1e-15)
        np.testing.assert_allclose(pullback(dy)[[row]], pullback_row(dy[[row]]), atol=1e-15)


@every_activation
@every_dtype
def test_extreme_inputs_give_finite_outputs_and_slopes(name: str, dtype: npt.DTypeLike) -> None:
    x = np.array([EXTREMES, EXTREMES[::-1]], dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        y, pullback = ACTIVATIONS[name](x)
        dx = pullback(np.ones_like(x))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@every_activation
@every_dtype
@pytest.mark.parametrize("shape", [(5,), (4, 3), (2, 3, 4)])
def test_dtype_and_shape_pass_through(
    name: str, dtype: npt.DTypeLike, shape: tuple[int, ...]
) -> None:
    x = np.ones(shape, dtype)
    y, pullback = ACTIVATIONS[name](x)
    dx = pullback(np.ones_like(y))
    assert (y.dtype, y.shape) == (dx.dtype, dx.shape) == (x.dtype, x.shape)


@every_activation
def test_inputs_are_only_read(
    name: str, rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    x, dy = (frozen(rng.normal(size=(4, 3))) for _ in range(2))
    _, pullback = ACTIVATIONS[name](x)
    np.testing.assert_array_equal(pullback(dy), pullback(dy))


@pytest.mark.parametrize(
    ("name", "slope"), [("relu", 0), ("leaky_relu", 0.2), ("elu", 1), ("softplus", 0.5)]
)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_slope_at_zero_is_the_one_that_keras_takes(
    name: str, slope: float, zero: float
) -> None:
    _, pullback = ACTIVATIONS[name](np.array([zero]))
    assert pullback(np.ones(1)) == slope


def test_elu_keeps_the_digits_of_a_small_input() -> None:
    y, _ = activations.elu(np.array([-1e-12]))
    assert y == -1e-12 + 0.5e-24


def test_softplus_keeps_the_digits_of_a_small_output() -> None:
    y, _ = activations.softplus(np.array([-50.0]))
    np.testing.assert_allclose(y, np.exp(-50.0), rtol=1e-15)


def test_elu_and_leaky_relu_take_their_slopes_as_arguments() -> None:
    x = np.array([-np.log(2), 3.0])
    np.testing.assert_allclose(activations.elu(x, alpha=4.0)[0], [-2, 3])
    np.testing.assert_allclose(activations.leaky_relu(x, negative_slope=-1.0)[0], [np.log(2), 3])


@pytest.mark.parametrize(
    "activation",
    [partial(activations.elu, alpha=4.0), partial(activations.leaky_relu, negative_slope=-1.0)],
)
def test_a_slope_given_as_an_argument_is_in_the_pullback_too(
    activation: ActivationFunction, rng: np.random.Generator
) -> None:
    assert check_pullback(activation, away_from_kinks(rng, (4, 3)), rng).relative_error < 1e-9


# Whole numbers add without rounding, so the law holds to the last bit.
@given(
    x=st.lists(st.integers(-50, 50), min_size=1, max_size=6),
    shift=st.integers(-(2**20), 2**20),
)
def test_softmax_ignores_a_shift(x: list[float], shift: int) -> None:
    here = np.array([x], float)
    there = here + shift
    np.testing.assert_array_equal(activations.softmax(there)[0], activations.softmax(here)[0])


@given(x=st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=8))
def test_softmax_is_a_distribution_whose_slope_along_a_shift_is_zero(x: list[float]) -> None:
    y, pullback = activations.softmax(np.array([x]))
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(pullback(np.arange(1.0 * len(x))[np.newaxis]).sum(), 0, atol=1e-13)


@given(x=st.floats(-30, 30))
def test_sigmoid_of_the_opposite_is_the_rest_of_one(x: float) -> None:
    y, _ = activations.sigmoid(np.array([x, -x]))
    np.testing.assert_allclose(y.sum(), 1, rtol=1e-15)


@given(x=st.floats(-10, 10))
def test_tanh_is_a_sigmoid_of_twice_the_input_stretched_to_plus_minus_one(x: float) -> None:
    sigmoid, _ = activations.sigmoid(np.array([2 * x]))
    np.testing.assert_allclose(activations.tanh(np.array([x]))[0], 2 * sigmoid - 1, atol=1e-15)


@given(seed=seeds)
def test_softplus_has_the_sigmoid_as_its_slope(seed: int) -> None:
    x = np.random.default_rng(seed).normal(scale=5, size=8)
    _, pullback = activations.softplus(x)
    np.testing.assert_array_equal(pullback(np.ones(8)), activations.sigmoid(x)[0])


def test_a_name_a_function_and_nothing_are_all_activations() -> None:
    assert activations.get("relu") is activations.relu
    assert activations.get(activations.tanh) is activations.tanh
    assert activations.get(None) is activations.linear


@every_activation
def test_an_activation_is_called_by_its_name_however_it_is_given(name: str) -> None:
    assert activations.named(ACTIVATIONS[name]) == activations.named(name) == name


def test_no_activation_is_called_linear() -> None:
    assert activations.named(None) == "linear"


def test_a_function_of_ones_own_has_no_name_and_is_itself() -> None:
    own = partial(activations.elu, alpha=4.0)
    assert activations.named(own) is own


@pytest.mark.parametrize("look_up", [activations.get, activations.named])
def test_an_unknown_name_is_refused_with_the_known_ones(look_up: Callable[[str], Any]) -> None:
    with pytest.raises(ValueError, match=r"no activation 'gelu'; it has linear, .*, softmax"):
        look_up("gelu")
