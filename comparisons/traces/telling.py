"""What moved, in words."""

from collections.abc import Mapping

import numpy as np

from comparisons.traces.movement import Movement
from comparisons.verdicts import Measured, Outcome

_ENDED = {
    "overflow": "both overflow alike",
    "branch": "rounding decides which way a function with a kink goes",
}


def source(environment: Mapping[str, str]) -> str:
    """Say in a few words what computed a trace."""
    backend = environment["backend"]
    return (
        f"Keras {environment['keras']}, {backend} {environment[backend]}, "
        f"{environment['device']}, {environment['dtype']}"
    )


def environments_differ(
    before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """Return what differs between what computed two traces, with both values."""
    names = [name for name in dict.fromkeys((*before, *after)) if name != "reference"]
    pairs = {name: (before.get(name, "-"), after.get(name, "-")) for name in names}
    return {name: (a, b) for name, (a, b) in pairs.items() if a != b}


def sentence(movement: Movement, before: str, after: str) -> str:
    """Say in a sentence what moved; ``before`` and ``after`` are what to call the two traces."""
    outcome, numbers = movement.outcome, f"{movement.numbers:,} numbers"
    if movement.missing:
        return f"cannot be compared: only one of the two has {', '.join(movement.missing)}"
    if outcome == Outcome.INCOMPARABLE and movement.beyond is None:
        return "cannot be compared: there is no step that both have"
    if movement.beyond is not None:
        return f"moved beyond rounding, {_beyond(movement, before, after)}"
    if outcome == Outcome.EXACT:
        return f"the same bits in {numbers}"
    return (
        f"{movement.moved:,} of {numbers} moved by rounding only, at most "
        f"{movement.multiple:.2g} times the rounding budget (up to {Measured().factor:g} allowed), "
        f"{first(movement, before, after)}{_ended(movement)}"
    )


def first(movement: Movement, before: str, after: str) -> str:
    """Say where two traces first are not the same bits, and the values there."""
    place = movement.first
    if place is None:
        return "nowhere"
    return (
        f"first at step {place.step}, {place.site}{index(place.index)}: "
        f"{_both(place.before, place.after, movement.dtypes, before, after)}"
    )


def index(where: tuple[int, ...]) -> str:
    """Write an index as NumPy does, and nothing for a single number."""
    return f"[{','.join(map(str, where))}]" if where else ""


def _beyond(movement: Movement, before: str, after: str) -> str:
    found = movement.beyond
    if found is None:
        return "nowhere"
    if not found.rows:
        return f"first at step {found.step}, {found.site}: {found.reason}"
    worst = found.rows[0]
    values = _both(worst.reference, worst.candidate, movement.dtypes, before, after)
    return (
        f"first at step {found.step}, {found.site}{index(worst.index)}: {values}, "
        f"{worst.multiple:.2g} times the rounding budget"
    )


def _both(a: float, b: float, dtypes: tuple[str, str], before: str, after: str) -> str:
    """Return both values with the digits that tell each from its neighbours."""
    ours, theirs = (str(np.dtype(d).type(x)) for x, d in zip((a, b), dtypes, strict=True))
    return f"{before} {ours}, {after} {theirs}"


def _ended(movement: Movement) -> str:
    if movement.ended is None:
        return ""
    return f"; after step {movement.ended.step} nothing is judged: {_ENDED[movement.ended.reason]}"
