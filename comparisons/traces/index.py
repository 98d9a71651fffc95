"""The index of a recording: JSON lines, each with a checksum that covers all lines so far.

Only what has reached the disk is in the index, so a line that was being written when the
process was killed is the last one and has no newline: it is left out.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from comparisons.traces.errors import RecordingError
from comparisons.traces.files import read_whole, sha256

NAME = "index.jsonl"

#: An index of more bytes than this is refused: a line takes about 250, so that is no recording.
MOST_BYTES = 16_000_000


def line(entry: dict[str, Any], before: str) -> tuple[bytes, str]:
    """Return a line of the index and its checksum, given that of the line before or ``""``.

    Raises ``RecordingError`` for an entry that JSON cannot hold.
    """
    try:
        checksum = _checksum(entry, before)
        text = _text({"line": entry, "sha256": checksum})
    except (TypeError, ValueError) as error:
        message = f"this problem cannot be recorded, as JSON cannot hold it: {error}"
        raise RecordingError(message) from error
    return text.encode() + b"\n", checksum


def read(directory: Path) -> tuple[list[dict[str, Any]], bool]:
    """Return the entries of a recording's index, and whether a torn line follows them.

    Raises ``RecordingError`` where there is no index, or one that is damaged.
    """
    path = directory / NAME
    if not directory.is_dir():
        message = f"{directory} is not a recording: there is no such directory"
        raise RecordingError(message)
    if not path.exists():
        message = f"{directory} is not a recording: it has no {NAME}"
        raise RecordingError(message)
    *lines, torn = read_whole(path, MOST_BYTES).split(b"\n")
    return list(_entries(path, lines)), bool(torn)


def _entries(path: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    before = ""
    for number, text in enumerate(lines, 1):
        try:
            found = json.loads(text.decode(), parse_constant=_no_number)
            entry, before = _checked(found, before)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            message = f"{path} is damaged at line {number}: record again"
            raise RecordingError(message) from error
        yield entry


def _checked(found: Any, before: str) -> tuple[dict[str, Any], str]:
    """Return the entry and checksum of a parsed line; raises for one that is not as written."""
    entry, checksum = found["line"], found["sha256"]
    if len(found) != 2 or not isinstance(entry, dict) or checksum != _checksum(entry, before):
        raise ValueError(checksum)
    return entry, checksum


def _checksum(entry: dict[str, Any], before: str) -> str:
    return sha256((before + _text(entry)).encode())


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain)


def _plain(value: Any) -> Any:
    """Return a NumPy number as Python's."""
    return value.item()


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
