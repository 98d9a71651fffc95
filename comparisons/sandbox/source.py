"""The file: read as bytes, and refused with a sentence where it cannot be Python."""

import io
import json
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path

from comparisons.sandbox.errors import SandboxError
from comparisons.sandbox.limits import in_words

_EXPORT = "export it (File, Download as .py; or: jupyter nbconvert --to script {}) and give that"


@dataclass(frozen=True)
class Source:
    """A file's absolute path and its text."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path, most: int) -> "Source":
        """Read a file of at most ``most`` bytes; raises ``SandboxError`` for what is no Python."""
        name = path.name
        raw = _bytes(path, most)
        if path.suffix.lower() == ".ipynb" or _is_notebook(raw):
            sentence = f"{name} is a notebook, not a Python file: {_EXPORT.format(name)}"
            raise SandboxError("not python", sentence)
        if b"\0" in raw:
            raise SandboxError("not python", f"{name} is not Python text: it has zero bytes in it")
        if not raw.strip():
            raise SandboxError("not python", f"{name} is empty")
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
            text = raw.decode(encoding)
        except (SyntaxError, UnicodeDecodeError, LookupError) as error:
            sentence = f"{name} is not Python text: it is not in UTF-8, nor does it name its coding"
            raise SandboxError("not python", sentence) from error
        return cls(path.resolve(), text)


def _bytes(path: Path, most: int) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe could wait for ever
            raise SandboxError("missing", f"{path} is not a file")
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except FileNotFoundError as error:
        raise SandboxError("missing", f"there is no file {path}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SandboxError("missing", f"{path} cannot be read: {reason}") from error
    if len(raw) > most:
        sentence = f"{path.name} has more than {in_words(most)}, which no file of code needs"
        raise SandboxError("not python", sentence)
    return raw


def _is_notebook(raw: bytes) -> bool:
    if not raw.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False
