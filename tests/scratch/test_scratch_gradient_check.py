"""The gradient checker: what it accepts, what it catches, and how well it can see."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch.activations import tanh
from scratch.arrays import ActivationPullback, Array, Params, Promise, Pullback
from scratch.gradient_check import (
    central_difference,
    check_gradient,
    check_layer,
    check_network,
    check_pullback,
    step_size,
)
from scratch.layers import Dense, Flatten
from scratch.losses import Loss, MeanSquaredError
from scratch.optimizers import SGD
from scratch.training import Network

seeds = st.integers(0, 2**32 - 1)


def polynomial(p: dict[str, Any]) -> Any:
    """Return ``sum(a**3) + <b, c>`` for ``p = {"a": a, "bc": [b, c]}``."""
    b, c = p["bc"]
    return (p["a"] ** 3).sum() + (b * c).sum()


def slope_of_polynomial(p: dict[str, Any]) -> dict[str, Any]:
    b, c = p["bc"]
    return {"bc": [c, b], "a": 3 * p["a"] ** 2}


def random_point(rng: np.random.Generator, dtype: npt.DTypeLike = np.longdouble) -> dict[str, Any]:
    a, b, c = (rng.normal(size=(2, 3)).astype(dtype) for _ in range(3))
    return {"a": a, "bc": [b, c]}


# The checker itself.


@given(seed=seeds)
def test_a_right_gradient_of_a_tree_of_arrays_passes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = random_point(rng)
    check = check_gradient(polynomial, p, slope_of_polynomial(p), rng)
    np.testing.assert_allclose(float(check.numerical), float(check.analytic), atol=1e-10)
    assert check.relative_error < 1e-10


@pytest.mark.parametrize("error", [1.0, 1e-2, 1e-4, 1e-6])
@given(seed=seeds)
def test_one_wrong_value_is_seen_in_proportion_to_its_error(error: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = random_point(rng)
    wrong = slope_of_polynomial(p)
    typical = np.sqrt(sum((g**2).sum() for g in [wrong["a"], *wrong["bc"]]) / 18)
    wrong["a"][1, 2] += error
    # The same seed draws the same direction: its share in that one value is what is seen.
    directions = np.random.default_rng(seed + 1).normal(size=(3, 2, 3))
    share = abs(directions[0, 1, 2]) / np.linalg.norm(directions)
    check = check_gradient(polynomial, p, wrong, np.random.default_rng(seed + 1))
    np.testing.assert_allclose(
        float(abs(check.analytic - check.numerical)), error * share, rtol=1e-3, atol=1e-11
    )
    assert check.relative_error <= error * share / typical * 1.001 + 1e-10


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_a_gradient_one_percent_off_is_one_percent_off_however_many_its_values(
    size: int, rng: np.random.Generator
) -> None:
    g, p = rng.normal(size=(2, size))
    errors = [check_gradient(lambda w: g @ w, p, 1.01 * g, rng).relative_error for _ in range(30)]
    assert 0.009 < max(errors) < 0.011


@pytest.mark.parametrize("x", [0.0, 1.0, -3.0])
@pytest.mark.parametrize("h", [0.5, 2.0**-10])
def test_the_central_difference_of_a_cube_is_off_by_the_square_of_the_step(
    x: float, h: float
) -> None:
    assert central_difference(lambda p: p**3, x, 1.0, h) == 3 * x**2 + h**2


@given(seed=seeds)
def test_the_central_difference_of_a_quadratic_is_exact_for_any_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Small whole numbers and powers of two, so that nothing is rounded.
    a = rng.integers(-8, 8, (3, 3)).astype(float)
    p, v = rng.integers(-8, 8, (2, 3)).astype(float)
    for h in (2.0**-8, 1.0, 2.0**8):
        assert central_difference(lambda p: p @ a @ p, p, v, h) == (a @ p + p @ a) @ v


def test_the_error_of_the_difference_falls_with_the_square_of_the_step(
    rng: np.random.Generator,
) -> None:
    net, params, x, y = random_network(rng, np.longdouble)

    def loss(w: Array) -> Any:
        moved = params | {"hidden": params["hidden"] | {"kernel": w}}
        z, _ = net.layers[0](moved["hidden"], x)
        return net.loss(y, net.layers[1](moved["output"], z)[0])[0]

    w, v = params["hidden"]["kernel"], rng.normal(size=(3, 3)).astype(np.longdouble)
    limit = central_difference(loss, w, v, np.longdouble(2) ** -16)
    steps = 2.0 ** -np.arange(3, 10)
    errors = [abs(central_difference(loss, w, v, np.longdouble(h)) - limit) for h in steps]
    order, _ = np.polyfit(np.log(steps), np.log(np.array(errors, float)), 1)
    assert abs(order - 2) < 0.02


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_the_step_is_where_truncation_and_rounding_are_both_small(
    dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    points, directions = rng.normal(size=(2, 50)).astype(dtype)

    def error(h: Any) -> float:
        numerical = central_difference(lambda p: np.exp(np.sin(p)), points, directions, h)
        exact = np.exp(np.sin(points)) * np.cos(points) * directions
        return float(np.sqrt(np.mean((numerical - exact) ** 2)))

    h = step_size(dtype)
    assert h.dtype == dtype
    least = min(error(h * dtype(factor)) for factor in 2.0 ** np.arange(-8, 9))
    assert error(h) < 5 * least
    assert error(h * dtype(100)) > 100 * least
    assert error(h / dtype(1000)) > 100 * least


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_check_is_made_in_the_widest_dtype_of_the_point(
    dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    p = random_point(rng, np.float32)
    p["a"] = p["a"].astype(dtype)
    check = check_gradient(polynomial, p, slope_of_polynomial(p), rng)
    assert check.numerical.dtype == dtype
    assert check.relative_error < 100 * np.finfo(dtype).eps ** (2 / 3) + 1e-6 * (
        dtype == np.float32
    )


def test_a_function_that_does_not_move_has_no_error_and_a_gradient_that_does_not_has_all(
    rng: np.random.Generator,
) -> None:
    p = np.ones(3)
    assert check_gradient(lambda _: 1.0, p, np.zeros(3), rng).relative_error == 0
    assert check_gradient(np.sum, p, np.zeros(3), rng).relative_error == 1


def test_a_gradient_or_a_function_that_is_not_a_number_fails_any_tolerance(
    rng: np.random.Generator,
) -> None:
    p = np.ones(3)
    for gradient, f in [(np.full(3, np.nan), np.sum), (np.ones(3), lambda p: p.sum() * np.nan)]:
        assert not check_gradient(f, p, gradient, rng).relative_error < np.inf


def test_a_check_cannot_be_altered(rng: np.random.Generator) -> None:
    check = check_gradient(np.sum, np.ones(3), np.ones(3), rng)
    with pytest.raises(FrozenInstanceError):
        check.relative_error = 0.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "gradient",
    [
        np.ones((3, 2)),
        np.ones(6),
        np.float64(1),
        [np.ones((2, 3))],
        {"w": np.ones((2, 3))},
    ],
    ids=["transposed", "flat", "scalar", "list", "dict"],
)
def test_a_gradient_of_another_form_is_refused(gradient: Any, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match=r"shapes of its parameters, \(2, 3\), but this has"):
        check_gradient(np.sum, np.ones((2, 3)), gradient, rng)


def test_a_gradient_that_lacks_a_parameter_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="'b': "):
        check_gradient(
            lambda p: p["a"].sum(), {"a": np.ones(2), "b": np.ones(2)}, {"a": np.ones(2)}, rng
        )


def test_a_function_with_many_values_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(
        ValueError, match=r"only a scalar has a gradient, but f\(p\) has shape \(3,\)"
    ):
        check_gradient(lambda p: p, np.ones(3), np.ones(3), rng)


def test_whole_numbers_have_no_slope(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="not inexact"):
        check_gradient(np.sum, np.ones(3, int), np.ones(3), rng)


@given(seed=seeds)
def test_a_matrix_has_its_transpose_as_pullback_and_no_other_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, x = rng.normal(size=(3, 3)), rng.normal(size=3)
    right = check_pullback(lambda x: (a @ x, lambda u: a.T @ u), x, rng)
    wrong = check_pullback(lambda x: (a @ x, lambda u: a @ u), x, rng)
    assert right.relative_error < 1e-8
    assert wrong.relative_error > 1e-6


# Networks with a mistake planted in them.

Mistake = Callable[[Promise, Params], tuple[Promise, Params]]


def no_mistake(promise: Promise, dparams: Params) -> tuple[Promise, Params]:
    return promise, dparams


@dataclass(frozen=True)
class MistakenDense(Dense):
    """A dense layer whose pullback's answer goes through a mistake."""

    mistake: Mistake = field(default=no_mistake, kw_only=True)

    def __call__(self, params: Params, x: Array) -> tuple[Array, Pullback]:
        y, pullback = super().__call__(params, x)
        return y, lambda dy: self.mistake(*pullback(dy))


