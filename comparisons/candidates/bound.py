"""A bound candidate: a trainer whose records are held to the shapes of the problem."""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from comparisons.candidates.calling import Output, quietly
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.inferring import inferred_gradients
from comparisons.candidates.numbers import MisfitError, numbers
from comparisons.problems import Problem, differing
from comparisons.runs import ScratchTrainer
from comparisons.runs.trainers import Arrays, Record

Array = npt.NDArray[Any]


class Engine(Protocol):
    """What runs a candidate: a trainer that need not check anything."""

    def init(self, weights: Arrays, slots: Arrays | None, iterations: int) -> Any:
        """Return the state with these parameters."""

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Mapping[str, Any]]:
        """Train on one batch: return the new state and the record."""


#: Binds a candidate once more: for which problem, and with which answers.
Again = Callable[[Problem, Mapping[str, str]], "Bound"]


class Bound:
    """Anyone's implementation as a trainer, for one ``problem``.

    ``sites`` is what it offers. ``binding`` says what was bound to what, a sentence each, and
    ``notes`` what a reader should know besides. A candidate that is ``free_only`` keeps something
    that cannot be set, such as a velocity: it can only run from the start, never be restarted at
    every step from the reference, and a note says so.

    ``init`` and ``step`` raise ``CandidateError`` where the candidate raises, or where what it
    returns has another shape or kind than the problem asks for. Numbers that are not finite pass:
    they are for the comparison to judge.
    """

    def __init__(
        self,
        engine: Engine,
        problem: Problem,
        *,
        sites: Collection[str],
        binding: Sequence[str],
        notes: Sequence[str] = (),
        free_only: bool = False,
        output: Output | None = None,
    ) -> None:
        self.problem = problem
        self.sites = frozenset(sites)
        self.binding = tuple(binding)
        self.notes = tuple(notes)
        self.free_only = free_only
        self._engine = engine
        self._output = Output() if output is None else output
        self._shapes: dict[int, dict[str, tuple[int, ...]]] = {}
        self._again: Again | None = None
        self._names: Mapping[str, str] = {}

    @property
    def output(self) -> str:
        """What the candidate has printed so far, the first 64 KiB of it."""
        return self._output.text

    @property
    def printed(self) -> int:
        """How many characters the candidate has printed so far, those of ``output`` included."""
        return self._output.tell() + self._output.dropped

    def keeping(self, again: Again, names: Mapping[str, str]) -> "Bound":
        """Return this one, together with how it is bound again and the answers that it had."""
        kept = copy.copy(self)
        kept._again, kept._names = again, dict(names)  # noqa: SLF001  of the same class
        return kept

    def bound_for(self, problem: Problem, names: Mapping[str, str]) -> "Bound":
        """Return this one where it was bound for that problem, or else its candidate bound anew.

        New answers bind it anew, too. Raises ``BindingError`` where the candidate is not known.
        """
        differs = differing(self.problem, problem)
        if not differs and names.items() <= self._names.items():
            return self
        if self._again is not None:
            return self._again(problem, {**self._names, **names})
        asked = f"which differs in {', '.join(differs)}" if differs else f"with {dict(names)}"
        raise BindingError(
            f"it was bound for problem {_shown(self.problem)}, and is to be bound for "
            f"{_shown(problem)}, {asked}; of what it was made is not known: bind the candidate "
            "itself, bind(candidate, problem)"
        )

    def init(self, weights: Arrays, slots: Arrays | None = None, iterations: int = 0) -> Any:
        """Return the candidate's state with these parameters; slots are 0 unless given."""
        copies = {path: np.array(w) for path, w in weights.items()}
        own = None if slots is None else {path: np.array(array) for path, array in slots.items()}
        with quietly(self._output):
            return self._engine.init(copies, own, iterations)

    def step(self, state: Any, x: Array, y: Array) -> tuple[Any, Record]:
        """Train on the batch ``x`` (batch, …), ``y``, of which the candidate gets copies."""
        with quietly(self._output):
            state, record = self._engine.step(state, np.array(x), np.array(y))
            return state, self._checked(record, x, y)

    def inferred(self, before: Arrays, record: Record) -> dict[str, tuple[Array, float]]:
        """Return the gradients that a step of plain SGD must have had, each with its precision.

        ``before`` are the parameters before the step, by ``layer/tensor``, and ``record`` is the
        step's. The precision is relative to the largest element: 1e-9 means nine digits. Empty for
        any other rule, and for gradients that the candidate offers itself.
        """
        found = inferred_gradients(self.problem, before, record)
        return {site: value for site, value in found.items() if site not in self.sites}

    def _checked(self, record: Mapping[str, Any], x: Array, y: Array) -> Record:
        """Return copies of a record's arrays, in the problem's order; raises for misfits."""
        shapes = self._shapes.get(len(x))
        if shapes is None:
            shapes = self._shapes[len(x)] = shapes_of(self.problem, x, y)
        checked = {}
        for site, shape in shapes.items():
            if site not in self.sites:
                continue
            if site not in record:
                raise CandidateError(f"{site} is offered, and the record of a step has none")
            try:
                array = numbers(record[site], self.problem.dtype, site)
            except MisfitError as error:
                raise CandidateError(str(error)) from error
            if array.shape != shape:
                raise CandidateError(f"{site} has shape {array.shape}, and {shape} was wanted")
            checked[site] = array
        return checked


def _shown(problem: Problem) -> str:
    return f"{problem.name!r} ({problem.dtype})"


def shapes_of(problem: Problem, x: Array, y: Array) -> dict[str, tuple[int, ...]]:
    """Return the shape of every site of a step on such a batch, in causal order."""
    trainer = ScratchTrainer(problem.network)
    _, record = trainer.step(trainer.init(problem.weights), x, y)
    return {site: array.shape for site, array in record.items()}
