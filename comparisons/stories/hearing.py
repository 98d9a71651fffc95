"""Hear a check that someone else makes, such as a test, and tell it afterwards."""

from comparisons.checking import Checked, reference_for
from comparisons.problems import Problem
from comparisons.runs import Kept, LiveKeras, Reference, Trainer
from comparisons.stories.listening import Listener
from comparisons.stories.telling import Candidate, Run, runs_of


class Hearing:
    """One check, made through this: it is handed the trainer, and gives one that it listens to.

    ``reference`` is what the check is to compare with, given the one that it was asked for: a
    page needs its steps once more, so Keras that is trained here is kept. It is ``None`` where
    the check will take a recording by itself.
    """

    def __init__(self, problem: Problem | str, reference: Reference | None) -> None:
        if reference is None and isinstance(problem, Problem):
            reference = reference_for(problem)
        self.reference = Kept(reference) if isinstance(reference, LiveKeras) else reference
        self._heard: tuple[Problem, Listener] | None = None

    def __call__(self, problem: Problem, trainer: Trainer) -> Trainer:
        """Return the trainer that is to be checked in the place of this one."""
        listener = Listener(trainer)
        self._heard = problem, listener
        return listener

    def tell(self, checked: Checked, name: str) -> list[Run]:
        """Return the runs of what was found; ``name`` is what the candidate is called."""
        if self._heard is None:
            message = "nothing was heard: the check must go through this"
            raise RuntimeError(message)
        problem, listener = self._heard
        reference = reference_for(problem) if self.reference is None else self.reference
        return runs_of(problem, checked, listener, reference, Candidate(name))
