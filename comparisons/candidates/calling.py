"""Call a candidate's code: what it prints is kept, what it raises becomes one sentence."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from comparisons.candidates.errors import BindingError, CandidateError, raised

#: Of what a candidate prints, this many characters are kept.
MOST_OUTPUT = 65_536


class Output(io.StringIO):
    """A text file in memory that keeps the first ``MOST_OUTPUT`` characters."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped = 0

    def write(self, text: str) -> int:
        """Keep what there is room for; the number of characters returned is always all."""
        room = MOST_OUTPUT - self.tell()
        self.dropped += max(len(text) - room, 0)
        super().write(text[: max(room, 0)])
        return len(text)

    @property
    def text(self) -> str:
        """What was printed, with a last line that says how much is not shown."""
        cut = f"\n[{self.dropped} more characters]\n" if self.dropped else ""
        return self.getvalue() + cut


@contextlib.contextmanager
def quietly(output: Output) -> Iterator[None]:
    """Send what is printed to ``output``, and show no warning, NumPy's included."""
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def call(what: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return what the user's function returns; ``what`` names it in the sentence of an error.

    Raises ``CandidateError`` for whatever it raises, ``SystemExit`` too.
    """
    try:
        return function(*args, **kwargs)
    except (CandidateError, BindingError):
        raise
    except (Exception, SystemExit) as error:
        code = getattr(function, "__code__", None)
        raise raised(what, error, getattr(code, "co_filename", None)) from error
