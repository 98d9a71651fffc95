"""Bind an object with Keras's verbs: ``set_weights``, ``get_weights`` and ``train_on_batch``.

Besides these it may offer its gradients (``get_gradients()`` or ``gradients``) and its activations
(``get_activations()`` or ``activations``), each a list in order or a dict; and what an optimizer
remembers, with ``set_optimizer_state(slots, iterations)`` and ``get_optimizer_state()``, both with
slots by ``layer/tensor/slot``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from comparisons.candidates.bound import Bound
from comparisons.candidates.calling import Output, call, quietly
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.inferring import (
    digits,
    inferred_gradients,
    inferred_rate,
    is_plain_sgd,
)
from comparisons.candidates.layouts import Layout, layouts, shapes_in
from comparisons.candidates.makers import Maker
from comparisons.candidates.numbers import MisfitError, numbers
from comparisons.candidates.offers import (
    ACTIVATIONS,
    GRADIENTS,
    Offers,
    first_fitting,
    had,
    listed,
    skipped_in,
    slots_in,
)
from comparisons.candidates.probing import Probe, moved_alike, probes
from comparisons.problems import Problem
from comparisons.runs.trainers import Arrays, Record

Array = npt.NDArray[Any]

VERBS = ("set_weights", "get_weights", "train_on_batch")


def has_verbs(candidate: object) -> bool:
    """Return whether an object, or a class, has the three methods."""
    return all(callable(getattr(candidate, verb, None)) for verb in VERBS)


@dataclass(frozen=True)
class _State:
    """Where a run is: the object that it trains, or the start of one that is made when needed."""

    weights: Arrays
    slots: Arrays | None = None
    iterations: int = 0
    learner: Any = None
    restarted: bool = False


class _Engine:
    """Objects of one kind, one for each run.

    A run that starts gets a new object, so that whatever an object remembers starts anew; so does
    every step of a locked run. Where making one is slow and only the weights matter, the locked
    steps share one; where none can be made, every run shares the one there is.
    """

    def __init__(self, maker: Maker, problem: Problem) -> None:
        self.maker, self.problem, self.name = maker, problem, maker.name
        self.written = self.read = Layout(tuple(problem.weights))
        self.offers = Offers()
        self._shared: Any = None
        self._holder: _State | None = None

    def new(self, *, restarted: bool = False) -> Any:
        """Return an object to train."""
        if not (self.maker.only or (self.maker.slow and restarted)):
            return call(self.name, self.maker.make)
        if self._shared is None:
            self._shared = call(self.name, self.maker.make)
        return self._shared

    def init(self, weights: Arrays, slots: Arrays | None, iterations: int) -> _State:
        """Return where a run starts."""
        restarted = iterations > 0 and not self.problem.network.optimizer.slot_names()
        return _State(weights, slots, iterations, restarted=restarted)

    def step(self, state: _State, x: Array, y: Array) -> tuple[_State, Record]:
        """Train the object on one batch."""
        try:
            return self.trained(state, x, y)
        except MisfitError as error:
            raise CandidateError(str(error), *self.maker.place) from error

    def trained(self, state: _State, x: Array, y: Array) -> tuple[_State, Record]:
        """Train the object on one batch; raises ``MisfitError`` for what it returns."""
        learner = self.new(restarted=state.restarted) if state.learner is None else state.learner
        if state.learner is None or (learner is self._shared and self._holder is not state):
            self.set(learner, state)
        if callable(getattr(learner, "reset_metrics", None)):
            self._ask(learner, "reset_metrics")
        loss = loss_in(self._ask(learner, "train_on_batch", x, y))
        record: dict[str, Array] = dict(self._activations(learner))
        if loss is not None:
            what = f"the loss that {self.name}.train_on_batch returned"
            record["loss/value"] = _single(numbers(loss, self.problem.dtype, what), what)
        if self.offers.gradients:
            offered = had(learner, self.name, self.offers.gradients)
            record |= {f"backward/{path}": g for path, g in self.gradients(offered).items()}
        if callable(getattr(learner, "get_optimizer_state", None)):
            slots = self._ask(learner, "get_optimizer_state")
            record |= slots_in(slots, f"{self.name}.get_optimizer_state")
        after = self.weights(learner)
        record |= {f"update/{path}": w for path, w in after.items()}
        done = _State(after, None, state.iterations + 1, learner, state.restarted)
        self._holder = done
        return done, record

    def set(self, learner: Any, state: _State) -> None:
        """Give an object the parameters, and what the optimizer remembers where it takes it."""
        self._ask(learner, "set_weights", self.written.put(state.weights))
        if state.slots is not None and callable(getattr(learner, "set_optimizer_state", None)):
            self._ask(learner, "set_optimizer_state", dict(state.slots), state.iterations)

    def weights(self, learner: Any) -> dict[str, Array]:
        """Return copies of an object's parameters by path; raises ``MisfitError``."""
        problem = self.problem
        held = self._ask(learner, "get_weights")
        return self.read.take(held, problem.weights, problem.dtype, f"{self.name}.get_weights")

    def gradients(self, offered: Any) -> dict[str, Array]:
        """Return copies of an object's gradients by path; raises ``MisfitError``."""
        problem, what = self.problem, f"the gradients of {self.name}"
        return self.read.take(offered, problem.weights, problem.dtype, what)

    def _activations(self, learner: Any) -> dict[str, Array]:
        offers, name = self.offers, f"the activations of {self.name}"
        if not offers.activations:
            return {}
        values = listed(had(learner, self.name, offers.activations))[offers.skipped :]
        if len(values) != len(offers.outputs):
            raise MisfitError(f"{name} are {len(values)}, and {len(offers.outputs)} were wanted")
        return {
            site: numbers(value, self.problem.dtype, f"{site} among {name}")
            for site, value in zip(offers.outputs, values, strict=True)
        }

    def look(self, learner: Any, probe: Probe) -> Offers:
        """Return what an object that has just trained at a probe offers."""
        wanted = {s: a.shape for s, a in probe.record.items() if s.startswith("forward/")}

        def skipped(values: Any) -> int:
            return skipped_in(values, wanted, self.problem.dtype, self.name)

        gradients, _, wrong = first_fitting(learner, self.name, GRADIENTS, self.gradients)
        activations, more, odd = first_fitting(learner, self.name, ACTIVATIONS, skipped)
        misfits = (("gradients", wrong), ("activations", odd))
        return Offers(gradients, activations, tuple(wanted), more or 0, misfits)

    def _ask(self, learner: Any, verb: str, *args: Any) -> Any:
        return call(f"{self.name}.{verb}", getattr(learner, verb), *args)


