"""Tell a check: verdicts, causes and numbers of both sides as one plain value for each run."""

from dataclasses import asdict, dataclass
from typing import Any

from comparisons.causes import Explanation
from comparisons.checking import Checked
from comparisons.problems import Problem
from comparisons.reports import bound, source
from comparisons.runs import Mode, Reference
from comparisons.stories.describing import layers_of, loss_of, optimizer_of
from comparisons.stories.listening import Listener
from comparisons.stories.numbers import WIDE, measure, number, numbers
from comparisons.stories.series import divergences_of, series_of, worst_of_sites
from comparisons.stories.steps import start_of, steps_of
from comparisons.verdicts import Divergence, Verdict, Worst

#: One run, as ``docs/report.md`` describes it.
Run = dict[str, Any]

#: About how many bytes the steps of one run may take, before runs share a page.
_MOST_BYTES = 600_000


@dataclass(frozen=True)
class Candidate:
    """Who is compared, by the name that is shown."""

    name: str = "scratch"


def runs_of(
    problem: Problem,
    checked: Checked,
    listener: Listener,
    reference: Reference,
    candidate: Candidate,
) -> list[Run]:
    """Return a run for each verdict, given what was heard while it was found."""
    return [
        _run(problem, checked, verdict, listener, reference, candidate)
        for verdict in checked.verdicts
    ]


def _run(
    problem: Problem,
    checked: Checked,
    verdict: Verdict,
    listener: Listener,
    reference: Reference,
    candidate: Candidate,
) -> Run:
    mode: Mode = "locked" if verdict.mode == "locked" else "free"
    steps = steps_of(problem, reference, verdict, listener.heard(mode), _MOST_BYTES)
    return {
        "problem": problem.name,
        "question": problem.question,
        "dtype": problem.dtype,
        "mode": mode,
        "test": None,
        "candidate": candidate.name,
        "reference": f"Keras {verdict.environment['keras']}",
        "source": source(verdict.environment),
        "environment": dict(verdict.environment),
        "binding": list(checked.binding),
        "notes": list(checked.notes),
        "output": "",
        "inputs": problem.x[0].size,
        "layers": layers_of(problem),
        "loss": loss_of(problem),
        "optimizer": optimizer_of(problem, reference.constants),
        "steps_per_epoch": problem.steps_per_epoch,
        "epochs": problem.epochs,
        "factor": verdict.tolerance.factor,
        "verdict": verdict_of(verdict),
        "causes": [] if verdict.passed else [_cause(e) for e in checked.explanations],
        "sought": not verdict.passed,
        "separated_by": None if verdict.passed else checked.separated_by,
        "sites": list(verdict.sites),
        "worst_of_sites": worst_of_sites(verdict),
        "start": start_of(problem),
        "steps": steps,
        "series": series_of(verdict),
        "epoch_losses": {
            side: [number(x) for x in losses]
            for side, losses in asdict(verdict.epoch_losses).items()
        },
        "final_parameters": _final(verdict),
        "divergences": divergences_of(verdict),
        "left_out": _left_out(problem, verdict),
    }


def verdict_of(verdict: Verdict) -> dict[str, Any]:
    """Return what was found of one run, without its numbers."""
    sensitivity, nearer = verdict.sensitivity, verdict.nearer
    return {
        "outcome": verdict.outcome.name,
        "passed": verdict.passed,
        "sentence": verdict.sentence,
        "comparisons": verdict.comparisons,
        "steps": verdict.steps,
        "bound": bound(verdict.tolerance),
        "worst": None if verdict.worst is None else _worst(verdict.worst),
        "nearer": None if nearer is None else asdict(nearer) | {"nearer": nearer.who},
        "first": None if verdict.first is None else _first(verdict.first),
        "sensitivity": None
        if sensitivity is None
        else {"caught": list(sensitivity.caught), "blind": list(sensitivity.blind)},
        "not_offered": list(verdict.not_offered),
        "undecided": verdict.undecided_count,
    }


def _worst(worst: Worst) -> dict[str, Any]:
    told = asdict(worst) | {"index": list(worst.index)}
    values = {side: number(told[side]) for side in ("candidate", "reference")}
    measured = ("difference", "budget", "allowed", "multiple")
    return told | values | {name: measure(told[name]) for name in measured}


def _first(first: Divergence) -> dict[str, Any]:
    return {
        "step": first.step,
        "site": first.site,
        "outcome": first.outcome.name,
        "reason": first.reason,
        "agreed": list(first.agreed),
        "shape": list(first.shape),
        "dtype": first.dtype,
        "beyond": first.beyond,
        "size": first.size,
        "smallest_rtol": measure(first.smallest_rtol),
        "rows": [
            {
                "index": list(row.index),
                "candidate": number(row.candidate),
                "reference": number(row.reference),
                "difference": measure(row.difference),
                "multiple": measure(row.multiple),
            }
            for row in first.rows
        ],
    }


def _cause(explanation: Explanation) -> list[dict[str, str]]:
    return [
        {"name": fault.name, "wrong": fault.wrong, "mend": fault.mend}
        for fault in explanation.faults
    ]


def _final(verdict: Verdict) -> dict[str, Any]:
    """Return the last parameters of both sides, the narrow ones."""
    return {
        path: {"candidate": numbers(ours), "reference": numbers(theirs)}
        for path, (ours, theirs) in verdict.final_parameters.items()
        if theirs.size <= WIDE
    }


def _left_out(problem: Problem, verdict: Verdict) -> str | None:
    """Say what the page does not have, or ``None`` where it has everything."""
    told = []
    if verdict.ended is not None and verdict.steps < problem.steps:
        told.append(
            f"The comparison ends at step {verdict.ended.step:,} of {problem.steps:,}; "
            "what comes after is not shown."
        )
    wide = [path for path, w in problem.weights.items() if w.size > WIDE]
    if wide:
        told.append(f"Too wide to be shown element by element: {', '.join(wide)}.")
    return " ".join(told) or None
