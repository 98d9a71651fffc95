"""Each initializer draws from the distribution of its docstring.

The draws are fixed and large. A sample variance strays from the true one by about
``variance * sqrt(2 / n)`` (less for the flat tails used here), and five times that is allowed.
"""

from math import erf, exp, pi, sqrt

import numpy as np
import numpy.typing as npt
import pytest

from scratch import initializers
from scratch.arrays import Array
from scratch.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    Ones,
    RandomNormal,
    RandomUniform,
    Zeros,
    fans,
)

SHAPE = (300, 200)
# (initializer, variance, largest absolute value) for that shape; the normal distribution that
# is cut off at two of its deviations keeps .8796 of them.
CUT = 2 / sqrt(1 - 4 * exp(-2) / sqrt(2 * pi) / erf(sqrt(2)))
DISTRIBUTIONS = [
    (RandomNormal(), 0.05**2, np.inf),
    (RandomNormal(stddev=2.0), 4.0, np.inf),
    (RandomUniform(), 0.1**2 / 12, 0.05),
    (RandomUniform(-3.0, 3.0), 3.0, 3.0),
    (GlorotUniform(), 2 / 500, sqrt(6 / 500)),
    (GlorotNormal(), 2 / 500, CUT * sqrt(2 / 500)),
    (HeUniform(), 2 / 300, sqrt(6 / 300)),
    (HeNormal(), 2 / 300, CUT * sqrt(2 / 300)),
]
EVERY_INITIALIZER: list[Initializer] = [
    Constant(0.5),
    Zeros(),
    Ones(),
    *(initializer for initializer, _, _ in DISTRIBUTIONS),
]
every_initializer = pytest.mark.parametrize("initializer", EVERY_INITIALIZER, ids=str)


def draw(initializer: Initializer, shape: tuple[int, ...] = SHAPE) -> Array:
    return initializer(shape, np.float64, np.random.default_rng(0))


@pytest.mark.parametrize(("initializer", "variance", "limit"), DISTRIBUTIONS, ids=str)
def test_mean_variance_and_limits_are_the_documented_ones(
    initializer: Initializer, variance: float, limit: float
) -> None:
    w = draw(initializer)
    assert abs(w.mean()) < 5 * sqrt(variance / w.size)
    assert abs(w.var() - variance) < 5 * variance * sqrt(2 / w.size)
    assert np.abs(w).max() <= limit
    if np.isfinite(limit):
        assert np.abs(w).max() > 0.999 * limit


@pytest.mark.parametrize(
    ("uniform", "normal"), [(GlorotUniform(), GlorotNormal()), (HeUniform(), HeNormal())], ids=str
)
def test_uniform_is_flat_and_normal_is_heaped_around_zero(
    uniform: Initializer, normal: Initializer
) -> None:
    # The share within one deviation: 1/√3 of a flat distribution; of the normal one, cut off
    # at two and with .8796 of its deviation, erf(.8796/√2) / erf(√2).
    flat, heap = (np.mean(np.abs(w) < w.std()) for w in (draw(uniform), draw(normal)))
    assert abs(flat - 1 / sqrt(3)) < 0.01
    assert abs(heap - erf(2 / CUT / sqrt(2)) / erf(sqrt(2))) < 0.01


def test_mean_and_bounds_shift_the_distribution() -> None:
    assert abs(draw(RandomNormal(mean=7.0)).mean() - 7) < 0.001
    w = draw(RandomUniform(2.0, 3.0))
    assert 2 <= w.min() < 2.001
    assert 2.999 < w.max() <= 3


def test_constants_are_constant() -> None:
    np.testing.assert_array_equal(draw(Constant(0.1)), np.full(SHAPE, 0.1))
    np.testing.assert_array_equal(draw(Zeros()), np.zeros(SHAPE))
    np.testing.assert_array_equal(draw(Ones()), np.ones(SHAPE))


@every_initializer
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("shape", [(7,), (4, 3), (3, 3, 2, 5)])
def test_an_array_has_the_shape_and_dtype_asked_for(
    initializer: Initializer, dtype: npt.DTypeLike, shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    w = initializer(shape, dtype, rng)
    assert (w.shape, w.dtype) == (shape, np.dtype(dtype))


@pytest.mark.parametrize("initializer", EVERY_INITIALIZER[3:], ids=str)
def test_the_generator_decides_the_draw_and_moves_on(
    initializer: Initializer, rng: np.random.Generator
) -> None:
    first, second = (initializer((4, 3), float, rng) for _ in range(2))
    np.testing.assert_array_equal(first, draw(initializer, (4, 3)))
    assert not (first == second).any()


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((4, 3), (4, 3)),
        ((3, 3, 2, 5), (18, 45)),
    ],
)
def test_fans_count_what_feeds_a_unit_and_what_it_feeds(
    shape: tuple[int, ...], expected: tuple[float, float]
) -> None:
    assert fans(shape) == expected


def test_glorot_is_the_same_both_ways_and_he_looks_at_the_inputs_alone() -> None:
    tall, wide = (1000, 10), (10, 1000)
    limits = [np.abs(draw(GlorotUniform(), shape)).max() for shape in (tall, wide)]
    np.testing.assert_allclose(limits, sqrt(6 / 1010), rtol=0.001)
    limits = [np.abs(draw(HeUniform(), shape)).max() for shape in (tall, wide)]
    np.testing.assert_allclose(limits, [sqrt(6 / 1000), sqrt(6 / 10)], rtol=0.001)


@pytest.mark.parametrize("name", ["glorot_uniform", "GlorotUniform"])
def test_initializers_answer_to_the_names_of_keras(name: str) -> None:
    assert initializers.get(name) == GlorotUniform()


def test_an_unknown_initializer_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no initializer 'orthogonal'; it has Constant, Glorot"):
        initializers.get("orthogonal")
