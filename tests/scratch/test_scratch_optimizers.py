"""Each optimizer follows the rule in its docstring.

A constant gradient turns most of the rules into geometric series. Their sums are written out
here: formulas of another kind than the code's, so that both are not wrong in the same way.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratch import optimizers
from scratch.arrays import Array
from scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, bias_corrections

EVERY_OPTIMIZER: list[Optimizer] = [
    SGD(),
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True),
    SGD(weight_decay=0.01),
    RMSprop(),
    RMSprop(centered=True),
    RMSprop(momentum=0.9),
    RMSprop(momentum=0.9, centered=True, weight_decay=0.01),
    Adam(),
    Adam(amsgrad=True),
    AdamW(),
]
every_optimizer = pytest.mark.parametrize("optimizer", EVERY_OPTIMIZER, ids=str)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
seeds = st.integers(0, 2**32 - 1)
steps_taken = st.integers(1, 50)
sizes = st.floats(1e-3, 1e3)
momenta = st.floats(0.01, 0.99)


def trajectory(optimizer: Optimizer, w: Array, gradients: Iterable[Array]) -> list[Array]:
    """Return the parameter before the first step and after each, for one gradient a step."""
    ws, slots = [w], optimizer.slots(w)
    for t, g in enumerate(gradients, start=1):
        w, slots = optimizer.update(w, g, slots, t)
        ws.append(w)
    return ws


def last_move(optimizer: Optimizer, g: float, steps: int) -> Any:
    """Return what the last of some steps with the constant gradient ``g`` adds."""
    ws = trajectory(optimizer, np.zeros(1), np.full((steps, 1), g))
    return ws[-1] - ws[-2]


@given(seed=seeds)
def test_sgd_subtracts_the_gradient_times_the_learning_rate(seed: int) -> None:
    w, g = np.random.default_rng(seed).normal(size=(2, 3))
    np.testing.assert_array_equal(SGD(0.25).update(w, g, {}, 1)[0], w - 0.25 * g)


@pytest.mark.parametrize("optimizer", [SGD(), SGD(nesterov=True), RMSprop()], ids=str)
@given(seed=seeds)
def test_no_momentum_is_what_is_left_when_momentum_becomes_too_small_to_see(
    optimizer: SGD | RMSprop, seed: int
) -> None:
    w, *gradients = np.random.default_rng(seed).normal(size=(6, 3))
    tiny = replace(optimizer, momentum=1e-300)
    assert "momentum" in tiny.slot_names()
    assert "momentum" not in optimizer.slot_names()
    np.testing.assert_array_equal(
        trajectory(optimizer, w, gradients), trajectory(tiny, w, gradients)
    )


def test_without_momentum_nesterov_changes_nothing(rng: np.random.Generator) -> None:
    w, *gradients = rng.normal(size=(6, 3))
    np.testing.assert_array_equal(
        trajectory(SGD(nesterov=True), w, gradients), trajectory(SGD(), w, gradients)
    )


@given(g=sizes, momentum=momenta, steps=steps_taken)
def test_momentum_adds_up_a_geometric_series(g: float, momentum: float, steps: int) -> None:
    series = (1 - momentum**steps) / (1 - momentum)
    np.testing.assert_allclose(
        last_move(SGD(0.1, momentum), g, steps), -0.1 * g * series, rtol=1e-9
    )


@given(g=sizes, momentum=momenta, steps=steps_taken)
def test_nesterov_is_one_term_of_the_series_ahead(g: float, momentum: float, steps: int) -> None:
    ahead = last_move(SGD(0.1, momentum, nesterov=True), g, steps)
    np.testing.assert_allclose(ahead, last_move(SGD(0.1, momentum), g, steps + 1), rtol=1e-9)


@given(g=sizes, steps=steps_taken)
def test_rmsprop_divides_by_a_root_mean_square_that_starts_at_zero(g: float, steps: int) -> None:
    v = g**2 * (1 - 0.9**steps)
    np.testing.assert_allclose(
        last_move(RMSprop(0.1), g, steps), -0.1 * g / np.sqrt(v + 1e-7), rtol=1e-9
    )


@given(g=sizes, steps=st.integers(1, 20))
def test_centered_rmsprop_divides_by_a_standard_deviation(g: float, steps: int) -> None:
    # With a constant gradient: E[g²] - E[g]², each of weight 1 - ρ**t.
    v = g**2 * (1 - 0.9**steps) * 0.9**steps
    np.testing.assert_allclose(
        last_move(RMSprop(0.1, centered=True), g, steps), -0.1 * g / np.sqrt(v + 1e-7), rtol=1e-9
    )


@given(seed=seeds, momentum=momenta)
def test_momentum_of_rmsprop_is_a_decaying_sum_of_its_plain_moves(
    seed: int, momentum: float
) -> None:
    gradients = np.random.default_rng(seed).normal(size=(6, 3))
    plain = np.diff(trajectory(RMSprop(0.1), np.zeros(3), gradients), axis=0)
    moves = np.diff(trajectory(RMSprop(0.1, momentum=momentum), np.zeros(3), gradients), axis=0)
    weights = momentum ** np.arange(len(plain))[::-1]
    np.testing.assert_allclose(moves[-1], weights @ plain, atol=1e-13)


@given(g=sizes, steps=steps_taken)
def test_adam_moves_by_the_learning_rate_whatever_the_size_of_a_constant_gradient(
    g: float, steps: int
) -> None:
    # Both means are g and g² times their own correction, which the rule takes out again; what
    # is left of epsilon is divided by the root of the second one.
    expected = 0.1 * g / (g + 1e-7 / np.sqrt(1 - 0.999**steps))
    np.testing.assert_allclose(last_move(Adam(0.1), g, steps), -expected, rtol=1e-9)


@given(g=sizes)
def test_the_first_step_of_adam_has_the_size_of_the_learning_rate(g: float) -> None:
    for gradient in (g, -g):
        np.testing.assert_allclose(
            last_move(Adam(0.1), gradient, 1), -0.1 * np.sign(gradient), rtol=0.004
        )


@given(seed=seeds)
def test_adam_is_the_textbook_rule_with_its_means_written_as_sums(seed: int) -> None:
    gradients = np.random.default_rng(seed).normal(size=(7, 3))
    t = len(gradients)
    age = np.arange(t)[::-1]
    m = 0.1 * 0.9**age @ gradients / (1 - 0.9**t)
    v = 0.001 * 0.999**age @ gradients**2 / (1 - 0.999**t)
    before, after = trajectory(Adam(0.1, epsilon=0.0), np.zeros(3), gradients)[-2:]
    np.testing.assert_allclose(after - before, -0.1 * m / np.sqrt(v), rtol=1e-9, atol=1e-14)


@given(seed=seeds)
def test_amsgrad_divides_by_the_largest_velocity_so_far(seed: int) -> None:
    gradients = np.random.default_rng(seed).normal(size=(1, 3)) * np.array([[1], [0.1], [0.01]])
    optimizer = Adam(beta_2=0.5, amsgrad=True)
    w, slots = np.zeros(3), optimizer.slots(np.zeros(3))
    velocities = []
    for t, g in enumerate(gradients, start=1):
        w, slots = optimizer.update(w, g, slots, t)
        velocities.append(slots["velocity"])
        np.testing.assert_array_equal(slots["velocity_hat"], np.max(velocities, axis=0))
    assert (velocities[-1] < slots["velocity_hat"]).all()
    plain = trajectory(replace(optimizer, amsgrad=False), np.zeros(3), gradients)
    assert (np.abs(w) < np.abs(plain[-1])).all()


@given(g=sizes, steps=steps_taken)
def test_amsgrad_is_adam_while_the_velocity_grows(g: float, steps: int) -> None:
    assert last_move(Adam(amsgrad=True), g, steps) == last_move(Adam(), g, steps)


@every_optimizer
@given(seed=seeds)
def test_no_weight_decay_and_a_weight_decay_of_zero_are_the_same(
    optimizer: Optimizer, seed: int
) -> None:
    w, *gradients = np.random.default_rng(seed).normal(size=(4, 3))
    none, zero = (
        trajectory(replace(optimizer, weight_decay=decay), w, gradients) for decay in (None, 0.0)
    )
    np.testing.assert_array_equal(none, zero)


@every_optimizer
@given(seed=seeds)
def test_weight_decay_shrinks_the_parameter_first_and_then_the_rule_is_as_without(
    optimizer: Optimizer, seed: int
) -> None:
    w, g = np.random.default_rng(seed).normal(size=(2, 3))
    slots = optimizer.slots(w)
    decaying, plain = (replace(optimizer, weight_decay=decay) for decay in (0.1, None))
    shrunk = w * (1 - 0.1 * optimizer.learning_rate)
    np.testing.assert_allclose(
        decaying.update(w, g, slots, 1)[0], plain.update(shrunk, g, slots, 1)[0], rtol=1e-14
    )


def test_adamw_is_adam_with_a_decay_of_four_thousandths(rng: np.random.Generator) -> None:
    w, *gradients = rng.normal(size=(4, 3))
    np.testing.assert_array_equal(
        trajectory(AdamW(), w, gradients), trajectory(Adam(weight_decay=0.004), w, gradients)
    )


@every_optimizer
@given(seed=seeds)
def test_each_value_is_updated_by_its_own_gradient_alone(optimizer: Optimizer, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, *gradients = rng.normal(size=(4, 6))
    order = rng.permutation(6)
    whole = trajectory(optimizer, w, gradients)[-1]
    permuted = trajectory(optimizer, w[order], [g[order] for g in gradients])[-1]
    np.testing.assert_allclose(permuted, whole[order], rtol=1e-14)


@every_optimizer
@given(seed=seeds)
def test_the_first_step_goes_downhill(optimizer: Optimizer, seed: int) -> None:
    g = np.random.default_rng(seed).normal(size=4)
    move = optimizer.update(np.zeros(4), g, optimizer.slots(g), 1)[0]
    assert (move * g < 0).all()


@every_optimizer
@every_dtype
def test_parameters_and_slots_keep_their_dtype_and_shape(
    optimizer: Optimizer, dtype: npt.DTypeLike, rng: np.random.Generator
) -> None:
    w, g = rng.normal(size=(2, 3, 2)).astype(dtype)
    slots = optimizer.slots(w)
    for t in (1, 2):
        w, slots = optimizer.update(w, g, slots, t)
    assert tuple(slots) == optimizer.slot_names()
    for array in (w, *slots.values()):
        assert (array.dtype, array.shape) == (np.dtype(dtype), (3, 2))


@every_optimizer
@pytest.mark.parametrize("number", [np.float32, np.float64, np.longdouble])
def test_hyperparameters_of_numpy_leave_the_dtype_of_a_parameter_alone(
    optimizer: Any, number: Any, rng: np.random.Generator
) -> None:
    floats = {name: number(x) for name, x in vars(optimizer).items() if isinstance(x, float)}
    assert "learning_rate" in floats
    w, *gradients = rng.normal(size=(3, 4)).astype(np.float32)
    slots = optimizer.slots(w)
    for t, g in enumerate(gradients, start=1):
        w, slots = replace(optimizer, **floats).update(w, g, slots, t)
    assert {array.dtype for array in (w, *slots.values())} == {np.dtype(np.float32)}


@every_dtype
@given(beta_1=momenta, beta_2=momenta, steps=steps_taken)
def test_a_bias_correction_is_the_sum_of_the_weights_of_a_mean_so_far(
    dtype: npt.DTypeLike, beta_1: float, beta_2: float, steps: int
) -> None:
    kind: Any = np.dtype(dtype)
    corrections = bias_corrections(beta_1, beta_2, steps, kind)
    assert corrections == Adam(beta_1=beta_1, beta_2=beta_2).bias_corrections(steps, kind)
    for beta, correction in zip((beta_1, beta_2), corrections, strict=True):
        ages = np.arange(steps, dtype=dtype)
        weights = (1 - kind.type(beta)) * kind.type(beta) ** ages
        assert correction.dtype == kind
        np.testing.assert_allclose(correction, weights.sum(), rtol=1000 * np.finfo(kind).eps)


@every_optimizer
def test_nothing_is_updated_in_place(
    optimizer: Optimizer, rng: np.random.Generator, frozen: Callable[[Array], Array]
) -> None:
    w, g = (frozen(rng.normal(size=3)) for _ in range(2))
    slots = {name: frozen(slot) for name, slot in optimizer.slots(w).items()}
    first, _ = optimizer.update(w, g, slots, 1)
    again, _ = optimizer.update(w, g, slots, 1)
    np.testing.assert_array_equal(first, again)
    assert not any(slot.any() for slot in slots.values())


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (SGD(), ()),
        (SGD(momentum=0.5), ("momentum",)),
        (RMSprop(), ("velocity",)),
        (RMSprop(centered=True, momentum=0.5), ("velocity", "average_gradient", "momentum")),
        (Adam(), ("momentum", "velocity")),
        (AdamW(amsgrad=True), ("momentum", "velocity", "velocity_hat")),
    ],
    ids=str,
)
def test_slots_bear_the_names_of_keras_and_start_at_zero(
    optimizer: Optimizer, expected: Any
) -> None:
    slots = optimizer.slots(np.ones((2, 3)))
    assert tuple(slots) == expected
    assert not any(slot.any() for slot in slots.values())


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("sgd", SGD()),
        ("SGD", SGD()),
        ("rmsprop", RMSprop()),
        ("adam", Adam()),
        ("Adam", Adam()),
        ("adamw", AdamW()),
    ],
)
def test_optimizers_answer_to_the_names_of_keras(identifier: str, expected: Any) -> None:
    assert optimizers.get(identifier) == expected


def test_an_unknown_optimizer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no optimizer 'lion'; it has Adam, AdamW, RMSprop, SGD"):
        optimizers.get("lion")


@pytest.mark.parametrize("cls", [SGD, RMSprop, Adam, AdamW])
@pytest.mark.parametrize(
    "rate", [True, np.True_, None, "0.1", np.array(0.1), {"class_name": "CosineDecay"}]
)
def test_a_learning_rate_that_is_no_number_is_refused(cls: type[Any], rate: Any) -> None:
    expected = f"^{cls.__name__}: learning_rate must be a number, not .*$"
    with pytest.raises(ValueError, match=expected):
        cls(rate)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("clipnorm", 1.0),
        ("clipvalue", 0.5),
        ("global_clipnorm", 1.0),
        ("use_ema", True),
        ("gradient_accumulation_steps", 2),
        ("loss_scale_factor", 8.0),
    ],
)
@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_a_setting_that_scratch_cannot_honour_is_refused_by_name(
    name: str, setting: str, value: Any
) -> None:
    with pytest.raises(ValueError, match=f"{name} has no '{setting}', so it cannot honour {value}"):
        optimizers.get({"class_name": name, "config": {"learning_rate": 0.1, setting: value}})
