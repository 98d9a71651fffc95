"""Check a file: it runs in processes of its own, and is compared with Keras from here."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from comparisons.checking import Checked, examine, examine_on, ground_for, modes_of, reference_for
from comparisons.problems import Problem
from comparisons.replaying import Replayed, replay_step
from comparisons.runs import Reference, is_small
from comparisons.sandbox import Limits, Remote, open_file


@dataclass(frozen=True)
class CheckedFile:
    """What was found of a file: what was ``checked``, and the ``output`` that it printed."""

    checked: Checked
    output: str
    free_only: bool

    @property
    def binding(self) -> tuple[str, ...]:
        """Which of the file's names is used for what."""
        return self.checked.binding

    @property
    def notes(self) -> tuple[str, ...]:
        """What else was seen of the file."""
        return self.checked.notes


def check_file(
    path: Path,
    problem: Problem,
    *,
    reference: Reference | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
    names: Mapping[str, str] | None = None,
) -> CheckedFile:
    """Run a Python file as a candidate, and return what ``examine`` finds of it.

    ``names`` answers questions, as for ``bind``. What is found counts only once the file has
    been seen to its end: until then nothing is returned. Raises ``SandboxError`` for whatever is
    wrong with the file, and what ``examine`` raises.
    """
    reference = reference_for(problem) if reference is None else reference
    reference.check(problem)
    if not is_small(problem):
        with open_file(path, problem, limits, names) as remote:
            checked = examine(problem, remote, reference)
        return _found(remote, checked)
    ground = ground_for(problem, reference)
    # The file takes its time to start; what does not depend on it is computed meanwhile.
    with ThreadPoolExecutor(max_workers=1) as pool:
        measured = pool.submit(ground.measure)
        with open_file(path, problem, limits, names) as remote:
            measured.result()
            checked = examine_on(ground, remote, modes_of(remote))
    return _found(remote, checked)


def replay_file(
    path: Path,
    problem: Problem,
    step: int,
    *,
    reference: Reference | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
    names: Mapping[str, str] | None = None,
) -> Replayed:
    """Run a Python file as a candidate for one step, counted from 1; otherwise as above."""
    with open_file(path, problem, limits, names) as remote:
        return replay_step(problem, remote, step, reference)


def _found(remote: Remote, checked: Checked) -> CheckedFile:
    return CheckedFile(checked, remote.output, remote.free_only)
