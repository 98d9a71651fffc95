"""Numbers in text: those that prose quotes, and those that a page and a new run both print."""

import io
import math
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

#: How far apart, relatively, a page's number and a new run's may be.
RELATIVE = 1e-6

# Not inside a name (W1) or a version (3.15.1). A minus may be typed or set.
_NUMBER = re.compile(
    r"(?<![\w.])[-−+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(?:[eE][-−+]?\d+)?(?!\w|\.\d)"
)


@dataclass(frozen=True)
class Quoted:
    """A number as it stands in a text."""

    text: str

    @property
    def value(self) -> Decimal:
        """What it says."""
        return Decimal(self.text.replace(",", "").replace("−", "-"))

    @property
    def unit(self) -> Decimal:
        """One in its last written place."""
        exponent = self.value.as_tuple().exponent
        return Decimal(1).scaleb(int(exponent))

    @property
    def is_measured(self) -> bool:
        """Whether it must have been computed: a point and three digits, or an exponent."""
        mantissa = re.split("[eE]", self.text)[0]
        digits = sum(map(str.isdigit, mantissa))
        return mantissa != self.text or ("." in mantissa.rstrip(".") and digits >= 3)

    @property
    def is_signed(self) -> bool:
        """Whether it is written with a minus: without one, prose may mean the size alone."""
        return self.text[0] in "-−"

    def rounds(self, printed: "Quoted") -> bool:
        """Return whether this is ``printed``, rounded to the places that this has."""
        value = printed.value if self.is_signed else abs(printed.value)
        return abs(self.value - value) <= self.unit / 2


def quoted(text: str) -> Iterator[Quoted]:
    """Return the numbers of a text in order."""
    return (Quoted(match[0]) for match in _NUMBER.finditer(text))


def written(code: str) -> Iterator[Quoted]:
    """Yield the numbers that stand in Python code, those in strings and comments left out."""
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NUMBER:
            yield from quoted(token.string.replace("_", ""))


def unfounded(prose: str, printed: Iterable[str], codes: Iterable[str]) -> list[str]:
    """Return the measured numbers of some prose that nothing printed and no code has.

    A quote may be rounded; a number from the code must be the same.
    """
    outputs = [number for text in printed for number in quoted(text)]
    constants = {abs(number.value) for code in codes for number in written(code)}
    return [
        number.text
        for number in quoted(prose)
        if number.is_measured
        and abs(number.value) not in constants
        and not any(map(number.rounds, outputs))
    ]


def alike(page: str, fresh: str, *, last_digits: bool = False) -> bool:
    """Return whether a line of a page and the line that a new run prints say the same.

    The words must be the same and the numbers within ``RELATIVE``. Where a lesson is about the
    last digits, which differ from one processor to the next, spaces do not count and numbers
    agree within a factor of ten, or when both are below ``RELATIVE``.
    """
    words = [_NUMBER.sub("#", line) for line in (page, fresh)]
    if last_digits:
        words = [" ".join(line.split()) for line in words]
    if words[0] != words[1]:
        return False
    pairs = zip(quoted(page), quoted(fresh), strict=True)
    near = _similar if last_digits else _same
    return all(near(float(a.value), float(b.value)) for a, b in pairs)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=RELATIVE)


def _similar(a: float, b: float) -> bool:
    return max(abs(a), abs(b)) <= RELATIVE or (a * b > 0 and 0.1 <= a / b <= 10)
