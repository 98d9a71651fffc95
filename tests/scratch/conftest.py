"""What the tests of the textbook share."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings

from scratch.arrays import Array

# Hypothesis's own profile for servers, here on every machine: the same examples each time, and
# no deadline. How long one takes says nothing about the law.
settings.load_profile("ci")


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def frozen() -> Callable[[Array], Array]:
    """Return a function that copies an array so that writing into the copy is an error."""

    def freeze(array: Array) -> Array:
        copy = np.array(array)
        copy.setflags(write=False)
        return copy

    return freeze
