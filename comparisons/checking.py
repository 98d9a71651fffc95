"""Check a candidate: compare it with Keras and, where they part, look for the cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from comparisons.causes import Explanation, Ground, explain_on, separating
from comparisons.comparing import compare
from comparisons.problems import Problem, differing
from comparisons.runs import MODES, Kept, LiveKeras, Mode, Reference, Trainer
from comparisons.traces import shipped, shipped_names
from comparisons.verdicts import Divergence, Verdict


@dataclass(frozen=True)
class Checked:
    """What was found of a candidate on one problem, in one dtype.

    ``explanations`` are the smallest sets of known mistakes that, planted, give the candidate's
    numbers at every step of both modes; there are none where none fits, or where nothing is
    wrong. Where there are several, ``separated_by`` names a problem that tells the first two
    apart, if the catalogue has one.
    """

    verdicts: tuple[Verdict, ...]
    explanations: tuple[Explanation, ...] = ()
    separated_by: str | None = None

    @property
    def passed(self) -> bool:
        """Whether no mode found a difference."""
        return all(verdict.passed for verdict in self.verdicts)

    @property
    def parted(self) -> tuple[Verdict, Divergence] | None:
        """Where the two sides first part: in the locked run, which tells the origin, or else."""
        last_mode_first = reversed(self.verdicts)
        return next(((v, v.first) for v in last_mode_first if v.first is not None), None)


def examine(
    problem: Problem,
    candidate: Trainer,
    reference: Reference | None = None,
    modes: Sequence[Mode] = MODES,
) -> Checked:
    """Compare a candidate with Keras on a problem, and explain what differs.

    The reference is by default the recording of the problem that comes with this package, or
    else Keras itself. Raises ``ValueError`` where a reference is of another problem, and
    ``KerasMissingError`` where there is neither recording nor Keras.
    """
    reference = reference_for(problem) if reference is None else reference
    verdicts = tuple(compare(problem, modes=modes, candidate=candidate, reference=reference))
    if all(verdict.passed for verdict in verdicts):
        return Checked(verdicts)
    explanations = explain_on(Ground(problem, reference), candidate)
    several = explanations[:2]
    separated_by = separating(problem, *several) if len(several) > 1 else None
    return Checked(verdicts, explanations, separated_by)


def reference_for(problem: Problem, *, live: bool = False) -> Reference:
    """Return the recording of a problem that comes with this package, or else Keras itself."""
    if not live and f"{problem.name}-{problem.dtype}" in shipped_names():
        recording = shipped(problem.name, problem.dtype)
        if not differing(recording.problem, problem):
            return recording
    return Kept(LiveKeras(problem))
