"""Each loss is the mean that its docstring states, and its gradient is that mean's slope."""

import re
from collections.abc import Callable
from math import exp, log
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import losses
from scratch.activations import sigmoid, softmax
from scratch.arrays import Array
from scratch.gradient_check import check_gradient
from scratch.losses import (
    EPSILON,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)

EVERY_LOSS: list[Loss] = [
    MeanSquaredError(),
    MeanAbsoluteError(),
    BinaryCrossentropy(),
    BinaryCrossentropy(label_smoothing=0.2),
    BinaryCrossentropy(from_logits=True),
    BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
    CategoricalCrossentropy(),
    CategoricalCrossentropy(label_smoothing=0.2),
    CategoricalCrossentropy(from_logits=True),
    CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
    SparseCategoricalCrossentropy(),
    SparseCategoricalCrossentropy(from_logits=True),
]
every_loss = pytest.mark.parametrize("loss", EVERY_LOSS, ids=str)
both_sparse = pytest.mark.parametrize("loss", EVERY_LOSS[-2:], ids=str)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
seeds = st.integers(0, 2**32 - 1)


def sample(
    loss: Loss,
    rng: np.random.Generator,
    shape: tuple[int, ...] = (5, 3),
    dtype: npt.DTypeLike = np.float64,
) -> tuple[Array, Array]:
    """Return a ``y_true`` and a ``y_pred`` that suit the loss, away from kinks and clips."""
    labels = rng.integers(shape[-1], size=shape[:-1])
    y_pred = rng.normal(size=shape)
    if isinstance(loss, MeanSquaredError | MeanAbsoluteError):
        y_true = y_pred + rng.choice([-1, 1], shape) * rng.uniform(0.01, 2, shape)
        return y_true.astype(dtype), y_pred.astype(dtype)
    if not getattr(loss, "from_logits", False):
        y_pred = rng.uniform(0.05, 0.95, shape)
    if isinstance(loss, SparseCategoricalCrossentropy):
        return labels, y_pred.astype(dtype)
    if isinstance(loss, BinaryCrossentropy):
        return rng.integers(2, size=shape).astype(dtype), y_pred.astype(dtype)
    return np.eye(shape[-1])[labels].astype(dtype), y_pred.astype(dtype)


@every_loss
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)])
@given(seed=seeds)
def test_the_gradient_is_the_slope_of_the_value(
    loss: Loss, shape: tuple[int, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    y_true, y_pred = sample(loss, rng, shape, np.longdouble)
    _, gradient = loss(y_true, y_pred)
    check = check_gradient(lambda p: loss(y_true, p)[0], y_pred, gradient, rng)
    assert check.relative_error < 1e-9


@every_loss
@given(seed=seeds)
def test_the_order_of_the_batch_does_not_matter(loss: Loss, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y_true, y_pred = sample(loss, rng)
    order = rng.permutation(len(y_pred))
    value, gradient = loss(y_true, y_pred)
    reordered, reordered_gradient = loss(y_true[order], y_pred[order])
    np.testing.assert_allclose(reordered, value, rtol=1e-14)
    np.testing.assert_array_equal(reordered_gradient, gradient[order])


@every_loss
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)])
def test_sum_is_the_mean_times_the_number_of_samples(
    loss: Loss, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    y_true, y_pred = sample(loss, rng, shape)
    value, gradient = loss(y_true, y_pred)
    total = type(loss)(**loss.get_config() | {"reduction": "sum"})
    samples = y_pred.size // shape[-1]
    np.testing.assert_allclose(total(y_true, y_pred)[0], value * samples, rtol=1e-14)
    np.testing.assert_allclose(total(y_true, y_pred)[1], gradient * samples, rtol=1e-14)


@every_loss
def test_the_mean_of_a_batch_is_the_mean_of_its_samples(
    loss: Loss, rng: np.random.Generator
) -> None:
    y_true, y_pred = sample(loss, rng)
    alone = [loss(y_true[[row]], y_pred[[row]])[0] for row in range(len(y_pred))]
    np.testing.assert_allclose(loss(y_true, y_pred)[0], np.mean(alone), rtol=1e-14)


@every_loss
@every_dtype
def test_value_and_gradient_have_the_dtype_of_the_prediction(
    loss: Loss, dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    y_true, y_pred = sample(loss, rng, dtype=dtype)
    value, gradient = loss(y_true, y_pred)
    assert np.asarray(value).dtype == gradient.dtype == y_pred.dtype
    assert np.ndim(value) == 0
    assert gradient.shape == y_pred.shape


@every_loss
@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float64, np.longdouble])
def test_the_dtype_of_the_targets_changes_nothing(
    loss: Loss, kind: npt.DTypeLike, rng: np.random.Generator
) -> None:
    y_true, y_pred = sample(loss, rng, dtype=np.float32)
    y_true = np.abs(y_true).astype(kind)
    value, gradient = loss(y_true, y_pred)
    expected, expected_gradient = loss(y_true.astype(np.float32), y_pred)
    assert value == expected
    assert value.dtype == gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, expected_gradient)


