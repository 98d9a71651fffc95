"""Standard streams on which printing never fails because of who reads them.

Whoever reads may have gone (``| head``), may never have been there (``>&-``), and may want an
encoding that lacks our signs. None of that is a mistake of the user's or a difference from Keras,
so the command goes on to its end and leaves with its own exit status.
"""

import io
import os
import sys
from typing import Any

#: What of a stream's error handlers would raise, or write what its encoding does not have.
_STRICT = {"strict", "surrogateescape"}


class _Pipe(io.FileIO):
    """A file that takes what is written after its reader has gone."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def mend_streams() -> None:
    """Put streams on which printing never fails in the place of Python's own.

    Streams that somebody else has put there, such as a test, stay as they are.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            _take(number)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
        elif stream is getattr(sys, f"__{name}__") and name != "stdin":
            setattr(sys, name, _mended(stream))


def finished(status: int, failed: int) -> int:
    """Return the exit status once all is written; ``failed`` if it cannot be, which is told."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if status != failed:
            sys.stderr.write(f"could not run: the output cannot be written: {error.strerror}\n")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # or Python tries again when it ends
        return failed
    return status


def _take(number: int) -> None:
    """Take a closed descriptor, so that no other file gets the number of a standard stream."""
    try:
        os.fstat(number)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003  it takes the least


def _mended(stream: Any) -> Any:
    errors = "replace" if stream.errors in _STRICT else stream.errors
    raw = getattr(stream.buffer, "raw", stream.buffer)
    if type(raw) is not io.FileIO:  # a console of Windows
        stream.reconfigure(errors=errors)
        return stream
    stream.flush()
    pipe = _Pipe(raw.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        pipe if raw is stream.buffer else io.BufferedWriter(pipe),
        encoding=stream.encoding,
        errors=errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
