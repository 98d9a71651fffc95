"""The learning rate that a candidate's steps tell of: a fault whose number is not known before."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from comparisons.causes.fault import Fault
from comparisons.causes.observed import Observed
from comparisons.runs import Record, ScratchTrainer

#: A rate that is no more than so many machine epsilons from the problem's, or from ten times or a
#: tenth of it, is left to the faults that know their number, or to none.
_NEAR = 64

#: The usual rate may have been divided by a number up to this one: of samples, or of outputs.
_LARGEST_PART = 100


def rate_fault(observed: Observed, step: int) -> Fault | None:
    """Return the fault of another learning rate, as the parameters of a step have it, if any.

    ``step`` counts from 0, and began from the reference's state. Every update rule is linear in
    the learning rate, so two honest steps tell what one with any other would give. The rate on
    which most parameters agree counts.
    """
    rule = observed.ground.honest.network.optimizer
    rates = Counter(_rates(observed, step))
    if not rates:
        return None
    ((rate, _),) = rates.most_common(1)
    near = _NEAR * np.finfo(observed.ground.problem.dtype).eps
    factor = rate / rule.learning_rate
    if rate <= 0 or any(abs(factor / known - 1) < near for known in (0.1, 1, 10)):
        return None
    return Fault(
        f"learning rate {rate:.15g} in place of {rule.learning_rate:.15g}",
        next(site for site in observed.sites if site.startswith("update/")),
        {"rule": lambda held: replace(held, learning_rate=rate)},
        f"The steps are those of the learning rate {rate:.15g}; the problem's is "
        f"{rule.learning_rate:.15g}.",
        "Use the learning rate that is given, or set yours to it.",
        "shuffled",
    )


def _rates(observed: Observed, step: int) -> Iterator[float]:
    """Yield the learning rate that each parameter's new value tells of."""
    ground = observed.ground
    rule: Any = ground.honest.network.optimizer
    where, i = ground.places[step]
    seen = observed.seen[observed.origin][where]
    once, twice = (_with_rate(observed, step, factor * rule.learning_rate) for factor in (1, 2))
    for site in observed.sites:
        if not site.startswith("update/") or site not in seen:
            continue
        theirs, slope = seen[site][i], (twice[site] - once[site]) / rule.learning_rate
        if theirs.shape != slope.shape or not (np.isfinite(theirs).all() and slope.any()):
            continue
        steepest = np.abs(slope).argmax()
        rate = rule.learning_rate + ((theirs - once[site]) / slope).flat[steepest]
        blur = 8 * np.finfo(theirs.dtype).eps * np.abs(theirs).max() / np.abs(slope).max()
        if np.isfinite(rate):
            yield _plainest(float(rate), rule.learning_rate, float(blur))


def _with_rate(observed: Observed, step: int, rate: float) -> Record:
    network = observed.ground.honest.network
    rule: Any = replace(network.optimizer, learning_rate=rate)  # type: ignore[type-var]
    return observed.ground.locked_step(ScratchTrainer(replace(network, optimizer=rule)), step)


def _plainest(rate: float, usual: float, blur: float) -> float:
    """Return what somebody may have written, no further away than that.

    A number of a few digits; or the usual rate times a fraction, such as a third; or more digits.
    """
    *few, many = (float(f"{rate:.{digits}g}") for digits in (1, 2, 3, 4, 15))
    part = Fraction(rate / usual).limit_denominator(_LARGEST_PART)
    fraction = usual * part.numerator / part.denominator
    return next((r for r in (*few, fraction, many) if abs(r - rate) <= blur), rate)
