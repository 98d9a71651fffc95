"""How much a site may differ: measured from twins, or given by the user."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Measured:
    """Within ``factor`` times the rounding budget of the whole array.

    The budget is how far the twins spread at that site and step, at least one unit roundoff of
    the array's largest value, and in a free run never less than at an earlier step. It belongs
    to an array and not to an element, as error bounds of dot products do: with few twins, one
    element's spread may be 0 by luck. ``factor`` comes from calibration on healthy networks.
    """

    factor: float = 4.0


@dataclass(frozen=True)
class Given:
    """``|candidate - reference| <= atol + rtol * |reference|``, element by element."""

    rtol: float
    atol: float
    factor: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is not a tolerance."""
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                message = f"{name} must be 0 or a positive number, received {value}"
                raise ValueError(message)

    def bound(self, reference: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what each element of the reference allows."""
        allowed: npt.NDArray[Any] = self.atol + self.rtol * np.abs(reference)
        return allowed


Tolerance = Measured | Given
