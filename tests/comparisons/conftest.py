"""What the tests of several files use: references recorded once, and the command line."""

import sys
from collections.abc import Callable
from functools import cache

import pytest

import comparisons.cli
from comparisons import problems
from comparisons.runs import Kept, LiveKeras

Recorded = Callable[[str, str], Kept]


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Return Keras's run of a problem of the catalogue in a dtype."""
    return cache(lambda name, dtype: Kept(LiveKeras(problems.get(name).astype(dtype))))


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that runs ``main`` in this process and returns the exit status."""

    def leave(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["keras-parity", *arguments])
        with pytest.raises(SystemExit) as left:
            comparisons.cli.main()
        assert isinstance(left.value.code, int)
        return left.value.code

    return leave