def _single(array: Array, what: str) -> Array:
    if array.size != 1:
        raise MisfitError(f"{what} has shape {array.shape}, and one number was wanted")
    return array.reshape(())


def loss_in(returned: Any) -> Any:
    """Return the loss in what ``train_on_batch`` returned: itself, the first, or ``loss``."""
    if isinstance(returned, Mapping):
        return returned.get("loss")
    if isinstance(returned, list | tuple):
        return returned[0] if returned else None
    return returned


def bind_object(maker: Maker, problem: Problem, names: Mapping[str, str]) -> Bound:
    """Bind what a maker makes.

    Raises ``BindingError`` where methods are missing or the order of the weights is ambiguous,
    and ``CandidateError`` where a method raises or returns what does not fit.
    """
    output = Output()
    engine = _Engine(maker, problem)
    slotted = bool(problem.network.optimizer.slot_names())
    with quietly(output):
        made = engine.new()
        if missing := [verb for verb in VERBS if not callable(getattr(made, verb, None))]:
            raise BindingError(
                f"{maker.name} has no {' and no '.join(missing)}: an object needs "
                f"{', '.join(VERBS)}"
            )
        if slotted and maker.only:
            raise BindingError(
                f"{maker.name} cannot be copied, and what its optimizer remembers would go on from "
                "one run to the next: give its class, or a function without arguments that makes it"
            )
        held: Any = None
        with suppress(CandidateError):  # before it has any, it may well raise
            held = call(f"{maker.name}.get_weights", made.get_weights)
        probe = probes(problem)[0]
        found = layouts(problem, held, names.get("weights"))
        record = _tried(engine, found, shapes_in(held), probe)
    free_only = slotted and not callable(getattr(made, "set_optimizer_state", None))
    sites = set(record) & set(probe.record)
    return Bound(
        engine,
        problem,
        sites=sites,
        binding=[
            f"object: {maker.name}, {maker.how}",
            f"weights: {engine.written}",
            *([f"gradients: {engine.offers.gradients}"] if engine.offers.gradients else []),
            *([f"activations: {engine.offers.activations}"] if engine.offers.activations else []),
            _rate_told(problem, probe, record),
        ],
        notes=_notes(engine, probe, record, free_only=free_only),
        free_only=free_only,
        output=output,
    )


