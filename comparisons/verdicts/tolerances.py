"""How much a site may differ: measured from twins, or given by the user."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

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

    def __post_init__(self) -> None:
        """Refuse a factor that would let everything pass, or nothing."""
        _refuse_unless("factor", self.factor, above=0)


@dataclass(frozen=True)
class Given:
    """``|candidate - reference| <= atol + rtol * |reference|``, element by element."""

    rtol: float
    atol: float
    factor: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        """Refuse what is not a tolerance."""
        _refuse_unless("rtol", self.rtol)
        _refuse_unless("atol", self.atol)

    def bound(self, reference: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what each element of the reference allows."""
        allowed: npt.NDArray[Any] = self.atol + self.rtol * np.abs(reference)
        return allowed


Tolerance = Measured | Given


def _refuse_unless(name: str, value: object, above: float | None = None) -> None:
    """Raise ``ValueError`` for what is no finite number from 0 on, or ``above`` one."""
    number = isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(float(value))
    if not number or not (value >= 0 if above is None else value > above):  # type: ignore[operator]
        wanted = "0 or a positive number" if above is None else "a finite number above 0"
        message = f"{name} must be {wanted}, received {value!r}"
        raise ValueError(message)
