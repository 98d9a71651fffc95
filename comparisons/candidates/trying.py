"""Find out how a backward and an update function are called, by whole steps at a probe.

A step that ends where scratch's does is called in the right way. Where none does, the ways are
those of the notes, in order, and only what is ambiguous in the form of the arrays is asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from comparisons.candidates.choices import (
    Choices,
    Failures,
    as_candidate_error,
    furthest,
    parameters_of,
    question,
    takes_parameters,
    unmet,
)
from comparisons.candidates.errors import BindingError, CandidateError
from comparisons.candidates.fitting import Fit
from comparisons.candidates.numbers import MisfitError
from comparisons.candidates.places import Places
from comparisons.candidates.probing import Probe, moved_alike, near
from comparisons.candidates.returns import pick
from comparisons.candidates.signatures import Function
from comparisons.candidates.sources import forgotten_return
from comparisons.candidates.steps import Plan, Record, Targets, containers_in, targets
from scratch.losses import SparseCategoricalCrossentropy


@dataclass(frozen=True)
class Trial:
    """A whole step that went through, and whether it ended where scratch's did.

    ``kept`` says that the update changed no parameter, and ``lost`` that it returned nothing
    either; ``flat`` that what forward returns has no axis for the batch besides the outputs'.
    """

    plan: Plan
    record: Record
    right: bool
    kept: bool = False
    lost: bool = False
    flat: bool = False


def step(choices: Choices, probe: Probe, found: Sequence[Fit]) -> Trial:
    """Return the step that went through, a right one if there is one.

    Raises ``BindingError`` where there is no update function, or a question is left, and
    ``CandidateError`` where nothing goes through.
    """
    return _Trying(choices, probe).step(found)


def with_loss(choices: Choices, probe: Probe, trial: Trial) -> Trial:
    """Return the step with its loss, if there is a function that can be called for it.

    Raises ``BindingError`` where there are several.
    """
    return _Trying(choices, probe).with_loss(trial)


@dataclass(frozen=True)
class _Trying:
    choices: Choices
    probe: Probe

    def step(self, found: Sequence[Fit]) -> Trial:
        """Return the step that went through, a right one if there is one."""
        failures: Failures = []
        by_update: dict[str, list[Trial]] = {}
        for fit in found:
            for trial in self._trials(fit, failures):
                by_update.setdefault(trial.plan.update.name, []).append(trial)
        if not by_update:
            raise self._no_update(found[0], failures)
        if len(by_update) > 1:
            raise question("update", [trials[0].plan.update for trials in by_update.values()])
        trials = next(iter(by_update.values()))
        if right := [trial for trial in trials if trial.right]:
            return self._offering(max(right, key=self._alike))
        _refuse_lost(trials[0])
        self._settled(trials)
        return trials[0]

    def _alike(self, trial: Trial) -> int:
        """Return how many of a trial's gradients are scratch's."""
        gradients = [site for site in trial.record if site.startswith("backward/")]
        return sum(near(trial.record[site], self.probe.record[site]) for site in gradients)

    def _offering(self, trial: Trial) -> Trial:
        """Return a right step, without its gradients where the update has yet to scale them."""
        gradients = [site for site in trial.record if site.startswith("backward/")]
        if self._alike(trial) == len(gradients):
            return trial
        record = {site: array for site, array in trial.record.items() if site not in gradients}
        return replace(trial, plan=replace(trial.plan, offers_gradients=False), record=record)

    def _settled(self, trials: Sequence[Trial]) -> None:
        """Raise a question if forms are left that differ in their numbers."""
        mine, record = trials[0].plan.form, trials[0].record
        code = trials[0].plan.forward
        for trial in trials[1:]:
            other = trial.plan.form
            shared = [site for site in trial.record if site in record]
            if all(near(trial.record[site], record[site]) for site in shared):
                continue
            if mine.units_first != other.units_first:
                raise BindingError(
                    f"are the kernels of {code} (inputs, units) or (units, inputs)? Both fit, and "
                    "neither gives the numbers expected. Answer with names={'kernels': "
                    "'(inputs, units)'} or names={'kernels': '(units, inputs)'}"
                )
            # One sample without an axis for the batch is how a loop reads it, if at all.
            if other.features not in {mine.features, "only"}:
                raise BindingError(
                    f"does {code} have its features first, (features, batch), or last, (batch, "
                    "features)? Both fit, and neither gives the numbers expected. Answer with "
                    "names={'features': 'first'} or names={'features': 'last'}"
                )

    def _trials(self, fit: Fit, failures: Failures) -> Iterator[Trial]:
        """Yield the steps that go through in one form, the notes' way first."""
        base = Plan.of(fit.net, fit.form, self.choices.problem, fit.forward, fit.seen)
        for plan in self._with_backward(base, failures):
            updates = self._functions("update", plan)[0]
            updates = [code for code in updates if takes_parameters(code)]
            for code in self.choices.preferred("update", updates):
                for kinds in self._targets(code, plan):
                    try:
                        yield self._trial(replace(plan, update=code, targets=kinds))
                    except (MisfitError, CandidateError) as error:
                        failures.append(_blamed(plan, code, error))

    def _functions(self, what: str, plan: Plan) -> tuple[list[Function], list[Function]]:
        return self.choices.callable_with(what, available(plan), plan.net.layers)

    def _targets(self, code: Function, plan: Plan) -> list[Targets]:
        if not code.needs & {"y", "y_hat"}:
            return [Targets()]
        problem = self.choices.problem
        return targets(
            single=problem.batch_size == 1,
            outputs=plan.net.widths[-1],
            classes=isinstance(problem.network.loss, SparseCategoricalCrossentropy),
        )

    def _with_backward(self, base: Plan, failures: Failures) -> Iterator[Plan]:
        """Yield the plan with each way to call a backward function, and at last without one."""
        fine = self._functions("backward", base)[0]
        fine = [code for code in fine if code.needs & {"y", "y_hat", "cache"}]
        found: dict[str, list[Plan]] = {}
        refused: Failures = []
        for code in self.choices.preferred("backward", fine):
            for kinds in self._targets(code, base):
                plan = replace(base, backward=code, backward_targets=kinds)
                try:
                    plans = self._with_gradients(plan, code)
                except (MisfitError, CandidateError) as error:
                    (refused if found else failures).append((code, error))
                    continue
                found.setdefault(code.name, []).extend(plans)
        if len(found) > 1:
            raise question("backward", [plans[0].backward for plans in found.values()])
        for plan in (plan for plans in found.values() for plan in plans):
            if plan.doubt and plan.gradients is None:
                failures.append((plan.backward or base.forward, MisfitError(plan.doubt)))
            yield plan
        failures += refused
        yield base

    def _with_gradients(self, plan: Plan, code: Function) -> list[Plan]:
        """Return the plan with the place, or the order, in which all gradients are returned."""
        grads, _ = plan.run_backward(self._forward(plan), self.probe.y)
        if grads is None:
            return [replace(plan, doubt=_returned_none(code))]
        plans, doubts = list[Plan](), list[str]()
        places = Places(code, plan, self.choices)
        for where in places.of(grads):
            placed = replace(plan, gradients=where)
            found = placed.run_backward(self._forward(plan), self.probe.y)[1]
            if found is None:
                continue
            placed = replace(placed, doubt=plan.misshaped(found, code.name))
            doubts.append(placed.doubt)
            try:
                arrays = plan.read_gradients(found, f"what {code.name} returned")
            except MisfitError:
                continue
            wanted = self.probe.record
            if all(near(g, wanted[f"backward/{path}"]) for path, g in arrays.items()):
                return [placed]
            plans.append(placed)
        plans = [placed for placed in plans if not placed.doubt] or plans
        if len(plans) > 1 and plans[0].gradients != places.received:
            raise places.question([placed.gradients for placed in plans])
        return plans[:1] or [replace(plan, doubt=next(iter(doubts), ""))]

    def _forward(self, plan: Plan) -> dict[str, object]:
        parameters = plan.form.parameters(plan.net, self.probe.weights)
        return plan.with_returned(*plan.forward_pass(parameters, self.probe.x))

    def _trial(self, plan: Plan) -> Trial:
        """Try a whole step; raises what it raises."""
        probe, values = self.probe, self._forward(plan)
        returned = plan.run_update(values, plan.run_backward(values, probe.y), probe.y)
        where = containers_in(plan.update, returned, plan.net, "W")
        plan = replace(plan, returned=where[0] if where else None)
        _, record = plan.step(plan.form.parameters(plan.net, probe.weights), probe.x, probe.y)
        after = {path: record[f"update/{path}"] for path in probe.weights}
        flat = np.ndim(pick(values, ("output",))) < 2
        kept = all(bool((after[path] == w).all()) for path, w in probe.weights.items())
        return Trial(plan, record, moved_alike(probe, after), kept, kept and returned is None, flat)

    def _no_update(self, fit: Fit, failures: Failures) -> BindingError | CandidateError:
        plan = Plan.of(fit.net, fit.form, self.choices.problem, fit.forward, fit.seen)
        fine, others = self._functions("update", plan)
        own = {code.name for code in fine if takes_parameters(code)}
        backward = self._functions("backward", plan)
        needs_grads = {code.name for code in others if "grads" in code.needs or code.has("dW")}
        called = own or (needs_grads and {code.name for code in backward[0]})
        if called and failures:
            return self._reason(fit, failures)
        asks = [
            f"{code} asks for {unmet(code, available(plan)) or 'no parameters'}"
            for code in [*others, *fine]
        ]
        asks += [
            f"{code}, which may give gradients, asks for {unmet(code, available(plan))}"
            for code in backward[1]
        ]
        return BindingError(
            "no update function that can be called was found: looked for one named like "
            "update_parameters, update, gradient_descent or train_step that takes the parameters, "
            "and y, y_hat, A1, X or the grads of a backward function, and "
            f"{'; '.join(asks) or 'there is none so named'}. Name yours with "
            "names={'update': 'my_update'}, and what an argument stands for with "
            "names={'my_update.argument': 'y_hat'}"
        )

    def _reason(self, fit: Fit, failures: Failures) -> CandidateError:
        """Return why nothing went through: the first, most natural way to call, says it best.

        Where it is in doubt what is natural, the way that came the furthest does.
        """
        plan = Plan.of(fit.net, fit.form, self.choices.problem, fit.forward, fit.seen)
        flat = np.ndim(pick(self._forward(plan), ("output",))) < 2
        if flat or not fit.seen.right or self.choices.problem.batch_size == 1:
            return furthest(failures)
        return as_candidate_error(*failures[0])

    def with_loss(self, trial: Trial) -> Trial:
        """Return the step with its loss, if there is a function that can be called for it."""
        fine = self._functions("loss", trial.plan)[0]
        fine = [code for code in fine if {"y", "y_hat"} <= code.needs]
        found: dict[str, list[Trial]] = {}
        for code in self.choices.preferred("loss", fine):
            for kinds in self._targets(code, trial.plan):
                plan = replace(trial.plan, loss=code, loss_targets=kinds)
                try:
                    found.setdefault(code.name, []).append(self._trial(plan))
                except (MisfitError, CandidateError):
                    continue
        found = {name: tries for name, tries in found.items() if tries}
        if not found:
            return trial
        if len(found) > 1:
            raise question("loss", [tries[0].plan.loss for tries in found.values()])
        tries = next(iter(found.values()))
        wanted = self.probe.record["loss/value"]
        return next((t for t in tries if near(t.record["loss/value"], wanted)), tries[0])


