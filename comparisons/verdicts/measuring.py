"""Measure how far apart two stacks of arrays are: NumPy only, several steps at a time."""

from typing import NamedTuple

import numpy as np

from comparisons.verdicts.evidence import Array, Series
from comparisons.verdicts.tolerances import Given


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


def distance(
    candidate: Series, reference: Series, tolerance: Given | None, *, room: Array | None = None
) -> Distance:
    """Measure ``candidate`` against ``reference``, both (steps, …) and of one dtype.

    ``room``, if given, is an array of the shape of one step to compute in.
    """
    if isinstance(candidate, list):
        room = np.empty_like(candidate[0])
        each = [
            distance(c[np.newaxis], r[np.newaxis], tolerance, room=room[np.newaxis])
            for c, r in zip(candidate, reference, strict=True)
        ]
        return Distance(*(np.concatenate(column) for column in zip(*each, strict=True)))
    reference = np.asarray(reference)
    steps = np.arange(len(reference))
    c, r = candidate.reshape(len(steps), -1), reference.reshape(len(steps), -1)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.subtract(c, r, out=None if room is None else room.reshape(c.shape))
        np.abs(apart, out=apart)
    # argmax finds a NaN first, and infinities next: what is not finite always shows.
    index = apart.argmax(axis=1)
    magnitude = np.maximum(r.max(axis=1), -r.min(axis=1))
    finite = np.isfinite(apart[steps, index]) & np.isfinite(magnitude)
    allowed = np.zeros(len(steps))
    if tolerance is not None:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            bound = tolerance.bound(r)
            ratio = np.where(apart > 0, apart / bound, 0)
        index = np.where(finite, ratio.argmax(axis=1), index)
        allowed = bound[steps, index]
    difference = apart[steps, index]
    alike = finite.copy()
    for t in np.flatnonzero(~finite):
        finite[t] = np.isfinite(c[t]).all() and np.isfinite(r[t]).all()
        alike[t] = _alike(c[t], r[t])
    same_bits = difference == 0
    for t in np.flatnonzero(same_bits):
        same_bits[t] = c[t].tobytes() == r[t].tobytes()
    values = c[steps, index], r[steps, index]
    return Distance(difference, index, *values, allowed, magnitude, same_bits, finite, alike)


def _alike(c: Array, r: Array) -> bool:
    """Return whether the values that are not finite are the same ones in the same places."""
    strange = ~(np.isfinite(c) & np.isfinite(r))
    return np.array_equal(c[strange], r[strange], equal_nan=True)


def spread(twin: Series, base: Series) -> Array:
    """Return the largest difference of each step, (steps,)."""
    with np.errstate(invalid="ignore", over="ignore"):
        if isinstance(twin, list):
            room = np.empty(base[0].shape, np.result_type(twin[0], base[0]))
            apart = (np.subtract(t, b, out=room) for t, b in zip(twin, base, strict=True))
            return np.array([max(a.max(), -a.min()) for a in apart])
        apart_each = (twin - base).reshape(len(base), -1)
        largest: Array = np.maximum(apart_each.max(axis=1), -apart_each.min(axis=1))
        return largest
