"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path


class OutputError(ValueError):
    """A file that cannot be written; the message says why."""


def check_writable(path: Path) -> None:
    """Raise ``OutputError`` if ``write`` would not succeed; leaves nothing behind."""
    if str(path) == "-":
        message = "- would be a file of that name, not the terminal; name a file to write to"
        raise OutputError(message)
    try:
        target = path.resolve()
        if target.is_dir():
            message = f"{path} is a directory; name a file to write to"
            raise OutputError(message)
        if not target.parent.is_dir():
            message = f"{path} cannot be written: there is no directory {path.parent}"
            raise OutputError(message)
        if target.exists() and not target.is_file():
            message = f"{path} is a pipe or a device, which a file would take the place of"
            raise OutputError(message)
        if target.exists() and not os.access(target, os.W_OK):
            message = f"{path} cannot be written: it is read-only"
            raise OutputError(message)
        with tempfile.NamedTemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise OutputError(message) from error
    except UnicodeEncodeError as error:
        message = (
            f"{path} cannot be written: names of files are in {error.encoding} here; run it with "
            "LC_ALL=C.UTF-8, or name another file"
        )
        raise OutputError(message) from error


def write(path: Path, text: str) -> None:
    """Write a text file under its name only when it is complete; links are written through."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".keras-parity-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
