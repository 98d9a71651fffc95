"""What is said of a problem that cannot be run as it stands."""

import reprlib
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class ProblemError(ValueError):
    """A problem that cannot be run as it stands; the message says what to mend."""


def refusal(problem: object, sentence: object) -> ProblemError:
    """Return the error that refuses a problem, by its name, in one line."""
    return ProblemError(f"problem {problem!r}: {' '.join(str(sentence).split())}")


def seen(value: object) -> str:
    """Return in a few words what was received: ``None``, ``'3'``, ``a list of 2``."""
    if value is None or isinstance(value, str | bool | int | float | np.generic):
        return reprlib.repr(value)
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    kind = type(value).__name__
    size = f" of {len(value)}" if isinstance(value, list | tuple) else ""
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}{size}"


def is_count(value: object) -> bool:
    """Return whether this is a whole number from 1 on."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def numbers(problem: object, name: str, values: object) -> Array:
    """Return the values as an array of numbers; raises ``ProblemError`` for anything else."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise refusal(
            problem, f"{name} must be an array, received rows of unequal length"
        ) from None
    if array.dtype.kind in "biuf":
        return array
    if array.ndim:
        raise refusal(problem, f"{name} must hold numbers, received {array.dtype} values")
    raise refusal(
        problem,
        f"{name} must be an array of numbers, received {seen(values)}: give a list or NumPy array",
    )
