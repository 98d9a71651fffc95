"""Nudged twins: what measures the rounding budget must itself be right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from comparisons import problems
from comparisons.problems import DTYPES
from comparisons.runs import make_twins, scratch_trainer
from comparisons.runs.twins import Nudge
from scratch.losses import CategoricalCrossentropy

CONSTANTS = {"leaky_relu_slope": 0.2, "beta_1_in_powers": 0.9, "beta_2_in_powers": 0.999}


def normal(dtype: str) -> st.SearchStrategy[np.ndarray]:
    """Arrays of numbers whose neighbours are one unit in the last place away, and of zeros."""
    width = np.finfo(dtype).bits
    # Nearer to the smallest normal number, the step itself would be subnormal.
    least = 1024 * float(np.finfo(dtype).smallest_normal)
    sizes = st.floats(least, 2.0**99, width=width) | st.just(0.0)
    return arrays(dtype, st.integers(1, 50), elements=sizes | sizes.map(lambda x: -x))


@pytest.mark.parametrize("dtype", DTYPES)
@given(data=st.data())
def test_a_nudge_moves_every_number_to_a_neighbour_and_leaves_zeros(
    dtype: str, data: st.DataObject
) -> None:
    x = data.draw(normal(dtype))
    nudged = Nudge(dtype, 50, np.random.default_rng(0))(x)
    assert nudged.dtype == x.dtype
    up, down = np.nextafter(x, np.inf, dtype=dtype), np.nextafter(x, -np.inf, dtype=dtype)
    moved = (nudged == up) | (nudged == down)
    assert np.where(x == 0, nudged == 0, moved).all()


def test_a_nudge_goes_up_and_down_about_equally_often() -> None:
    x = np.ones(10_000)
    nudged = Nudge("float64", x.size, np.random.default_rng(0))(x)
    assert abs(np.mean(nudged > x) - 0.5) < 0.02


def test_whole_numbers_are_not_nudged() -> None:
    classes = np.arange(5)
    assert Nudge("float64", 5, np.random.default_rng(0))(classes) is classes


def test_a_hyperparameter_moves_to_a_neighbour_in_the_dtype_of_the_run() -> None:
    nudge = Nudge("float32", 1, np.random.default_rng(0))
    near = {np.nextafter(np.float32(0.001), np.float32(t)) for t in (-np.inf, np.inf)}
    assert {np.float32(nudge.number(0.001)) for _ in range(20)} == near
    assert nudge.number(0.0) == 0


def test_steps_inside_a_formula_are_nudged() -> None:
    """Sure of the right class, the loss is log(1 + small): what rounds is the sum."""
    nudge = Nudge("float64", 3, np.random.default_rng(0))
    y, z = np.array([[1.0, 0.0, 0.0]]), np.array([[40.0, 0.0, 0.0]])
    loss = CategoricalCrossentropy(from_logits=True)
    honest, _ = loss(y, z)
    twins = [float(loss(nudge.arithmetic(y), nudge.arithmetic(z))[0]) for _ in range(20)]
    assert max(abs(twin - honest) for twin in twins) > 1e-16


@pytest.mark.parametrize("name", problems.names())
def test_twins_spread_at_every_site_that_is_not_zero(name: str) -> None:
    problem = problems.get(name)
    trainer = scratch_trainer(problem, CONSTANTS)
    x, y = problem.x[: problem.batch_size], problem.y[: problem.batch_size]
    _, honest = trainer.step(trainer.init(problem.weights), x, y)
    twins = [
        twin.step(twin.init(problem.weights), x, y)[1]
        for twin in make_twins(trainer, "float64", 1000, 8)
    ]
    for site, value in honest.items():
        spread = max(np.abs(np.asarray(twin[site]) - value).max() for twin in twins)
        exact = np.isin(value, (0, 1)).all()  # 0, and a sigmoid or softmax that is certain
        assert spread > 0 or exact, site


def test_twins_are_the_same_each_time() -> None:
    problem = problems.get("adam")
    trainer = scratch_trainer(problem, CONSTANTS)
    x, y = problem.x[:2], problem.y[:2]
    first, second = (
        [twin.step(twin.init(problem.weights), x, y)[1] for twin in twins]
        for twins in (make_twins(trainer, "float64", 1000, 3) for _ in range(2))
    )
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(one[site], other[site]) for site in one)
    assert not np.array_equal(first[0]["loss/value"], first[1]["loss/value"])


def test_scratch_itself_is_not_changed_by_its_twins() -> None:
    problem = problems.get("momentum")
    trainer = scratch_trainer(problem, CONSTANTS)
    x, y = problem.x[:2], problem.y[:2]
    before = trainer.step(trainer.init(problem.weights), x, y)[1]
    for twin in make_twins(trainer, "float64", 1000, 3):
        twin.step(twin.init(problem.weights), x, y)
    after = trainer.step(trainer.init(problem.weights), x, y)[1]
    assert all(np.array_equal(before[site], after[site]) for site in before)
