"""What the tests against live Keras share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import keras_ref
from keras_ref.libraries import keras
from keras_ref.models import everything_in
from scratch import Sequential


@pytest.fixture(autouse=True)
def _nobody_keeps_keras_float_type() -> Iterator[None]:
    """Float type and policy belong to the process, so a test that keeps them breaks others."""
    before = keras.config.floatx(), keras.config.dtype_policy().name
    yield
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before


@pytest.fixture
def float64() -> Iterator[None]:
    """Let Keras compute in float64, where rounding cannot pass for a difference of rule."""
    with everything_in("float64"):
        yield


@pytest.fixture(scope="session")
def as_keras() -> Callable[[Sequential], Any]:
    """Build the Keras model that a compiled scratch model describes, with the same weights."""

    def build(network: Sequential) -> Any:
        return keras_ref.build(
            network.get_config(),
            network.get_compile_config(),
            network.get_weights(),
            network.dtype.name,
        )

    return build