def _tried(
    engine: _Engine, found: Sequence[Layout], shapes: Sequence[tuple[int, ...]], probe: Probe
) -> Record:
    """Choose the layout by a step at a probe; return the step's record.

    Where none is right, those count that agree with the ``shapes`` the object had at first.
    """
    tries: list[tuple[Layout, Layout, Offers, Record]] = []
    failures: list[Exception] = []
    for layout in found:
        engine.written = engine.read = layout
        engine.offers = Offers()
        try:
            learner = engine.new()
            engine.set(learner, _State(probe.weights))
            held = listed(call(f"{engine.name}.get_weights", learner.get_weights))
            engine.read = layout.as_returned(held, probe.weights)
            # The first step shows what there is to see, the second sees it.
            state, _ = engine.trained(_State(probe.weights), probe.x.copy(), probe.y.copy())
            engine.offers = engine.look(state.learner, probe)
            state, record = engine.trained(_State(probe.weights), probe.x.copy(), probe.y.copy())
        except (MisfitError, CandidateError) as error:
            failures.append(error)
            continue
        tries.append((layout, engine.read, engine.offers, record))
        if moved_alike(probe, state.weights):
            engine.written, engine.read, engine.offers, record = tries[-1]
            return record
    if not tries:
        raise _as_candidate_error(failures[0], engine)
    tries = [one for one in tries if one[0].shapes(probe.weights) == shapes] or tries
    keras = tuple(probe.weights)
    orders = list(dict.fromkeys(layout.paths for layout, *_ in tries))
    if len(tries) > 1 and tries[0][0].paths != keras and len(orders) > 1:
        shown = " or ".join(f"'{', '.join(order)}'" for order in orders[:2])
        raise BindingError(
            f"in which order does {engine.name} have its weights, {shown}? Several fit, and none "
            "gives the numbers expected. Answer with names={'weights': '…'}"
        )
    engine.written, engine.read, engine.offers, record = tries[0]
    return record


def _as_candidate_error(error: Exception, engine: _Engine) -> CandidateError:
    if isinstance(error, CandidateError):
        return error
    said = str(error) if engine.name in str(error) else f"{engine.name}: {error}"
    return CandidateError(said, *engine.maker.place)


def _notes(engine: _Engine, probe: Probe, record: Record, *, free_only: bool) -> list[str]:
    notes, name = list[str](), engine.name
    if engine.maker.only:
        notes.append(
            f"{name} cannot be copied, so one serves every run: give its class, or a function "
            "without arguments that makes it, and each run has its own"
        )
    if free_only:
        notes.append(
            f"free run only: what the optimizer of {name} remembers cannot be set, so it cannot "
            "be restarted at every step; set_optimizer_state(slots, iterations) would allow it"
        )
    if "loss/value" not in record:
        notes.append("train_on_batch returns no loss: losses are not compared")
    if odd := engine.offers.misfit("activations"):
        notes.append(f"activations {odd}: not compared")
    elif not engine.offers.activations:
        notes.append("activations are not offered (get_activations), and not compared")
    notes += _gradients_told(engine, probe, record)
    slots = [site.removeprefix("slot/") for site in probe.record if site.startswith("slot/")]
    kept = [site.removeprefix("slot/") for site in record if site.startswith("slot/")]
    if kept and (without := [path for path in slots if path not in kept]):
        notes.append(
            f"slots are offered and do not fit: get_optimizer_state has {', '.join(kept[:8])}, and "
            f"{', '.join(without)} were wanted: not compared"
        )
    return notes


def _gradients_told(engine: _Engine, probe: Probe, record: Record) -> Iterator[str]:
    """Yield what there is to say of gradients, other than those that are compared."""
    if engine.offers.gradients:
        return
    wrong = engine.offers.misfit("gradients")
    if wrong:
        yield f"gradients {wrong}: not compared"
    found = inferred_gradients(engine.problem, probe.weights, record)
    if found:
        worst = max(precision for _, precision in found.values())
        yield f"gradients inferred from the update: about {digits(worst)} digits, not compared"
    elif not wrong:
        yield "gradients are not offered (get_gradients), and not compared"


def _rate_told(problem: Problem, probe: Probe, record: Record) -> str:
    own = problem.network.optimizer.learning_rate
    if not is_plain_sgd(problem):
        return "learning rate: in the object"
    rate = inferred_rate(probe, {path: record[f"update/{path}"] for path in probe.weights})
    if rate is None:
        return "learning rate: in the object, and its steps do not tell which"
    return f"learning rate in the object: {rate:g}, judged by its steps (the problem's is {own:g})"
