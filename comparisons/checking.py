"""Check a candidate: compare it with Keras and, where they part, look for the cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from comparisons.causes import Explanation, Ground, Observed, explain_observed, separating
from comparisons.comparing import compare
from comparisons.problems import Problem, differing, problem_of
from comparisons.runs import (
    Beginning,
    Kept,
    LiveKeras,
    Mode,
    Reference,
    Trainer,
    check_modes,
    guarded,
    is_small,
    modes_of,
    usual_twins,
)
from comparisons.traces import Recording, shipped, shipped_names, spreads_of
from comparisons.verdicts import Divergence, Values, Verdict

#: How many steps behind the one that differs are looked at for the causes, in a large problem.
_STEPS_BEHIND = 4


@dataclass(frozen=True)
class Checked:
    """What was found of a candidate on one problem, in one dtype.

    ``explanations`` are the smallest sets of known mistakes that, planted, give the candidate's
    numbers at every step of all modes; there are none where none fits, or where nothing is
    wrong. Where there are several, ``separated_by`` names a problem that tells the first two
    apart, if the catalogue has one. ``binding`` and ``notes`` say what of the candidate was
    taken for what; a trainer needs no such words.
    """

    verdicts: tuple[Verdict, ...]
    explanations: tuple[Explanation, ...] = ()
    separated_by: str | None = None
    binding: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no mode found a difference, of those that were run."""
        return bool(self.verdicts) and all(verdict.passed for verdict in self.verdicts)

    def __str__(self) -> str:
        """Say in a few lines what was found."""
        lines = [f"{v.problem}, {v.dtype}, {v.mode}: {v.sentence}" for v in self.verdicts]
        causes = (" and ".join(explanation.names) for explanation in self.explanations)
        return "\n".join([*lines, *(f"cause: {cause}" for cause in causes)])

    @property
    def parted(self) -> tuple[Verdict, Divergence] | None:
        """Where the two sides first part: in the locked run, which tells the origin, or else."""
        locked_first = sorted(self.verdicts, key=lambda verdict: verdict.mode != "locked")
        return next(((v, v.first) for v in locked_first if v.first is not None), None)


def examine(
    problem: Problem | str,
    candidate: Trainer,
    reference: Reference | None = None,
    modes: Sequence[Mode] | None = None,
) -> Checked:
    """Compare a candidate with Keras on a problem, and explain what differs.

    The reference is by default the recording of the problem that comes with this package, or
    else Keras itself. The modes are all in which the candidate can run, unless given. Raises
    ``ValueError`` where a reference is of another problem, and ``KerasMissingError`` where there
    is neither recording nor Keras.
    """
    problem = problem_of(problem)
    if candidate is None:
        message = "there is no candidate: give a trainer"
        raise TypeError(message)
    modes = check_modes(modes_of(candidate) if modes is None else modes)
    if is_small(problem):
        return examine_on(ground_for(problem, reference), candidate, modes)
    # A large one is judged as its steps come in, and run again, up to the difference, for the
    # causes: all of it might not fit into memory.
    reference = LiveKeras(problem) if reference is None else reference
    verdicts = compare(problem, modes=modes, candidate=candidate, reference=reference)
    checked = _checked(problem, candidate, verdicts)
    if checked.parted is None:
        return checked
    _, first = checked.parted
    again = LiveKeras(problem) if isinstance(reference, LiveKeras) else reference
    ground = Ground(problem, Kept(Beginning(again, first.step + _STEPS_BEHIND)))
    observed = Observed.of(ground, guarded(candidate), modes)
    return _checked(problem, candidate, verdicts, explain_observed(observed))


def ground_for(problem: Problem, reference: Reference | None = None) -> Ground:
    """Return the ground on which candidates are judged and explained alike.

    It keeps all steps. The reference is by default as in ``examine``; raises ``ValueError`` for
    one of another problem.
    """
    reference = reference_for(problem) if reference is None else reference
    reference.check(problem)
    spreads = spreads_of(reference) if isinstance(reference, Recording) else None
    return Ground(problem, Kept(reference), usual_twins(problem), spreads)


def examine_on(ground: Ground, candidate: Trainer, modes: Sequence[Mode]) -> Checked:
    """Do what ``examine`` does, on ground that may be measured already.

    The candidate takes every step of each mode once.
    """
    seen: dict[Mode, list[Values]] = {mode: [] for mode in modes}
    verdicts = compare(
        ground.problem,
        modes=modes,
        candidate=candidate,
        reference=ground.reference,
        honest=ground.honest_steps,
        witness=False,
        on_values=lambda mode, values: seen[mode].append(values),
    )
    if all(verdict.passed for verdict in verdicts):
        return _checked(ground.problem, candidate, verdicts)
    judged = dict(zip(modes, verdicts, strict=True))
    observed = Observed(ground, seen, guarded(candidate).sites, judged)
    return _checked(ground.problem, candidate, verdicts, explain_observed(observed))


def _checked(
    problem: Problem,
    candidate: Trainer,
    verdicts: Sequence[Verdict],
    explanations: Sequence[Explanation] = (),
) -> Checked:
    several, offered = explanations[:2], guarded(candidate).sites
    return Checked(
        verdicts=tuple(verdicts),
        explanations=tuple(explanations),
        separated_by=separating(problem, *several, offered=offered) if len(several) > 1 else None,
        binding=tuple(getattr(candidate, "binding", ())),
        notes=tuple(getattr(candidate, "notes", ())),
    )


def reference_for(problem: Problem, *, live: bool = False) -> Reference:
    """Return the recording of a problem that comes with this package, or else Keras itself."""
    if not live and f"{problem.name}-{problem.dtype}" in shipped_names():
        recording = shipped(problem.name, problem.dtype)
        if not differing(recording.problem, problem):
            return recording
    return Kept(LiveKeras(problem))
