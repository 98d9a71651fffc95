"""The directory that a file is run in: its own, empty, and gone afterwards."""

import contextlib
import os
import tempfile
import time
from itertools import count
from pathlib import Path

_PREFIX = "keras-parity-run-"
#: A directory is not taken for a leftover before it is so many seconds old.
_SETTLED = 60


class OwnDirectory:
    """A new empty directory, locked while it is in use.

    The lock is let go by the system when this process ends, however it ends. So a leftover of
    one that was killed can be told from a directory in use, and is removed by the next.
    """

    def __init__(self) -> None:
        _remove_leftovers()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
        self._lock = _locked(self.path)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _remove_leftovers() -> None:
    for folder in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if status.st_uid != os.geteuid() or time.time() - status.st_mtime < _SETTLED:
                continue
            lock = _locked(folder)
            if lock is not None:
                _remove(folder)
                os.close(lock)


def _locked(folder: Path) -> int | None:
    """Return an open, locked descriptor of a directory, or ``None`` where another has locked it."""
    import fcntl  # noqa: PLC0415  there is none on Windows, where this is never called

    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        return None
    return opened


def _remove(folder: Path) -> None:
    """Remove a tree, whatever was done to its permissions and however deep it is.

    What is in a directory is brought to the top before that is removed: no path grows long.
    """
    names = (folder / f"{_PREFIX}{number}" for number in count())
    with contextlib.suppress(OSError):
        while entries := _entries(folder):
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    for inner in _entries(Path(entry)):
                        _open(inner)
                        Path(inner).rename(next(names))
                    Path(entry).rmdir()
                else:
                    Path(entry).unlink()
        folder.rmdir()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    folder.chmod(0o700)
    with os.scandir(folder) as entries:
        return list(entries)


def _open(entry: os.DirEntry[str]) -> None:
    """Let a directory be moved."""
    if entry.is_dir(follow_symlinks=False):
        Path(entry).chmod(0o700)
