"""Arrays as safetensors and back, trusting nothing that is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors import SafetensorError
from safetensors.numpy import save

from comparisons.traces.errors import RecordingError

Array = npt.NDArray[Any]

#: The dtypes that a recording may hold, by their names in safetensors; little-endian.
DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}


def encode(arrays: Mapping[str, Array]) -> bytes:
    """Return a safetensors file; the same arrays give the same bytes."""
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def decode(data: bytes, path: Path) -> dict[str, Array]:
    """Return the arrays of a safetensors file, read-only.

    Raises ``RecordingError``, naming ``path``, for what is no such file or holds other dtypes.
    """
    # Without types: a list of names, each with its dtype, shape and bytes.
    read: Any = safetensors.deserialize
    try:
        found = read(data)
    except SafetensorError as error:
        message = f"{path} is not a safetensors file ({error}): record again"
        raise RecordingError(message) from error
    arrays = {}
    for name, tensor in found:
        if tensor["dtype"] not in DTYPES:
            message = (
                f"{path} holds {name!r} as {tensor['dtype']}, and a recording "
                f"has only {', '.join(DTYPES)}: record again"
            )
            raise RecordingError(message)
        stored = np.frombuffer(tensor["data"], DTYPES[tensor["dtype"]]).reshape(tensor["shape"])
        array = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        array.flags.writeable = False
        arrays[name] = array
    return arrays
