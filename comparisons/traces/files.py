"""Files that a kill at any moment leaves whole or not there, and that are checked when read."""

import hashlib
import os
import stat
from pathlib import Path

from comparisons.traces.errors import RecordingError


def sha256(data: bytes) -> str:
    """Return the checksum that the index holds of a file."""
    return hashlib.sha256(data).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file under its name only when all of it has reached the disk."""
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("wb") as file:
        file.write(data)
        reach_disk(file.fileno())
    unfinished.replace(path)
    directory_reaches_disk(path.parent)


def reach_disk(descriptor: int) -> None:
    """Wait until what was written has reached the disk."""
    os.fsync(descriptor)


def directory_reaches_disk(path: Path) -> None:
    """Wait until a directory's new names have reached the disk; Windows has no way to."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_whole(path: Path, most: int | None = None) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes.

    Raises ``RecordingError`` for anything else: a pipe would wait for ever.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            message = f"{path} is not a file: record again"
            raise RecordingError(message)
        if most is not None and found.st_size > most:
            message = f"{path} has {found.st_size:,} bytes, more than the {most:,} it may have"
            raise RecordingError(message)
        return path.read_bytes()
    except FileNotFoundError as error:
        message = f"{path} is missing: record again"
        raise RecordingError(message) from error
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise RecordingError(message) from error


def read_checked(path: Path, size: int, checksum: str) -> bytes:
    """Return the content of a file that must have this size, in bytes, and this checksum."""
    data = read_whole(path, most=size)
    if len(data) != size or sha256(data) != checksum:
        message = f"{path} is damaged: it is not what its index says was written; record again"
        raise RecordingError(message)
    return data
