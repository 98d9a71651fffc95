"""Bind functions in the shape of the notes: a forward, an update, and what belongs to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from comparisons.candidates.bound import Bound
from comparisons.candidates.calling import Output, quietly
from comparisons.candidates.choices import Choices, Options, as_candidate_error
from comparisons.candidates.declared import declared
from comparisons.candidates.fitting import fits
from comparisons.candidates.forms import Net
from comparisons.candidates.memory import Memory, Values
from comparisons.candidates.numbers import MisfitError
from comparisons.candidates.probing import probes
from comparisons.candidates.steps import Plan, Record
from comparisons.candidates.telling import binding, notes
from comparisons.candidates.trying import step, with_loss
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays

Array = npt.NDArray[Any]


def bind_options(problem: Problem, options: Options, names: Mapping[str, str]) -> Bound:
    """Bind functions chosen among ``options``; ``names`` has the answers to questions.

    Raises ``BindingError`` where something is missing or ambiguous, and ``CandidateError`` where
    a function raises however it is called, or returns what does not fit.
    """
    choices, net = Choices(problem, options, names), Net.of(problem)
    memory = Memory(code for some in options.values() for code in some.values())
    output = Output()
    tried = probes(problem)
    try:
        with quietly(output):
            known = declared(choices, net)
            fitting = fits(choices, net, tried, known)
            trial = with_loss(choices, tried[0], step(choices, tried[0], fitting))
    finally:
        remembered = memory.keep_changed()
    said = notes(trial, problem, tried[0])
    if known is not None:
        said += known.contradictions(trial.plan.form)
    if remembered:
        said.append(
            f"global variables that change ({', '.join(remembered)}) start anew with every run"
        )
    free_only = bool(problem.network.optimizer.slot_names())
    if free_only:
        said.append(
            "free run only: what the optimizer remembers is not among the parameters, so "
            "functions cannot be restarted at every step"
        )
    return Bound(
        _Engine(trial.plan, memory),
        problem,
        sites=trial.record,
        binding=binding(trial, problem, tried[0]),
        notes=said,
        free_only=free_only,
        output=output,
    )


@dataclass(frozen=True)
class _Engine:
    """Functions as an engine. The state is their own container, and their global variables."""

    plan: Plan
    memory: Memory

    def init(self, weights: Arrays, slots: Arrays | None, iterations: int) -> tuple[Any, Values]:
        """Return new parameters in the functions' form."""
        return self.plan.form.parameters(self.plan.net, weights), self.memory.fresh()

    def step(self, state: tuple[Any, Values], x: Array, y: Array) -> tuple[Any, Record]:
        """Take a step of the functions."""
        parameters, values = state
        with self.memory.within(values) as after:
            try:
                parameters, record = self.plan.step(parameters, x, y)
            except MisfitError as error:
                raise as_candidate_error(self.plan.forward, error) from error
        return (parameters, after), record
