"""Measure how far apart two stacks of arrays are: NumPy only, several steps at a time."""

from typing import NamedTuple

import numpy as np

from comparisons.verdicts.tolerances import Given
from comparisons.verdicts.values import Array, Series


class Distance(NamedTuple):
    """Where each step's largest difference is, and how large: all arrays are (steps,).

    ``place`` is where it stands in the flattened array; ``allowed`` is what a given tolerance
    allows there, or 0 where the budget is measured. ``same_bits`` says whether the whole array
    is the same, bit for bit; ``finite`` whether all its values are finite on both sides;
    ``alike`` whether those that are not are the same infinities and NaNs in the same places.
    """

    difference: Array
    place: Array
    candidate: Array
    reference: Array
    allowed: Array
    magnitude: Array
    same_bits: Array
    finite: Array
    alike: Array

    def until(self, steps: int) -> "Distance":
        """Return the first steps only."""
        return Distance(*(column[:steps] for column in self))


def distance(candidate: Series, reference: Series, tolerance: Given | None) -> Distance:
    """Measure ``candidate`` against ``reference``, both (steps, …) and of one dtype."""
    if isinstance(candidate, list):
        room = np.empty((1, candidate[0].size), candidate[0].dtype)
        pairs = zip(candidate, reference, strict=True)
        each = [_largest(c.reshape(1, -1), r.reshape(1, -1), tolerance, room) for c, r in pairs]
        place, magnitude = (np.concatenate(column) for column in zip(*each, strict=True))
    else:
        rows = (
            candidate.reshape(len(candidate), -1),
            np.asarray(reference).reshape(len(candidate), -1),
        )
        place, magnitude = _largest(*rows, tolerance, np.empty_like(rows[0]))
    c, r = _values(candidate, place), _values(reference, place)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(c - r)
    allowed = np.zeros(len(place)) if tolerance is None else tolerance.bound(r)
    finite = np.isfinite(difference) & np.isfinite(magnitude)
    alike, same_bits = finite.copy(), difference == 0
    for t in np.flatnonzero(~finite):
        ours, theirs = np.ravel(candidate[t]), np.ravel(reference[t])
        usual = np.isfinite(ours) & np.isfinite(theirs)
        finite[t] = usual.all()
        alike[t] = np.array_equal(ours[~usual], theirs[~usual], equal_nan=True)
        if alike[t] and not finite[t]:
            # What is finite beside the same infinities is compared like anything else.
            rest = np.zeros_like(theirs)
            rest[usual] = np.abs(ours[usual] - theirs[usual])
            bound = np.zeros(len(rest)) if tolerance is None else tolerance.bound(theirs)
            place[t] = _worst(rest, bound).argmax()
            difference[t], allowed[t] = rest[place[t]], bound[place[t]]
            magnitude[t] = np.abs(theirs[usual]).max(initial=0)
            c[t], r[t] = ours[place[t]], theirs[place[t]]
    for t in np.flatnonzero(same_bits):
        same_bits[t] = candidate[t].tobytes() == reference[t].tobytes()
    return Distance(difference, place, c, r, allowed, magnitude, same_bits, finite, alike)


def _largest(c: Array, r: Array, tolerance: Given | None, room: Array) -> tuple[Array, Array]:
    """Return where each row's largest difference is, and the size of its largest value.

    All are (steps, values). With a tolerance, the largest is that nearest to its own bound.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        apart = np.abs(np.subtract(c, r, out=room), out=room)
        magnitude = np.maximum(r.max(axis=1), -r.min(axis=1))
        # argmax finds a NaN first, and infinities next: what is not finite always shows.
        place = apart.argmax(axis=1)
        if tolerance is not None:
            finite = np.isfinite(apart).all(axis=1)
            place = np.where(finite, _worst(apart, tolerance.bound(r)).argmax(axis=1), place)
    return place, magnitude


def _worst(apart: Array, bound: Array) -> Array:
    """Return what is largest where a difference is worst: it, or how much of its bound it takes."""
    if not bound.any():
        return apart
    with np.errstate(invalid="ignore", divide="ignore"):
        worst: Array = np.where(apart > 0, apart / bound, 0)
    return worst


def _values(series: Series, place: Array) -> Array:
    """Return one value of each step."""
    return np.array([array.flat[i] for array, i in zip(series, place.tolist(), strict=True)])


def largest_difference(one: Series, other: Series) -> Array:
    """Return the largest difference of each step, (steps,)."""
    with np.errstate(invalid="ignore", over="ignore"):
        if isinstance(one, list):
            room = np.empty(other[0].shape, np.result_type(one[0], other[0]))
            apart = (np.subtract(a, b, out=room) for a, b in zip(one, other, strict=True))
            return np.array([max(np.fmax.reduce(a, None), -np.fmin.reduce(a, None)) for a in apart])
        # Where both are the same infinity the difference is no number: the rest still counts.
        rows = (one - other).reshape(len(other), -1)
        largest: Array = np.maximum(np.fmax.reduce(rows, axis=1), -np.fmin.reduce(rows, axis=1))
        return largest