@dataclass(frozen=True)
class MistakenSquaredError(MeanSquaredError):
    """A mean squared error whose gradient is too large by a factor."""

    factor: float = 1.0

    def __call__(self, y_true: Array, y_pred: Array) -> tuple[Any, Array]:
        value, gradient = super().__call__(y_true, y_pred)
        return value, gradient * self.factor


def in_kernel(change: Callable[[Array], Array]) -> Mistake:
    return lambda promise, dparams: (promise, dparams | {"kernel": change(dparams["kernel"])})


def in_bias(change: Callable[[Array], Array]) -> Mistake:
    return lambda promise, dparams: (promise, dparams | {"bias": change(dparams["bias"])})


def in_input(change: Callable[[Array], Array]) -> Mistake:
    return lambda promise, dparams: (lambda: change(promise()), dparams)


def tanh_without_its_slope(x: Array) -> tuple[Array, ActivationPullback]:
    return np.tanh(x), lambda dy: dy


def tanh_with_the_slope_of_its_output(x: Array) -> tuple[Array, ActivationPullback]:
    y, _ = tanh(x)
    return y, lambda dy: dy * (1 - np.tanh(y) ** 2)


HIDDEN = {"backward/hidden/kernel", "backward/hidden/bias"}
EVERYWHERE = HIDDEN | {"backward/output/kernel", "backward/output/bias"}

