"""Make a story: compare on one problem, listening to the candidate while it is judged."""

from collections.abc import Sequence
from pathlib import Path

from comparisons.checking import Checked, examine, reference_for
from comparisons.problems import Problem
from comparisons.runs import MODES, Mode, Reference, Trainer, modes_of, scratch_trainer
from comparisons.sandbox import Limits, open_file
from comparisons.stories.errors import StoryError
from comparisons.stories.listening import Listener
from comparisons.stories.telling import Candidate, Run, runs_of


def story(
    problem: Problem,
    *,
    modes: Sequence[Mode] = MODES,
    trainer: Trainer | None = None,
    candidate: Candidate = Candidate(),  # noqa: B008  frozen
    reference: Reference | None = None,
) -> list[Run]:
    """Compare a trainer, by default scratch, with a reference, and tell a run for each mode.

    A trainer that cannot be restarted has a free run only. The reference must be one whose steps
    can be read again and again: a recording, which is the default, or ``Kept``. Raises what
    ``comparisons.examine`` raises, and ``StoryError`` where no run is left.
    """
    reference = reference_for(problem) if reference is None else reference
    if trainer is None:
        trainer = scratch_trainer(problem, reference.constants)
    possible = [mode for mode in modes if mode in modes_of(trainer)]
    if not possible:
        message = (
            f"{candidate.name} cannot be started from a state in the middle of a run, so it has "
            "no locked run: ask for the free one"
        )
        raise StoryError(message)
    return examined(problem, trainer, reference, candidate, possible)[1]


def examined(
    problem: Problem,
    trainer: Trainer,
    reference: Reference,
    candidate: Candidate,
    modes: Sequence[Mode] | None = None,
) -> tuple[Checked, list[Run]]:
    """Return what ``comparisons.examine`` returns, and its runs; the rest is as in ``story``."""
    listener = Listener(trainer)
    checked = examine(problem, listener, reference, modes)
    return checked, runs_of(problem, checked, listener, reference, candidate)


def story_of_file(
    path: Path,
    problem: Problem,
    *,
    modes: Sequence[Mode] = MODES,
    reference: Reference | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> list[Run]:
    """Do what ``story`` does with a user's Python file, which runs in processes of its own.

    Raises ``SandboxError`` for what is wrong with the file.
    """
    candidate = Candidate(path.name)
    with open_file(path, problem, limits) as remote:
        runs = story(problem, modes=modes, trainer=remote, candidate=candidate, reference=reference)
    # Only now has the file been seen to its end, and may be believed.
    return [{**run, "output": remote.output} for run in runs]
