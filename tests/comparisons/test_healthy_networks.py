"""No alarm on honest networks: a fixed sample of those that calibrate.py draws."""

import numpy as np
import pytest
from healthy import healthy

from comparisons import compare
from comparisons.problems import DTYPES
from comparisons.problems.catalogue import define
from scratch import Dense
from scratch.losses import MeanSquaredError, SparseCategoricalCrossentropy
from scratch.optimizers import SGD


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(1000, 1024))
def test_a_random_healthy_network_raises_no_alarm(seed: int, dtype: str) -> None:
    for verdict in compare(healthy(seed).astype(dtype), witness=False):
        assert verdict.passed, verdict.sentence


@pytest.mark.parametrize("seed", range(3))
def test_a_large_healthy_network_with_its_one_twin_raises_no_alarm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = define(
        "large",
        "Is one twin enough where arrays are large?",
        [Dense(1200, "relu"), Dense(10, "softmax")],
        SparseCategoricalCrossentropy(),
        SGD(0.05),
        (rng.normal(size=(2_400, 8)), rng.integers(0, 10, (2_400, 1))),
        weights=0.3,
        epochs=1,
        batch_size=32,
        dtype="float32",
    )
    for verdict in compare(problem):
        assert verdict.twins == 1
        assert verdict.passed, verdict.sentence


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(5))
def test_a_large_healthy_network_that_ends_in_one_number_raises_no_alarm(
    seed: int, dtype: str
) -> None:
    """Its last bias is a single number: one twin would be a single sample of its rounding."""
    rng = np.random.default_rng(seed)
    problem = define(
        "large",
        "Are there twins enough where an array is one number?",
        [Dense(100, "tanh"), Dense(1)],
        MeanSquaredError(),
        SGD(0.05),
        (rng.normal(size=(32, 110)), rng.normal(size=(32, 1))),
        weights=0.3,
        epochs=1,
        batch_size=32,
        dtype=dtype,
    )
    for verdict in compare(problem):
        assert verdict.twins == 8
        assert verdict.passed, verdict.sentence
