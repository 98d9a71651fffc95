"""Guards inside the process that runs a file: what it may not do is refused, with a sentence.

An audit hook sees what Python's own functions are about to do. It cannot be taken away again,
but a file that means to can get around it, being in the same process; ``kernel`` cannot be got
around. What the libraries that a file imports do for themselves, and live without, is forgiven.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

#: What is compared, what it is compared with, and others that could stand in for it.
NOT_OWN = ("comparisons", "keras_ref", "scratch", "keras", "tensorflow", "torch", "jax", "tf_keras")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

#: Events that are refused, by the kind of error; the words finish "it tried to".
_REFUSED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        (
            "os.fork",
            "os.forkpty",
            "os.exec",
            "os.posix_spawn",
            "os.spawn",
            "os.system",
            "subprocess.Popen",
            "pty.spawn",
        ),
        ("processes", "start another process"),
    ),
    **dict.fromkeys(
        ("os.kill", "os.killpg", "signal.pthread_kill"), ("processes", "send a signal")
    ),
    **dict.fromkeys(
        (
            "socket.connect",
            "socket.bind",
            "socket.sendto",
            "socket.sendmsg",
            "socket.getaddrinfo",
            "socket.gethostbyname",
            "socket.gethostbyaddr",
            "urllib.Request",
        ),
        ("network", "use the network"),
    ),
    **dict.fromkeys(
        ("resource.setrlimit", "resource.prlimit"), ("limits", "change its own limits")
    ),
}

#: Events that change the file system, and which of their arguments are paths.
_PATHS: dict[str, tuple[int, ...]] = {
    "os.chdir": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.removexattr": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.setxattr": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.utime": (0,),
    "shutil.move": (0, 1),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
}
#: Where these hold the directory that a relative path starts from.
_FOLDERS: dict[str, tuple[int, ...]] = {
    "os.chmod": (2,),
    "os.chown": (3,),
    "os.link": (3,),
    "os.mkdir": (2,),
    "os.remove": (1,),
    "os.rename": (2, 3),
    "os.rmdir": (1,),
    "os.symlink": (2,),
    "os.utime": (3,),
    "shutil.rmtree": (1,),
}
#: What others need of ctypes is what it does when it is imported.
_CTYPES = {"ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.call_function", "ctypes.cdata"}


class RefusedError(PermissionError):
    """What a file tried and may not; ``kind`` is that of the ``SandboxError`` it becomes."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class NotOwnError(ImportError):
    """An import of what a file is compared with."""


@dataclass
class Guard:
    """The audit hook: ``name`` and ``file`` are the user's, ``own`` the directory it may write in.

    ``libraries`` are the directories of installed packages, ``ours`` those of this project.
    ``refused`` collects what the file itself tried, whether or not it caught the refusal.
    """

    name: str
    file: str
    own: str
    libraries: Sequence[str]
    ours: Sequence[str]
    refused: list[RefusedError] = field(default_factory=list)

    def install(self) -> None:
        """Watch from now on."""
        checks: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
            **dict.fromkeys(_REFUSED, self._forbidden),
            **dict.fromkeys(_PATHS, self._changes),
            **dict.fromkeys(_CTYPES, self._by_ctypes),
            "ctypes.dlopen": self._by_ctypes,
            "open": self._opens,
        }

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            check = checks.get(event)
            if check is not None:
                check(event, arguments)

        sys.addaudithook(hook)

    def _forbidden(self, event: str, arguments: tuple[Any, ...]) -> None:
        kind, tried = _REFUSED[event]
        self._refuse(kind, f"it tried to {tried} ({event})")

    def _opens(self, event: str, arguments: tuple[Any, ...]) -> None:
        path, mode, flags = arguments
        if isinstance(path, int):
            return
        written = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        if written or flags & _WRITING:
            if not self._may_write(path, -1):
                self._refuse("files", f"it tried to write {_text(path)}, outside its own directory")
        elif self._is_ours(path):
            self._refuse("files", "it tried to read keras-parity's own files")

    def _changes(self, event: str, arguments: tuple[Any, ...]) -> None:
        folders = [arguments[i] for i in _FOLDERS.get(event, ()) if i < len(arguments)]
        for number, i in enumerate(_PATHS[event]):
            folder = folders[number] if number < len(folders) else -1
            if not self._may_write(arguments[i], folder):
                what = f"{event} on {_text(arguments[i])}, outside its own directory"
                self._refuse("files", f"it tried {what}")

    def _by_ctypes(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "ctypes.dlopen" and arguments[0] is None:
            return
        if self._actor()[0] == "library":
            return
        self._refuse("ctypes", f"it tried to call functions of C ({event})")

    def _may_write(self, path: Any, folder: Any) -> bool:
        """Return whether a path is in our own directory, or is one that swallows all."""
        if isinstance(path, int):
            path = f"/proc/self/fd/{path}"
        text = _text(path)
        if isinstance(folder, int) and folder >= 0:
            text = f"{os.path.realpath(f'/proc/self/fd/{folder}')}/{text}"
        real = os.path.realpath(text)
        return real in {self.own, os.devnull} or real.startswith(self.own + os.sep)

    def _is_ours(self, path: Any) -> bool:
        real = os.path.realpath(_text(path))
        return any(real.startswith(folder + os.sep) for folder in self.ours)

    def _refuse(self, kind: str, sentence: str) -> None:
        """Raise, unless it is ourselves; keep it, if it is the file."""
        actor, line = self._actor()
        if actor == "ours":
            return
        at = self.name if line is None else f"{self.name}, line {line}"
        refusal = RefusedError(kind, f"{at}: {sentence}, which is not allowed here")
        if actor == "file":
            self.refused.append(refusal)
        raise refusal

    def _actor(self) -> tuple[str, int | None]:
        """Return who acts, the nearest that is not the standard library, and the file's line."""
        actor, frame = "", _caller()
        while frame is not None:
            name = frame.f_code.co_filename
            if name == self.file:
                return actor or "file", frame.f_lineno
            if not actor:
                actor = self._whose(name)
            frame = frame.f_back
        return actor or "file", None

    def _whose(self, name: str) -> str:
        if any(name.startswith(folder + os.sep) for folder in self.ours):
            return "ours"
        if any(name.startswith(folder + os.sep) for folder in self.libraries):
            return "library"
        if name.startswith((_STANDARD, "<frozen")):
            return ""
        return "file"


_STANDARD = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120  this runs inside the hook


def _caller() -> FrameType | None:
    """Return the frame outside of this module; ``sys._getframe`` would call the hook again."""
    try:
        raise LookupError  # noqa: TRY301
    except LookupError as error:
        frame = error.__traceback__.tb_frame if error.__traceback__ else None
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _text(path: Any) -> str:
    try:
        return os.fsdecode(path)
    except TypeError:
        return repr(path)


class NotOwn:
    """A finder that refuses the modules of ``NOT_OWN``, first of all finders."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return nothing, so that others look; raises ``NotOwnError`` for a module refused."""
        top = fullname.partition(".")[0]
        if top in NOT_OWN:
            raise NotOwnError(
                f"it imports {top}, but must be its own implementation: move what needs {top} "
                'under `if __name__ == "__main__":`',
                name=top,
            )
        return None


def hide_ours() -> dict[str, ModuleType]:
    """Take the modules refused out of Python's table, and return those of them that we use."""
    names = [name for name in sys.modules if name.partition(".")[0] in NOT_OWN]
    return {name: sys.modules.pop(name) for name in names}
