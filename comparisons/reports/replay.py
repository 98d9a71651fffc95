"""A replayed step, told in plain lines: what went in, and every number that came out."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from comparisons.replaying import Pair, Replayed
from comparisons.reports.text import index_of, source
from comparisons.verdicts import Outcome

Array = npt.NDArray[Any]

#: So many values of an array are shown.
_MOST = 12


def replayed(step: Replayed) -> str:
    """Return a step in lines: its batch, the parameters before it, then both sides' numbers."""
    rows = ", ".join(map(str, step.rows[:_MOST])) + (", …" if len(step.rows) > _MOST else "")
    lines = [
        f"{step.problem}, {step.dtype}, step {step.step}, {step.mode}; rows {rows}",
        f"  reference: {source(step.environment)}",
        "  before the step",
        *_array("x", step.x),
        *_array("y", step.y),
        *(line for path, w in step.before.items() for line in _array(path, w)),
        f"  {'in the step':<14}{'yours':>24}{'keras':>24}{'difference':>12}",
    ]
    for pair in step.pairs:
        if pair.candidate is not None:
            lines += _pair(pair, pair.candidate)
    if hidden := [pair.site for pair in step.pairs if pair.candidate is None]:
        lines.append(f"    not shown by yours: {', '.join(hidden)}")
    return "\n".join(lines)


def _array(name: str, values: Array) -> Iterator[str]:
    for number, index in enumerate(np.ndindex(values.shape)):
        if number == _MOST:
            yield f"    and {values.size - _MOST} more"
            return
        yield f"    {name + index_of(index):<24}{values[index]!s:>24}"


def _pair(pair: Pair, ours: Array) -> Iterator[str]:
    theirs = pair.reference
    if ours.shape != theirs.shape:
        yield f"    {pair.site}: INCOMPARABLE, yours has shape {ours.shape}, keras {theirs.shape}"
        return
    yield f"    {pair.site}: {_said(pair)}"
    for number, index in enumerate(np.ndindex(theirs.shape)):
        if number == _MOST:
            yield f"      and {theirs.size - _MOST} more"
            return
        apart = abs(float(ours[index]) - float(theirs[index]))
        within = apart <= pair.allowed or ours[index] == theirs[index]
        yield (
            f"      {index_of(index) or '-':<10}{ours[index]!s:>24}{theirs[index]!s:>24}"
            f"{apart:>12.3g}{'' if within else ' <'}"
        )


def _said(pair: Pair) -> str:
    match pair.outcome:
        case Outcome.EXACT:
            return "the same bits"
        case Outcome.CLOSE:
            return f"within the {pair.allowed:.2g} allowed"
    return f"{pair.outcome.name if pair.outcome else ''}, {pair.allowed:.2g} allowed"
