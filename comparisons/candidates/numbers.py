"""Numbers that a candidate hands back, as arrays of our own."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class MisfitError(ValueError):
    """Something returned is not what it should be; the message says what was got and wanted."""


def numbers(value: Any, dtype: str, what: str) -> Array:
    """Return a copy of what should be floats; ``what`` names it in the error.

    NumPy's floats keep their dtype; numbers and lists of Python's own become ``dtype``. Raises
    ``MisfitError`` for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple):
        array = _array(value, what)
        if array.dtype.kind != "f":
            raise MisfitError(f"{what} holds {_kind(array, value)}, and floats were wanted")
        return np.array(array)
    array = _array(value, what)
    if array.dtype.kind not in "if":
        raise MisfitError(f"{what} holds {_kind(array, value)}, and floats were wanted")
    own = isinstance(value, list | tuple) and _holds_numpy(value)
    return array.astype(array.dtype if own and array.dtype.kind == "f" else dtype)


def _array(value: Any, what: str) -> Array:
    try:
        return np.asarray(value)
    except Exception as error:  # an array of another library has reasons of its own
        said = " ".join(str(error).split())[:200]
        why = "its rows have unequal lengths" if "inhomogeneous" in said else said
        raise MisfitError(f"{what} is no array: {why}") from error


def _kind(array: Array, value: Any) -> str:
    if array.dtype.kind == "O":
        return f"{type(value).__name__ if array.ndim == 0 else 'object'} values"
    return f"{array.dtype} values"


def _holds_numpy(value: Any) -> bool:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return isinstance(value, np.generic | np.ndarray)


def shaped(array: Array, shape: tuple[int, ...], what: str) -> Array:
    """Return the array in a shape that holds the same numbers but for axes of length 1.

    Raises ``MisfitError`` where the lengths in order, without the ones, are others.
    """
    if array.shape == shape:
        return array
    if [n for n in array.shape if n != 1] != [n for n in shape if n != 1]:
        raise MisfitError(f"{what} has shape {array.shape}, and {shape} was wanted")
    return array.reshape(shape)