# What is planted, and the sites that it makes wrong: those and no others are to be named.
PLANTED: dict[str, tuple[dict[str, Any], dict[str, Any], Loss, set[str]]] = {
    "hidden kernel transposed": (
        {"mistake": in_kernel(np.transpose)},
        {},
        MeanSquaredError(),
        {"backward/hidden/kernel"},
    ),
    "hidden kernel 1% off": (
        {"mistake": in_kernel(lambda g: g * 1.01)},
        {},
        MeanSquaredError(),
        {"backward/hidden/kernel"},
    ),
    "hidden kernel a millionth off": (
        {"mistake": in_kernel(lambda g: g * (1 + 1e-6))},
        {},
        MeanSquaredError(),
        {"backward/hidden/kernel"},
    ),
    "output kernel transposed": (
        {},
        {"mistake": in_kernel(np.transpose)},
        MeanSquaredError(),
        {"backward/output/kernel"},
    ),
    "bias averaged over the batch, not summed": (
        {"mistake": in_bias(lambda g: g / 5)},
        {},
        MeanSquaredError(),
        {"backward/hidden/bias"},
    ),
    "bias forgotten": (
        {},
        {"mistake": in_bias(np.zeros_like)},
        MeanSquaredError(),
        {"backward/output/bias"},
    ),
    "wrong sign on the way back": (
        {},
        {"mistake": in_input(np.negative)},
        MeanSquaredError(),
        HIDDEN,
    ),
    "nothing passed back": ({}, {"mistake": in_input(np.zeros_like)}, MeanSquaredError(), HIDDEN),
    "units exchanged on the way back": (
        {},
        {"mistake": in_input(lambda g: g[:, ::-1])},
        MeanSquaredError(),
        HIDDEN,
    ),
    "samples exchanged on the way back": (
        {},
        {"mistake": in_input(lambda g: g[::-1])},
        MeanSquaredError(),
        HIDDEN,
    ),
    "activation without its slope": (
        {"activation": tanh_without_its_slope},
        {},
        MeanSquaredError(),
        HIDDEN,
    ),
    "slope taken at the output": (
        {"activation": tanh_with_the_slope_of_its_output},
        {},
        MeanSquaredError(),
        HIDDEN,
    ),
    "factor 2 missing in the loss": ({}, {}, MistakenSquaredError(factor=0.5), EVERYWHERE),
    "sum in place of the mean": ({}, {}, MistakenSquaredError(factor=5.0), EVERYWHERE),
    "nothing wrong": ({}, {}, MistakenSquaredError(factor=1.0), set()),
}


