"""No alarm on honest networks: a fixed sample of those that calibrate.py draws."""

import pytest
from healthy import healthy

from comparisons import compare
from comparisons.problems import DTYPES


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(1000, 1024))
def test_a_random_healthy_network_raises_no_alarm(seed: int, dtype: str) -> None:
    for verdict in compare(healthy(seed).astype(dtype), witness=False):
        assert verdict.passed, verdict.sentence
