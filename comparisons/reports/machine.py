"""Reports for machines: JSON and CSV. ``docs/json.md`` describes every field."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from typing import Any

from comparisons.causes import Finding
from comparisons.checking import Checked
from comparisons.verdicts import Given, Verdict

#: Changes when a field changes its meaning or goes; new fields may come at any time.
SCHEMA = "keras-parity/compare/1"
CHECK_SCHEMA = "keras-parity/check/1"
SELFTEST_SCHEMA = "keras-parity/selftest/1"


def to_json(verdicts: Sequence[Verdict]) -> str:
    """Return all verdicts as one JSON document; numbers that are not finite become strings."""
    document = {
        "schema": SCHEMA,
        "versions": _versions(verdicts),
        "results": [result(verdict) for verdict in verdicts],
    }
    return as_json(document)


def to_csv(verdicts: Sequence[Verdict]) -> str:
    """Return everything measured, one row a problem, dtype, mode, step and site."""
    import pandas as pd  # noqa: PLC0415  half a second that only this needs

    text: str = pd.concat([v.to_frame() for v in verdicts]).to_csv(index=False)
    return text


def result(verdict: Verdict) -> dict[str, Any]:
    """Return one verdict as plain values."""
    tolerance = verdict.tolerance
    return {
        "problem": verdict.problem,
        "dtype": verdict.dtype,
        "mode": verdict.mode,
        "outcome": verdict.outcome.name,
        "sentence": verdict.sentence,
        "comparisons": verdict.comparisons,
        "steps": verdict.steps,
        "sites": list(verdict.sites),
        "not_offered": list(verdict.not_offered),
        "tolerance": {
            "kind": "given" if isinstance(tolerance, Given) else "measured",
            "twins": verdict.twins,
            **asdict(tolerance),
        },
        "worst": None if verdict.worst is None else asdict(verdict.worst),
        "witness": None
        if verdict.nearer is None
        else asdict(verdict.nearer) | {"nearer": verdict.nearer.who},
        "first_divergence": None if verdict.first is None else asdict(verdict.first),
        "ended": None if verdict.ended is None else asdict(verdict.ended),
        "undecided": {
            "count": verdict.undecided_count,
            "listed": [asdict(place) for place in verdict.undecided],
        },
        "sensitivity": None if verdict.sensitivity is None else asdict(verdict.sensitivity),
        "epoch_losses": asdict(verdict.epoch_losses),
        "final_parameters": {
            path: {"candidate": candidate.tolist(), "reference": reference.tolist()}
            for path, (candidate, reference) in verdict.final_parameters.items()
        },
    }


def checks_to_json(results: Sequence[Mapping[str, Any]]) -> str:
    """Return what was found of a file as one JSON document."""
    return as_json({"schema": CHECK_SCHEMA, "results": results})


def check_result(checked: Checked) -> dict[str, Any]:
    """Return what was found of one candidate on one problem as plain values."""
    return {
        "passed": checked.passed,
        "reference": _versions(checked.verdicts),
        "runs": [result(verdict) for verdict in checked.verdicts],
        "causes": [
            [
                {"fault": fault.name, "site": fault.site, "wrong": fault.wrong, "mend": fault.mend}
                for fault in explanation.faults
            ]
            for explanation in checked.explanations
        ],
        "separated_by": checked.separated_by,
        "binding": checked.binding,
        "notes": checked.notes,
    }


def findings_to_json(found: Mapping[tuple[str, str], Sequence[Finding]]) -> str:
    """Return what was found of planted mistakes, by problem and dtype, as one JSON document."""
    results = [
        {
            "problem": problem,
            "dtype": dtype,
            "fault": finding.fault.name,
            "site": finding.fault.site,
            "found": finding.seen,
            "found_at": None if finding.first is None else finding.first.site,
            "step": None if finding.first is None else finding.first.step,
            "explained": finding.explained,
        }
        for (problem, dtype), here in found.items()
        for finding in here
    ]
    return as_json({"schema": SELFTEST_SCHEMA, "results": results})


def _versions(verdicts: Sequence[Verdict]) -> dict[str, str]:
    versions = dict(verdicts[0].environment) if verdicts else {}
    versions.pop("dtype", None)
    return versions


def as_json(document: Mapping[str, Any]) -> str:
    """Return a document as JSON text.

    Outcomes are written by name, and numbers that are not finite as strings: JSON has neither.
    """
    return json.dumps(_plain(document), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
