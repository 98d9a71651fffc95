"""What can be wrong with a candidate: it cannot be bound, or it cannot be run."""

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

#: Files below these are never the user's: this project's packages, the libraries, Python's own.
_PROJECT = Path(__file__).resolve().parents[2]
_OTHERS = (
    *(str(_PROJECT / package) + "/" for package in ("comparisons", "scratch", "keras_ref")),
    *{sysconfig.get_path(name) + "/" for name in ("stdlib", "platstdlib", "purelib", "platlib")},
)


class BindingError(ValueError):
    """A candidate that cannot be bound as it stands.

    The message is what was looked for, what was found and what to do, or a question with the
    ways to answer it.
    """


class CandidateError(RuntimeError):
    """A candidate that raised, or returned what cannot be compared.

    The message is one sentence. ``file`` and ``line`` are the place in the user's code, where
    there is one.
    """

    def __init__(self, sentence: str, file: str | None = None, line: int | None = None) -> None:
        super().__init__(sentence if file is None else f"{sentence} ({_place(file, line)})")
        self.file = file
        self.line = line


def raised(what: str, error: BaseException, file: str | None = None) -> CandidateError:
    """Return the ``CandidateError`` for what a candidate raised while it ran ``what``.

    ``file`` is where the called function stands, if that is known.
    """
    place = _user_place(error.__traceback__, file)
    if isinstance(error, SystemExit):
        sentence = f"{what} wants to end the program (SystemExit)"
    else:
        said = " ".join(str(error).split())
        said = said if len(said) <= 300 else said[:297] + "..."
        sentence = f"{what} raised {type(error).__name__}" + (f": {said}" if said else "")
    return CandidateError(sentence, *(place or (None, None)))


def _user_place(traceback: TracebackType | None, file: str | None) -> tuple[str, int] | None:
    """Return the innermost place in the user's code: in ``file``, or else outside of all others."""
    places = list(_places(traceback))
    own = [place for place in places if place[0] == file]
    other = [place for place in places if not place[0].startswith(_OTHERS) and place[0][:1] != "<"]
    found = own or other
    return found[-1] if found else None


def _places(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next


def _place(file: str, line: int | None) -> str:
    name = Path(file).name
    return name if line is None else f"{name}, line {line}"
