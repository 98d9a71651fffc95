"""References recorded once for all tests that compare with them."""

from collections.abc import Callable
from functools import cache

import pytest

from comparisons import problems
from comparisons.runs import Kept, LiveKeras

Recorded = Callable[[str, str], Kept]


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Return Keras's run of a problem of the catalogue in a dtype."""
    return cache(lambda name, dtype: Kept(LiveKeras(problems.get(name).astype(dtype))))
