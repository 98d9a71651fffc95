"""Stories from the JSON that ``compare --json`` writes: verdicts, epochs, and no single step."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from comparisons.problems import DTYPES
from comparisons.reports import SCHEMA, bound, source
from comparisons.runs import MODES
from comparisons.stories.errors import StoryError
from comparisons.stories.telling import Run
from comparisons.verdicts import Given, Measured, Outcome, Tolerance

_MOST_BYTES = 256_000_000
_WORDS = ("nan", "inf", "-inf")

Check = Callable[[Any], bool]


def runs_from_json(path: Path) -> list[Run]:
    """Return a run for each result in a file that ``keras-parity compare --json`` wrote.

    Raises ``StoryError`` for a file that is not one, and ``OSError`` where it cannot be read.
    """
    document = _read(path)
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        message = (
            f"{path} has the schema {found!r}, and a report is made from {SCHEMA!r}: "
            "give a file that 'keras-parity compare --json' wrote"
        )
        raise StoryError(message)
    wrong = _wrong(document, _DOCUMENT)
    if wrong:
        _refuse(path, wrong)
    runs = []
    for number, result in enumerate(document["results"], 1):
        wrong = _wrong(result, _RESULT)
        if wrong:
            _refuse(path, f"{wrong} of result {number}")
        runs.append(_run(path.name, document["versions"], result))
    return runs


def _read(path: Path) -> Any:
    if path.stat().st_size > _MOST_BYTES:
        message = f"{path} is larger than {_MOST_BYTES // 1_000_000} MB, which no comparison writes"
        raise StoryError(message)
    try:
        return json.loads(path.read_bytes(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        message = (
            f"{path} is not JSON: give a file that 'keras-parity compare --json' wrote, "
            "or the directory of a recording"
        )
        raise StoryError(message) from error


def _no_constant(name: str) -> Any:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _refuse(path: Path, wrong: str) -> None:
    message = f"{path} is damaged: the {wrong} is not what 'keras-parity compare --json' writes"
    raise StoryError(message)


def _wrong(value: Any, fields: Mapping[str, Check]) -> str | None:
    """Return the name of the first field that is missing or not what it must be."""
    if not isinstance(value, dict):
        return "content"
    return next((n for n, check in fields.items() if n not in value or not check(value[n])), None)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return numeric or value in _WORDS


def _is_finite(value: Any) -> bool:
    """Return whether it is a number that a tolerance may have: not negative, and finite."""
    return _is_number(value) and value not in _WORDS and 0 <= value < math.inf


def _one_of(*allowed: str) -> Check:
    return lambda value: value in allowed


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(item) for item in value)


def _mapping_to(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(check(item) for item in value.values())


def _object(fields: Mapping[str, Check]) -> Check:
    return lambda value: _wrong(value, fields) is None


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_nested(value: Any) -> bool:
    return all(map(_is_nested, value)) if isinstance(value, list) else _is_number(value)


def _tells_versions(value: Any) -> bool:
    if not _mapping_to(_is_text)(value):
        return False
    return not value or {"keras", "backend", "device", value.get("backend")} <= value.keys()


_OUTCOMES = _one_of(*(outcome.name for outcome in Outcome))
_INDEX = _list_of(_is_whole)
_ROW: dict[str, Check] = {
    "index": _INDEX,
    **dict.fromkeys(("candidate", "reference", "difference", "multiple"), _is_number),
}
_DOCUMENT: dict[str, Check] = {
    "versions": _tells_versions,
    "results": lambda value: isinstance(value, list),
}
_RESULT: dict[str, Check] = {
    "problem": _is_text,
    "dtype": _one_of(*DTYPES),
    "mode": _one_of(*MODES),
    "outcome": _OUTCOMES,
    "sentence": _is_text,
    "comparisons": _is_whole,
    "steps": _is_whole,
    "not_offered": _list_of(_is_text),
    "tolerance": lambda value: (
        _wrong(value, _TOLERANCES.get(_kind(value), {"kind": _never})) is None
    ),
    "worst": _or_null(
        _object(
            {
                **_ROW,
                "site": _is_text,
                "step": _is_whole,
                "budget": _is_number,
                "allowed": _is_number,
            }
        )
    ),
    "witness": _or_null(
        _object({"dtype": _is_text, "nearer": _one_of("candidate", "reference", "neither")})
    ),
    "first_divergence": _or_null(
        _object(
            {
                "step": _is_whole,
                "site": _is_text,
                "outcome": _OUTCOMES,
                "reason": _or_null(_is_text),
                "agreed": _list_of(_is_text),
                "shape": _INDEX,
                "dtype": _is_text,
                "beyond": _is_whole,
                "size": _is_whole,
                "rows": _list_of(_object(_ROW)),
                "smallest_rtol": _is_number,
            }
        )
    ),
    "undecided": _object({"count": _is_whole}),
    "sensitivity": _or_null(_object({"caught": _list_of(_is_text), "blind": _list_of(_is_text)})),
    "epoch_losses": _object({"candidate": _list_of(_is_number), "reference": _list_of(_is_number)}),
    "final_parameters": _mapping_to(_object({"candidate": _is_nested, "reference": _is_nested})),
}
_TOLERANCES: dict[Any, dict[str, Check]] = {
    "measured": {"factor": _is_finite},
    "given": {"factor": _is_finite, "rtol": _is_finite, "atol": _is_finite},
}


def _kind(value: Any) -> Any:
    kind = value.get("kind") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else None


def _never(_: Any) -> bool:
    return False


def _run(file: str, versions: Mapping[str, str], result: Mapping[str, Any]) -> Run:
    """Return a result as a run without steps."""
    environment = {**versions, "dtype": result["dtype"]} if versions else {}
    return {
        "problem": result["problem"],
        "question": "",
        "dtype": result["dtype"],
        "mode": result["mode"],
        "test": None,
        "candidate": "scratch",
        "reference": f"Keras {versions['keras']}" if versions else "Keras",
        "source": source(environment) if versions else "Keras",
        "environment": environment,
        "binding": [],
        "notes": [],
        "output": "",
        "inputs": 0,
        "layers": [],
        "loss": {},
        "optimizer": {},
        "steps_per_epoch": 0,
        "epochs": len(result["epoch_losses"]["reference"]),
        "factor": result["tolerance"]["factor"],
        "verdict": _verdict(result),
        "causes": [],
        "sought": False,
        "separated_by": None,
        "sites": [],
        "worst_of_sites": [],
        "start": {},
        "steps": [],
        "series": {"steps": [], "loss": {"candidate": [], "reference": []}, "sites": {}},
        "epoch_losses": result["epoch_losses"],
        "final_parameters": result["final_parameters"],
        "divergences": [],
        "left_out": f"Told from {file}, which has verdicts and epochs: single steps are not in it.",
    }


def _verdict(result: Mapping[str, Any]) -> dict[str, Any]:
    sensitivity = result["sensitivity"]
    return {
        "outcome": result["outcome"],
        "passed": result["outcome"] in {Outcome.EXACT.name, Outcome.CLOSE.name},
        "sentence": result["sentence"],
        "comparisons": result["comparisons"],
        "steps": result["steps"],
        "bound": bound(_tolerance(result["tolerance"])),
        "worst": result["worst"],
        "nearer": result["witness"],
        "first": result["first_divergence"],
        "sensitivity": sensitivity,
        "not_offered": result["not_offered"],
        "undecided": result["undecided"]["count"],
    }


def _tolerance(told: Mapping[str, Any]) -> Tolerance:
    numbers = {name: value for name, value in told.items() if name in _TOLERANCES[told["kind"]]}
    return Given(**numbers) if told["kind"] == "given" else Measured(**numbers)
