"""Say how functions were bound, and what a reader should know of it."""

from collections.abc import Iterator

from comparisons.candidates.inferring import (
    digits,
    inferred_gradients,
    inferred_rate,
    is_plain_sgd,
)
from comparisons.candidates.probing import Probe
from comparisons.candidates.trying import Trial
from comparisons.problems import Problem
from scratch.losses import SparseCategoricalCrossentropy


def binding(trial: Trial, problem: Problem, probe: Probe) -> list[str]:
    """Return a sentence for each part of a step."""
    plan = trial.plan
    hidden = ", ".join(f"layer {number}" for number in sorted(plan.seen.hidden))
    seen = f", with the output of {hidden}" if hidden else ""
    said = [f"forward: {plan.forward}{seen}", f"parameters: {plan.form.told(plan.net)}"]
    if plan.backward is not None:
        offered = "" if plan.gradients is not None else ", whose gradients are not recognized"
        flat = f"; {plan.backward_targets}" if plan.backward_targets.y == "flat" else ""
        said.append(f"backward: {plan.backward}{offered}{flat}")
    way = "changes the parameters in place"
    if plan.returned is not None:
        way = "returns the parameters"
    elif trial.kept:
        way = "changes no parameter"
    kinds = f"; {plan.targets}" if plan.update.needs & {"y", "y_hat"} else ""
    said.append(f"update: {plan.update}, {way}{kinds}")
    if plan.loss is not None:
        said.append(f"loss: {plan.loss}")
    said.append(_rate(trial, problem, probe))
    return said


def _rate(trial: Trial, problem: Problem, probe: Probe) -> str:
    own = problem.network.optimizer.learning_rate
    for code in (trial.plan.update, trial.plan.backward):
        if code is not None and "learning_rate" in code.needs:
            name = next(name for name, role in code.roles.items() if role == "learning_rate")
            return f"learning rate: {own:g}, the problem's, given as {name}"
    if not is_plain_sgd(problem):
        return "learning rate: in the code"
    rate = inferred_rate(probe, {path: trial.record[f"update/{path}"] for path in probe.weights})
    if rate is None:
        return "learning rate: in the code, and its steps do not tell which"
    return f"learning rate in the code: {rate:g}, judged by its steps (the problem's is {own:g})"


def notes(trial: Trial, problem: Problem, probe: Probe) -> list[str]:
    """Return what is not compared, and what is odd."""
    plan, said = trial.plan, list(_standing(trial))
    if plan.loss is None:
        said.append("no loss function was bound: losses are not compared")
    if len(plan.seen.hidden) < plan.net.layers - 1:
        said.append("hidden outputs that forward does not return are not compared")
    if not any(site.startswith("backward/") for site in trial.record):
        said.append(_gradients(trial, problem, probe))
    classes = isinstance(problem.network.loss, SparseCategoricalCrossentropy)
    if "flat" in {plan.targets.y, plan.backward_targets.y} and not (trial.flat or classes):
        said.append(
            "y is given flat, as (batch,): like what forward returns, with two axes, it raises or "
            "gives other numbers"
        )
    if plan.doubt and plan.backward is not None and plan.gradients is None:
        said.append(plan.doubt)
    return said


def _standing(trial: Trial) -> Iterator[str]:
    """Yield what there is to say of an update after which all parameters are as before."""
    name = trial.plan.update.name
    if trial.kept and not trial.right and trial.plan.returned is None:
        asked = ": is its learning rate 0, or a `return` missing?" if trial.lost else ""
        yield f"{name} neither changes the parameters nor returns them{asked}"
    elif trial.kept:
        yield f"{name} changed no parameter when it was tried"


def _gradients(trial: Trial, problem: Problem, probe: Probe) -> str:
    plan = trial.plan
    if plan.backward is not None and not plan.offers_gradients:
        said = f"{plan.update.name} takes the right step from what {plan.backward.name} returns"
        return f"{said}, which is scaled otherwise than Keras's gradients and not compared"
    if not is_plain_sgd(problem):
        return "gradients are not returned, and not compared"
    found = inferred_gradients(problem, probe.weights, trial.record)
    worst = max(precision for _, precision in found.values())
    return f"gradients inferred from the update: about {digits(worst)} digits, not compared"
