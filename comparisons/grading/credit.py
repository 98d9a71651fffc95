"""Credit: which quantities a mistake costs, and which it only passes through.

In a locked run every step starts from Keras's state, so what one step breaks does not spoil the
next. Within a step a mistake spoils whatever is computed from it. That is not charged twice:

* Where a tested explanation fits, the textbook with just these mistakes gives the submission's
  numbers at every step. Everything else in it is therefore right. The mistakes cost what they
  break by themselves, and what follows from it counts in full. Faults that are Keras's own way
  and no mistake cost nothing.
* Where none fits, a quantity is faulty if it differs at a step at which all that it is computed
  from agrees. What follows from that may be right or wrong, and counts half: but nothing where
  nothing at all agrees, for then there is no sign that any of it is right.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from comparisons.causes import Explanation, Fault, Ground
from comparisons.checking import Checked
from comparisons.grading.causality import Array, Causality
from comparisons.grading.graded import AGREES, EXCUSED, FAULTY, FOLLOWS, NOT_SHOWN, Item
from comparisons.verdicts import Verdict

HALF = 0.5
#: On how many steps, spread over the run, a fault is planted to see what it breaks.
_PROBES = 8


def mistakes_of(explanation: Explanation) -> tuple[Fault, ...]:
    """Return those of the faults that are mistakes."""
    return tuple(fault for fault in explanation.faults if not fault.no_mistake)


def without_mistake(checked: Checked) -> bool:
    """Return whether what differs is explained by nothing that is a mistake."""
    return any(not mistakes_of(each) for each in checked.explanations)


def items_of(checked: Checked, ground: Ground) -> tuple[Item, ...]:
    """Return what was found of each site, in causal order, with its credit.

    The locked run decides, or for a candidate that has none, the free run. The ground is that on
    which it was found.
    """
    verdicts = {verdict.mode: verdict for verdict in checked.verdicts}
    free = verdicts["free"]
    origin = verdicts.get("locked", free)
    causality = Causality(ground.sites, origin.sites)
    differs = _differing(origin)
    by_itself = differs if origin is not free else _at_first(free)
    if without_mistake(checked):
        return _items(causality, {}, differs, following=1, excused=causality.sites)
    if checked.explanations:
        broken = [
            (_broken_by(mistakes_of(each), ground, causality), each)
            for each in checked.explanations
        ]
        # Where several explanations fit, the one that costs least is believed.
        kindest, explanation = min(broken, key=lambda each: len(each[0]))
        if kindest:
            # What only the free run shows differs where that first does.
            late = None if free.first is None else free.first.step
            steps = {site: _first(differs[site]) or late for site in kindest}
            others = set(explanation.faults) - set(mistakes_of(explanation))
            excused = _broken_by(others, ground, causality) & causality.origins(by_itself).keys()
            return _items(causality, steps, differs, following=1, excused=excused)
    faulty = causality.origins(by_itself)
    if not faulty and not checked.passed:
        # Each step is right by itself: what is wrong goes on from one step to the next.
        faulty = causality.origins(_at_first(free))
    following = 0 if all(steps.any() for steps in by_itself.values()) else HALF
    return _items(causality, faulty, differs, following)


def _items(
    causality: Causality,
    faulty: Mapping[str, int | None],
    differs: Mapping[str, Array],
    following: float,
    excused: Collection[str] = (),
) -> tuple[Item, ...]:
    items = []
    for site in causality.sites:
        step = _first(differs[site]) if site in differs else None
        if site not in causality.shown:
            items.append(Item(site, NOT_SHOWN, 0))
        elif site in faulty:
            items.append(Item(site, FAULTY, 0, faulty[site]))
        elif step is None:
            items.append(Item(site, AGREES, 1))
        elif site in excused:
            items.append(Item(site, EXCUSED, 1, step))
        else:
            items.append(Item(site, FOLLOWS, following, step))
    return tuple(items)


def _first(differs: Array) -> int | None:
    return int(differs.argmax()) + 1 if differs.any() else None


def _broken_by(faults: Iterable[Fault], ground: Ground, causality: Causality) -> set[str]:
    """Return the shown sites that the faults break by themselves.

    Each is planted alone: it breaks what it moves where nothing that goes into it has moved.
    """
    steps = np.unique(np.linspace(0, len(ground.steps) - 1, _PROBES).astype(int))
    broken: set[str] = set()
    for fault in faults:
        sites = {fault.site} if fault.remembers else _moved_alone(fault, ground, causality, steps)
        stand_ins = (causality.stand_in(site) for site in sites or {fault.site})
        broken |= {site for site in stand_ins if site is not None}
    return broken


def _moved_alone(
    fault: Fault, ground: Ground, causality: Causality, steps: npt.NDArray[np.int_]
) -> set[str]:
    found = set()
    for step in steps:
        moved = ground.touched(fault, int(step))
        found |= {site for site in moved if moved.isdisjoint(causality.inputs(site))}
    return found


def _differing(verdict: Verdict) -> dict[str, Array]:
    """Return at which steps each site differs."""
    return {site: table.column("bad").astype(np.bool_) for site, table in verdict.tables.items()}


def _at_first(verdict: Verdict) -> dict[str, Array]:
    """Return which sites differ at the first step that does: later ones of a free run follow."""
    here = -1 if verdict.first is None else verdict.first.step - 1
    return {
        site: differs & (np.arange(len(differs)) == here)
        for site, differs in _differing(verdict).items()
    }
