"""Numbers and names as words: short, with a real minus sign."""

import math
from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def short(value: float, digits: int = 4) -> str:
    """Return a number in a few significant digits: ``0.32``, ``−11.78``, ``1.2e−16``."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    written = f"{value:.{digits}g}"
    mantissa, e, exponent = written.partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−")


def cells(values: Sequence[float], digits: int = 6) -> list[str | float]:
    """Return numbers for a table: in few digits, but in as many as it takes to tell them apart.

    Two that are equal in every bit look it, and two that are not do not. One that is not finite
    is a word.
    """
    finite = {value for value in values if math.isfinite(value)}
    enough = next(
        n for n in range(digits, 18) if len({f"{v:.{n}g}" for v in finite}) == len(finite)
    )
    return [cell(value, enough) for value in values]


def cell(value: float, digits: int = 6) -> str | float:
    """Return a number for a table, rounded; as a word if it is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else short(value)


def power_of_ten(exponent: int) -> str:
    """Return ``10⁻¹⁶``."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(_RAISED)


def subscript(number: int) -> str:
    """Return ``₁₂``."""
    return str(number).translate(_LOWERED)


def counted(number: int, noun: str) -> str:
    """Return ``1 step``, ``1,500 steps``."""
    plural = noun + ("es" if noun.endswith(("s", "x")) else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def cut(words: str, width: float, size: float) -> str:
    """Return as much of the words as fits a width at a size of type, with a sign of what went.

    The middle goes: names of layers differ at their ends.
    """
    most = max(int(width / (0.58 * size)), 3)
    if len(words) <= most:
        return words
    end = (most - 1) // 2
    return f"{words[: most - 1 - end]}…{words[len(words) - end :]}"


def spanned(low: float, high: float) -> str:
    """Return ``between 1 and 2``, or ``at 1`` where both are the same in few digits."""
    first, last = short(low), short(high)
    return f"at {first}" if first == last else f"between {first} and {last}"


def listed(words: list[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
