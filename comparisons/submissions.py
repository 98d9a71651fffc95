"""Check a file: it runs in processes of its own, and is compared with Keras from here."""

import re
import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from comparisons.causes import Ground
from comparisons.checking import Checked, examine_on
from comparisons.replaying import Replayed, replay_step
from comparisons.runs import modes_of
from comparisons.sandbox import Limits, open_file

#: How a question about a candidate is answered in Python.
_ANSWER = re.compile(r"names=\{'([^']+)': '([^']*)'\}")


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


def as_options(sentence: str) -> str:
    """Return a sentence about a file with its answers as they are given on a command line."""
    sentence = sentence.replace(": names has ", ": --name has ")
    return _ANSWER.sub(lambda m: f"--name {shlex.quote(f'{m[1]}={m[2]}')}", sentence)


def check_file(
    path: Path,
    ground: Ground,
    *,
    limits: Limits = Limits(),  # noqa: B008  frozen
    names: Mapping[str, str] | None = None,
) -> CheckedFile:
    """Run a Python file as a candidate, and return what ``examine_on`` finds of it.

    The ground is that of a problem and its reference (``ground_for``); what is measured there
    serves any number of files. ``names`` answers questions, as for ``bind``. What is found counts
    only once the file has been seen to its end: until then nothing is returned. Raises
    ``SandboxError`` for whatever is wrong with the file.
    """
    # The file takes its time to start; what does not depend on it is computed meanwhile.
    with ThreadPoolExecutor(max_workers=1) as pool:
        measured = pool.submit(ground.measure)
        with open_file(path, ground.problem, limits, names) as remote:
            measured.result()
            checked = examine_on(ground, remote, modes_of(remote))
    return CheckedFile(checked, remote.output, remote.free_only)


def replay_file(
    path: Path,
    ground: Ground,
    step: int,
    *,
    limits: Limits = Limits(),  # noqa: B008  frozen
    names: Mapping[str, str] | None = None,
) -> Replayed:
    """Run a Python file as a candidate for one step, counted from 1; otherwise as above."""
    with open_file(path, ground.problem, limits, names) as remote:
        return replay_step(ground, remote, step)