def _refuse_lost(trial: Trial) -> None:
    """Raise ``BindingError`` for an update that makes new parameters and forgets to return them."""
    code = trial.plan.update
    missing = forgotten_return(code.call) if trial.lost else ""
    if missing:
        raise BindingError(
            f"{code.name} neither changes the parameters nor returns them: is `{missing}` missing?"
        )


def _returned_none(code: Function) -> str:
    missing = forgotten_return(code.call)
    return f"{code.name} returned None" + (f": is `{missing}` missing?" if missing else "")


def _blamed(plan: Plan, code: Function, error: Exception) -> tuple[Function, Exception]:
    """Return the failure of an update: it lies with backward where shapes do not go together."""
    shapes = isinstance(error, MisfitError) or isinstance(error.__cause__, ValueError | TypeError)
    if plan.doubt and plan.backward is not None and shapes:
        return plan.backward, MisfitError(plan.doubt)
    return code, error


def available(plan: Plan) -> set[str]:
    """Return the roles for which a step has values after its forward and backward pass."""
    roles = {"x", "y", "y_hat", "parameters", "learning_rate", "samples"}
    roles |= parameters_of(plan.net)
    roles |= {f"A:{number}" for number in plan.seen.hidden}
    roles |= {f"Z:{number}" for number in plan.seen.z}
    if plan.seen.cache is not None:
        roles.add("cache")
    if plan.backward is not None:
        roles.add("grads")
    if plan.gradients is not None:
        roles |= {f"d{kind}:{number}" for kind, number in plan.net.tensors}
    return roles
