"""Grade one submission: run it, compare it, and give each quantity its credit."""

import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from comparisons import problems
from comparisons.causes import Ground
from comparisons.checking import Checked, ground_for
from comparisons.grading.credit import items_of, without_mistake
from comparisons.grading.graded import (
    DIFFERS,
    INTERNAL,
    NO_MISTAKE,
    SAME,
    STOPPED,
    Graded,
    Part,
)
from comparisons.grading.telling import (
    REVEALS,
    Reveal,
    sentence_of,
    source_of,
    stopped,
    told_of,
)
from comparisons.reports import printable
from comparisons.sandbox import Limits, SandboxError
from comparisons.submissions import CheckedFile, check_file
from comparisons.traces import shipped

__all__ = ["REVEALS", "Assignment", "Reveal", "grade"]


@dataclass(frozen=True)
class Assignment:
    """What is asked of every submission: problems of the catalogue, dtypes, and its time.

    ``names`` answers questions about each, as for ``bind``.

    ``seconds`` is what a file may take on all of them together; its free run and its locked run
    have processes of their own, each with that limit.
    """

    problems: tuple[str, ...]
    dtypes: tuple[str, ...] = ("float64",)
    seconds: float = Limits().total_seconds
    reveal: Reveal = "hint"
    names: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> tuple[tuple[str, str], ...]:
        """Every problem in every dtype."""
        return tuple((name, dtype) for name in self.problems for dtype in self.dtypes)

    def as_plain(self) -> dict[str, Any]:
        """Return it in the types of JSON."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "Assignment":
        """Return what ``as_plain`` made plain, after JSON has made lists of tuples."""
        return cls(**plain | {name: tuple(plain[name]) for name in ("problems", "dtypes")})


def grade(
    name: str,
    path: Path | None,
    assignment: Assignment,
    *,
    wrong: str = "",
    check: Callable[..., CheckedFile] = check_file,
) -> Graded:
    """Return what was found of a submission, whatever it does.

    Without a ``path`` there is nothing to run, and ``wrong`` says why. A mistake of our own is
    told as one, of the kind ``internal``.
    """
    before, parts = time.monotonic(), []
    for problem, dtype in assignment.runs:
        part = partial(Part, problem, dtype)
        if path is None:
            parts.append(part(STOPPED, "missing", wrong, wrong))
            continue
        spent = round(time.monotonic() - before, 1) if parts else 0
        left = assignment.seconds - spent
        try:
            parts.append(_graded_part(path, part, assignment, left, check))
        except SandboxError as error:
            sentence = printable(stopped(error, assignment.reveal))
            parts.append(part(STOPPED, error.kind, sentence, sentence))
        except Exception as error:  # noqa: BLE001  whatever it is, the others are still graded
            traceback.print_exc()  # for us, on stderr
            sentence = _of_ours(error)
            parts.append(part(INTERNAL, INTERNAL, sentence, sentence))
    return Graded(name, tuple(parts), time.monotonic() - before)


def _graded_part(
    path: Path,
    part: "partial[Part]",
    assignment: Assignment,
    seconds: float,
    check: Callable[..., CheckedFile],
) -> Part:
    if seconds <= 0:
        sentence = f"{path.name}: its time was over before {part.args[0]} was tried"
        raise SandboxError("timeout", sentence)
    ground = _ground(*part.args)
    limits = replace(Limits(), total_seconds=seconds, seconds=min(seconds, Limits().seconds))
    found = check(path, ground, limits=limits, names=assignment.names)
    reveal = assignment.reveal
    items = items_of(found.checked, ground)
    return part(
        _outcome(found.checked),
        "",
        printable(sentence_of(found.checked, reveal)),
        printable(told_of(found, path.name, reveal)),
        items,
        source_of(found.checked),
    )


def _outcome(checked: Checked) -> str:
    if checked.passed:
        return SAME
    return NO_MISTAKE if without_mistake(checked) else DIFFERS


@cache
def _ground(name: str, dtype: str) -> Ground:
    """Return the ground of a problem, which all submissions have in common."""
    return ground_for(problems.get(name).astype(dtype), shipped(name, dtype))


def _of_ours(error: Exception) -> str:
    """Say that it was not the submission; without an error's words, which may have numbers."""
    return (
        f"a mistake in keras-parity ({type(error).__name__}), not in the submission: grade it "
        "again, and report it if it happens again"
    )