@pytest.mark.parametrize("loss", EVERY_LOSS[:-2], ids=str)
@pytest.mark.parametrize(
    ("received", "wanted"),
    [
        ((5,), (5, 1)),
        ((5,), (5, 3)),
        ((3,), (5, 3)),
        ((5, 1), (5, 3)),
        ((1, 3), (5, 3)),
        ((4, 3), (5, 3)),
        ((5, 3, 1), (5, 3)),
        ((), (5, 1)),
    ],
    ids=str,
)
def test_targets_of_another_shape_than_the_prediction_are_refused(
    loss: Loss, received: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    expected = (
        f"y_true must have the shape of y_pred, {wanted}, received {received} "
        "(class numbers are for SparseCategoricalCrossentropy)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        loss(np.ones(received), np.full(wanted, 0.5))


@every_loss
def test_inputs_are_only_read(
    loss: Loss, rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    y_true, y_pred = (frozen(array) for array in sample(loss, rng))
    value, gradient = loss(y_true, y_pred)
    again, gradient_again = loss(y_true, y_pred)
    assert value == again
    np.testing.assert_array_equal(gradient, gradient_again)


@pytest.mark.parametrize(
    ("loss", "y_true", "y_pred", "value"),
    [
        (MeanSquaredError(), [[1.0, 2.0], [3.0, 4.0]], [[2.0, 2.0], [3.0, 1.0]], 10 / 4),
        (MeanAbsoluteError(), [[1.0, 2.0], [3.0, 4.0]], [[2.0, 2.0], [3.0, 1.0]], 4 / 4),
        (MeanSquaredError("sum"), [[1.0, 2.0], [3.0, 4.0]], [[2.0, 2.0], [3.0, 1.0]], 10 / 2),
        (BinaryCrossentropy(), [[1.0, 0.0]], [[0.25, 0.5]], (log(4) + log(2)) / 2),
        (
            BinaryCrossentropy(label_smoothing=0.5),
            [[1.0]],
            [[0.2]],
            0.75 * log(5) + 0.25 * log(1.25),
        ),
        (BinaryCrossentropy(from_logits=True), [[1.0]], [[log(3)]], log(4 / 3)),
        (CategoricalCrossentropy(), [[0.0, 1.0, 0.0]], [[0.5, 0.25, 0.25]], log(4)),
        (CategoricalCrossentropy(label_smoothing=0.5), [[0.0, 1.0]], [[0.5, 0.5]], log(2)),
        (CategoricalCrossentropy(from_logits=True), [[0.0, 1.0]], [[log(3), 0.0]], log(4)),
        (SparseCategoricalCrossentropy(), [[1]], [[0.5, 0.25, 0.25]], log(4)),
        (SparseCategoricalCrossentropy(from_logits=True), [0], [[log(3), 0.0]], log(4 / 3)),
    ],
    ids=str,
)
def test_a_value_computed_by_hand(loss: Loss, y_true: Any, y_pred: Any, value: float) -> None:
    computed, _ = loss(np.array(y_true), np.array(y_pred))
    np.testing.assert_allclose(computed, value, rtol=1e-15)


@given(seed=seeds)
def test_binary_crossentropy_from_logits_is_that_of_their_sigmoid(seed: int) -> None:
    y_true, z = sample(BinaryCrossentropy(from_logits=True), np.random.default_rng(seed))
    p, pullback = sigmoid(z)
    value, dp = BinaryCrossentropy()(y_true, p)
    value_from_logits, dz = BinaryCrossentropy(from_logits=True)(y_true, z)
    np.testing.assert_allclose(value_from_logits, value, rtol=1e-12)
    np.testing.assert_allclose(dz, pullback(dp), rtol=1e-12)


@given(seed=seeds)
def test_categorical_crossentropy_from_logits_is_that_of_their_softmax(seed: int) -> None:
    y_true, z = sample(CategoricalCrossentropy(from_logits=True), np.random.default_rng(seed))
    p, pullback = softmax(z)
    value, dp = CategoricalCrossentropy()(y_true, p)
    value_from_logits, dz = CategoricalCrossentropy(from_logits=True)(y_true, z)
    np.testing.assert_allclose(value_from_logits, value, rtol=1e-12)
    np.testing.assert_allclose(dz, pullback(dp), atol=1e-14)


@both_sparse
@given(seed=seeds)
def test_a_class_number_is_a_short_name_for_its_one_hot_row(
    loss: SparseCategoricalCrossentropy, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels, y_pred = sample(loss, rng)
    if not loss.from_logits:
        y_pred, _ = softmax(y_pred)
    value, gradient = loss(labels, y_pred)
    one_hot = CategoricalCrossentropy(loss.from_logits)
    one_hot_value, one_hot_gradient = one_hot(np.eye(3)[labels], y_pred)
    np.testing.assert_allclose(value, one_hot_value, rtol=1e-13)
    np.testing.assert_allclose(gradient, one_hot_gradient, rtol=1e-11, atol=1e-14)


@both_sparse
def test_class_numbers_may_stand_in_a_column_and_may_be_floats(
    loss: SparseCategoricalCrossentropy, rng: np.random.Generator
) -> None:
    labels, y_pred = sample(loss, rng)
    assert loss(labels, y_pred)[0] == loss(labels[:, np.newaxis].astype(float), y_pred)[0]


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4)])
@given(seed=seeds)
def test_sparse_crossentropy_from_logits_is_minus_the_log_of_the_softmax_of_the_class(
    shape: tuple[int, ...], seed: int
) -> None:
    loss = SparseCategoricalCrossentropy(from_logits=True)
    labels, z = sample(loss, np.random.default_rng(seed), shape)
    p, _ = softmax(z.reshape(-1, shape[-1]))
    expected = -np.log(p[np.arange(len(p)), labels.ravel()]).mean()
    np.testing.assert_allclose(loss(labels, z)[0], expected, rtol=1e-13)


def test_a_class_that_is_ruled_out_by_its_logit_costs_the_true_one_nothing() -> None:
    loss = SparseCategoricalCrossentropy(from_logits=True)
    value, gradient = loss(np.array([0]), np.array([[1.0, 2.0, -np.inf]]))
    expected, without = loss(np.array([0]), np.array([[1.0, 2.0]]))
    np.testing.assert_allclose([value, expected], 1.3132616875182228, rtol=1e-15)
    np.testing.assert_allclose(gradient, [[*without[0], 0]], rtol=1e-15)


@both_sparse
@pytest.mark.parametrize("received", [(2, 3), (3,), (2, 2), (1, 2), (2, 1, 1), ()], ids=str)
def test_class_numbers_of_another_shape_such_as_one_hot_rows_are_refused(
    loss: SparseCategoricalCrossentropy, received: tuple[int, ...]
) -> None:
    expected = (
        f"class numbers must have the shape (2,) or (2, 1), received {received} "
        "(one-hot rows are for CategoricalCrossentropy)"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        loss(np.zeros(received, int), np.full((2, 3), 1 / 3))


@both_sparse
@pytest.mark.parametrize(
    "labels",
    [[0.5], [-1], [3], [2**40], [-0.5], [2.5], [np.nan], [np.inf], [-np.inf], [0, 7, -1]],
    ids=str,
)
def test_what_is_no_class_number_is_refused_without_a_warning(
    loss: SparseCategoricalCrossentropy, labels: list[float]
) -> None:
    first = next(label for label in labels if label != 0)
    expected = f"class numbers must be whole, from 0 to 2, received {first}"
    y_pred = np.full((len(labels), 3), 1 / 3)
    for y_true in (np.array(labels), np.array(labels)[:, np.newaxis]):
        with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
            loss(y_true, y_pred)


@given(seed=seeds, factor=st.integers(1, 1000))
def test_categorical_crossentropy_divides_probabilities_by_their_sum(
    seed: int, factor: int
) -> None:
    y_true, y_pred = sample(CategoricalCrossentropy(), np.random.default_rng(seed))
    value, _ = CategoricalCrossentropy()(y_true, y_pred)
    np.testing.assert_allclose(CategoricalCrossentropy()(y_true, y_pred * factor)[0], value)


# Whole numbers add without rounding, so the law holds to the last bit.
@given(seed=seeds, shift=st.integers(-(2**20), 2**20))
def test_categorical_crossentropy_from_logits_ignores_a_shift(seed: int, shift: int) -> None:
    z = np.random.default_rng(seed).integers(-50, 50, (5, 3)).astype(float)
    loss = CategoricalCrossentropy(from_logits=True)
    value, gradient = loss(np.eye(3)[[0, 1, 2, 0, 1]], z)
    shifted, shifted_gradient = loss(np.eye(3)[[0, 1, 2, 0, 1]], z + shift)
    assert shifted == value
    np.testing.assert_array_equal(shifted_gradient, gradient)


@pytest.mark.parametrize("z", [-1e4, -40.0, -1.0, -0.0, 0.0, 1.0, 40.0, 1e4])
@pytest.mark.parametrize("label", [0, 1])
def test_the_slope_of_binary_crossentropy_from_logits_is_p_minus_y_in_every_digit(
    label: int, z: float
) -> None:
    value, gradient = BinaryCrossentropy(from_logits=True)(np.array([[label]]), np.array([[z]]))
    # With m = z for the label 0 and -z for 1: the loss is log(1 + exp(m)), its slope sigmoid(m).
    sign = 1 - 2 * label
    m = sign * z
    slope = 1 / (1 + exp(-m)) if m > 0 else exp(m) / (1 + exp(m))
    np.testing.assert_allclose(gradient, sign * slope, rtol=1e-15)
    np.testing.assert_allclose(value, np.logaddexp(0, m), rtol=1e-15)


@pytest.mark.parametrize(
    "loss", [loss for loss in EVERY_LOSS if getattr(loss, "from_logits", 0)], ids=str
)
@every_dtype
def test_extreme_logits_give_a_finite_value_and_gradient(loss: Loss, dtype: npt.DTypeLike) -> None:
    z = np.array([[-1e4, 0, 1e4], [1e4, 1e4, -1e4], [0, -0.0, 0], [1e30, -1e30, 0]], dtype)
    y_true, _ = sample(loss, np.random.default_rng(0), z.shape, dtype)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value, gradient = loss(y_true, z)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@every_dtype
def test_a_certain_and_wrong_probability_costs_what_the_clip_allows(dtype: npt.DTypeLike) -> None:
    wrong = np.array([[1.0, 0.0]], dtype)
    worst = -np.log(np.asarray(EPSILON, dtype))
    # Near 1 the bound of the clip is rounded: of 1e-7, float32 leaves one digit in 1 - 1e-7.
    rtol = max(np.finfo(dtype).eps, np.finfo(float).eps) / EPSILON / 16
    value, gradient = BinaryCrossentropy()(1 - wrong, wrong)
    np.testing.assert_allclose(value, worst, rtol=rtol)
    assert not gradient.any()
    value, gradient = CategoricalCrossentropy()(1 - wrong, wrong)
    np.testing.assert_allclose(value, worst, rtol=rtol)
    assert not gradient.any()
    value, gradient = SparseCategoricalCrossentropy()(np.array([1]), wrong)
    np.testing.assert_allclose(value, worst, rtol=rtol)
    assert not gradient.any()


@every_dtype
def test_at_the_bounds_of_the_clip_the_slope_is_that_of_the_inside(dtype: npt.DTypeLike) -> None:
    p = np.array([[EPSILON]], dtype)
    _, gradient = BinaryCrossentropy()(np.ones_like(p), p)
    np.testing.assert_allclose(gradient, -1 / p)
    _, below = BinaryCrossentropy()(np.ones_like(p), np.nextafter(p, 0))
    assert below == 0


def test_the_slope_of_the_absolute_error_at_zero_is_zero() -> None:
    _, gradient = MeanAbsoluteError()(np.array([[1.0, 2.0]]), np.array([[1.0, 4.0]]))
    np.testing.assert_array_equal(gradient, [[0, 0.5]])


@pytest.mark.parametrize("loss", [type(loss) for loss in EVERY_LOSS[::2]])
@pytest.mark.parametrize("reduction", ["none", "mean", None])
def test_a_reduction_that_scratch_lacks_is_refused_by_name(loss: Loss, reduction: str) -> None:
    with pytest.raises(
        ValueError, match=f"{loss.__name__}: reduction must be .*, not {reduction!r}"
    ):
        loss(reduction=reduction)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("mse", MeanSquaredError()),
        ("mean_squared_error", MeanSquaredError()),
        ("MeanAbsoluteError", MeanAbsoluteError()),
        ("bce", BinaryCrossentropy()),
        ("binary_crossentropy", BinaryCrossentropy()),
        ("categorical_crossentropy", CategoricalCrossentropy()),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy()),
    ],
)
def test_losses_answer_to_the_names_of_keras(identifier: str, expected: Any) -> None:
    assert losses.get(identifier) == expected


def test_an_unknown_loss_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no loss 'huber'; it has BinaryCrossentropy, "):
        losses.get("huber")
