"""Pick some of the steps of a run. One behind a gap says what was before it.

So whoever draws a step needs no other one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

Step = Mapping[str, Any]


def picked(steps: Sequence[Step], places: Collection[int], mode: str) -> list[dict[str, Any]]:
    """Return the steps at those places; a step whose predecessor is left out has ``before``.

    A step without a predecessor in ``steps`` is the first of its run or has ``before`` already.
    """
    chosen = []
    for place in sorted(places):
        step = dict(steps[place])
        if place and place - 1 not in places:
            step.setdefault("before", _after(steps[place - 1], mode))
        chosen.append(step)
    return chosen


def gaps(numbers: Sequence[int], last: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last number of each stretch from 1 to ``last`` that is left out."""
    for before, after in pairwise([0, *numbers, last + 1]):
        if after - before > 1:
            yield before + 1, after - 1


def _after(step: Step, mode: str) -> dict[str, dict[str, Any]]:
    """Return what each side begins the next step with: parameters and slots, by their paths.

    In a locked run both begin with the reference's.
    """
    whose = {
        "candidate": "reference" if mode == "locked" else "candidate",
        "reference": "reference",
    }
    moved = [site for site in step["sites"] if site.startswith(("update/", "slot/"))]
    return {
        side: {site.partition("/")[2]: step["sites"][site][values] for site in moved}
        for side, values in whose.items()
    }
