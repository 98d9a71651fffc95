"""Numbers as JSON has them: in full where they are values, shorter where they are measures."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Arrays of more elements than this are summed up in three numbers, not shown.
WIDE = 1024
#: How many digits are kept of what was measured: differences, budgets, multiples.
_DIGITS = 4


def number(value: float) -> float | str:
    """Return a number in full; one that is not finite as the word for it."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def measure(value: float) -> float | str:
    """Return a number with as many digits as a measurement deserves."""
    return number(float(f"{float(value):.{_DIGITS}g}"))


def numbers(array: Array) -> Any:
    """Return an array as nested lists, whatever its dtype; a scalar as a number."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return _worded(array.tolist())
    # Whole numbers and truth values are JSON as they are; long doubles are not.
    return array.astype(np.float64).tolist() if array.dtype.kind == "f" else array.tolist()


def _worded(values: Any) -> Any:
    if isinstance(values, list):
        return [_worded(value) for value in values]
    return number(values)


def norms(array: Array) -> dict[str, float | str]:
    """Return what is said of a wide array: its smallest, its largest value and its 2-norm."""
    with np.errstate(all="ignore"):
        values = array.astype(np.float64)
        return {
            "min": number(values.min()),
            "max": number(values.max()),
            "norm": number(np.sqrt(np.square(values).sum())),
        }
