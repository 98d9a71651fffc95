"""What the file raised, as one sentence with the line of the file, and none of our own."""

from collections.abc import Iterator
from types import TracebackType

from comparisons.candidates import BindingError, CandidateError
from comparisons.sandbox.guards import NotOwnError, RefusedError

_MOST_TOLD = 300
#: Our own sentences about a binding list what was looked for and found.
_MOST_BOUND = 1500
_MAIN_ONLY = 'move it under `if __name__ == "__main__":`'


class FailedError(Exception):
    """What the last answer says: a kind and a sentence of a ``SandboxError``."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def told(error: BaseException, doing: str, name: str, file: str) -> FailedError:
    """Return what is to be said of an exception from the file ``file``, called ``name``.

    ``doing`` is the kind of what is no special case: ``import``, ``binding`` or ``raised``.
    """
    chain = list(_chain(error))
    line = next((n for cause in chain if (n := _line(cause.__traceback__, file))), None)
    place = name if line is None else f"{name}, line {line}"
    for cause in chain:
        match cause:
            case RefusedError():
                return FailedError(cause.kind, str(cause))
            case MemoryError():
                return FailedError("memory", f"{place}: it took more memory than it may have")
            case NotOwnError():
                return FailedError("forbidden import", f"{place}: {cause}")
    match error:
        case BindingError():
            return FailedError("binding", f"{name}: {_said(error, _MOST_BOUND)}")
        case CandidateError():
            ended = any(isinstance(cause, SystemExit) for cause in chain)
            kind = "exit" if ended else "raised"
            return FailedError(kind, f"{name}: {_said(error, _MOST_BOUND)}")
    return _uncommon(error, doing, place, name)


def _uncommon(error: BaseException, doing: str, place: str, name: str) -> FailedError:
    match error:
        case SyntaxError():
            where = f", line {error.lineno}" if error.lineno else ""
            return FailedError("syntax", f"{name}{where}: SyntaxError: {short(error.msg or '')}")
        case ModuleNotFoundError(name=str(missing)):
            what = f"it imports {short(missing, 60)}, which is not installed here; install it, or"
            return FailedError(doing, f"{place}: {what} {_MAIN_ONLY}")
        case SystemExit():
            hint = f"; {_MAIN_ONLY}" if doing == "import" else ""
            return FailedError("exit", f"{place}: it ended the program (SystemExit){hint}")
    said = f"{type(error).__name__}: {_said(error)}".removesuffix(": ")
    return FailedError(doing, f"{place}: {said}{_hint(error, doing)}")


def _line(trace: TracebackType | None, file: str) -> int | None:
    """Return the innermost line of the file in a traceback."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            found = trace.tb_lineno
        trace = trace.tb_next
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it came from."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _said(error: BaseException, most: int = _MOST_TOLD) -> str:
    """Return an exception's own words; it may have none, or fail to say them."""
    try:
        return short(str(error), most)
    except Exception:  # noqa: BLE001  its words are the file's code
        return ""


def short(text: str, most: int = _MOST_TOLD) -> str:
    """Return a text on one line and not too long."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _hint(error: BaseException, doing: str) -> str:
    """Return what to do about an error that comes from where the file is run."""
    match error:
        case EOFError():
            return f" (there is no keyboard to read from here: {_MAIN_ONLY})"
        case FileNotFoundError() if doing == "import":
            return f" (it is run in an empty directory of its own: {_MAIN_ONLY})"
    return ""
