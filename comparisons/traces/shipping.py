"""The recordings that come with this package: Keras's numbers where there is no Keras."""

from pathlib import Path

from comparisons.traces.errors import RecordingError
from comparisons.traces.recording import Recording

_DIRECTORY = Path(__file__).with_name("shipped")


def shipped_names() -> tuple[str, ...]:
    """Return the names, ``problem-dtype``, of all recordings that come with this package."""
    found = _DIRECTORY.iterdir() if _DIRECTORY.is_dir() else ()
    return tuple(sorted(entry.name for entry in found if not entry.name.startswith(".")))


def locate(target: str) -> tuple[Path, ...]:
    """Return the directories of the recordings meant by a directory's path or a shipped name.

    A problem's name means its recordings in every dtype. Raises ``RecordingError`` where there
    is no such thing.
    """
    if Path(target).is_dir():
        return (Path(target),)
    names = [n for n in shipped_names() if target in {n, n.rpartition("-")[0]}]
    if not names:
        message = (
            f"{target!r} is neither a directory nor a recording that comes with keras-parity, "
            f"which has {_problems()}"
        )
        raise RecordingError(message)
    return tuple(_DIRECTORY / name for name in names)


def _problems() -> str:
    """Return the names of all problems of which a recording comes with this package."""
    return ", ".join(dict.fromkeys(name.rpartition("-")[0] for name in shipped_names())) or "none"


def shipped(problem_name: str, dtype: str) -> Recording:
    """Return the recording of a problem of the catalogue, in a dtype.

    Raises ``RecordingError`` where there is none: it names those that there are, and says how
    to record another.
    """
    name = f"{problem_name}-{dtype}"
    if name not in shipped_names():
        message = (
            f"no recording of {problem_name!r} in {dtype} comes with keras-parity, which has "
            f"{_problems()}; record it with 'keras-parity record {problem_name} --dtype {dtype} "
            "--out DIR'"
        )
        raise RecordingError(message)
    return Recording(_DIRECTORY / name)