def random_network(
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
    hidden: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    loss: Loss | None = None,
) -> tuple[Network, dict[str, Params], Array, Array]:
    """Return a network with square kernels, so that a transposed one still fits, and a batch."""
    layers = (
        MistakenDense(3, **{"activation": "tanh", "name": "hidden"} | (hidden or {})),
        MistakenDense(3, **{"name": "output"} | (output or {})),
    )
    params = {
        layer.name: {
            "kernel": rng.normal(size=(3, 3)).astype(dtype),
            "bias": rng.normal(size=3).astype(dtype),
        }
        for layer in layers
    }
    x, y = rng.normal(size=(2, 5, 3)).astype(dtype)
    return Network(layers, loss or MeanSquaredError(), SGD()), params, x, y


@pytest.mark.parametrize("fault", PLANTED)
@given(seed=seeds)
def test_a_planted_mistake_is_caught_at_the_sites_that_it_makes_wrong_and_nowhere_else(
    fault: str, seed: int
) -> None:
    hidden, output, loss, sites = PLANTED[fault]
    rng = np.random.default_rng(seed)
    net, params, x, y = random_network(rng, np.float64, hidden, output, loss)
    checks = check_network(net, params, x, y, rng)
    assert {site for site, check in checks.items() if check.relative_error > 1e-10} == sites


@pytest.mark.parametrize(
    "mistake", [in_kernel(np.transpose), in_bias(lambda g: g * 1.01), in_input(np.negative)]
)
@given(seed=seeds)
def test_a_mistake_in_any_answer_of_a_layer_is_caught_in_the_layer_alone(
    mistake: Mistake, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    _, params, x, _ = random_network(rng, np.longdouble)
    right = check_layer(MistakenDense(3, "tanh"), params["hidden"], x, rng)
    wrong = check_layer(MistakenDense(3, "tanh", mistake=mistake), params["hidden"], x, rng)
    assert right.relative_error < 1e-9 < wrong.relative_error


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_a_network_is_checked_in_the_dtype_asked_for(
    dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    net, params, x, y = random_network(rng, np.float32)
    for check in check_network(net, params, x, y, rng, dtype).values():
        assert check.analytic.dtype == check.numerical.dtype == dtype
        assert check.relative_error < 100 * np.finfo(dtype).eps ** (2 / 3)


def test_a_network_without_parameters_is_refused_since_nothing_would_be_checked(
    rng: np.random.Generator,
) -> None:
    net = Network((Flatten(name="rows"),), MeanSquaredError(), SGD())
    with pytest.raises(ValueError, match="no parameters, so there is no gradient to check"):
        check_network(net, {"rows": {}}, np.ones((2, 3)), np.ones((2, 3)), rng)


def test_the_parameters_of_a_checked_network_are_only_read(
    rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    net, params, x, y = random_network(rng, np.longdouble)
    params = {
        layer: {tensor: frozen(w) for tensor, w in tensors.items()}
        for layer, tensors in params.items()
    }
    checks = check_network(net, params, frozen(x), frozen(y), rng)
    assert max(check.relative_error for check in checks.values()) < 1e-9
