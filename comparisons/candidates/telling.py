"""Say how functions were bound, and what a reader should know of it."""

from comparisons.candidates.inferring import (
    digits,
    inferred_gradients,
    inferred_rate,
    is_plain_sgd,
)
from comparisons.candidates.probing import Probe
from comparisons.candidates.trying import Trial
from comparisons.problems import Problem


def binding(trial: Trial, problem: Problem, probe: Probe) -> list[str]:
    """Return a sentence for each part of a step."""
    plan = trial.plan
    hidden = ", ".join(f"layer {number}" for number in sorted(plan.seen.hidden))
    seen = f", with the output of {hidden}" if hidden else ""
    said = [f"forward: {plan.forward}{seen}", f"parameters: {plan.form.told(plan.net)}"]
    if plan.backward is not None:
        offered = "" if plan.gradients is not None else ", whose gradients are not recognized"
        said.append(f"backward: {plan.backward}{offered}")
    way = "changes the parameters in place"
    if plan.returned is not None:
        way = "returns the parameters"
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
    plan, said = trial.plan, list[str]()
    if plan.loss is None:
        said.append("no loss function was bound: losses are not compared")
    if len(plan.seen.hidden) < plan.net.layers - 1:
        said.append("hidden outputs that forward does not return are not compared")
    if not any(site.startswith("backward/") for site in trial.record):
        said.append(_gradients(trial, problem, probe))
    if all((trial.record[f"update/{path}"] == w).all() for path, w in probe.weights.items()):
        said.append(f"{plan.update.name} changed no parameter when it was tried")
    return said


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
