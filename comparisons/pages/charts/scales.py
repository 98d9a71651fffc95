"""Scales: from a value to a place in the picture, with ticks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from comparisons.pages.charts.numbers import power_of_ten, short

Tick = tuple[float, str]


@dataclass(frozen=True)
class Linear:
    """Values from ``low`` to ``high`` at places from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        # Halves, so that neither difference overflows.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int) -> list[Tick]:
        """Return at most ``most`` round values with their labels."""
        step = _round_step(self.high / most - self.low / most)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [k * step for k in range(first, last + 1)]
        largest = max((abs(value) for value in values), default=0)
        if largest >= 1e5 or largest < 1e-3:
            digits = 1 + math.ceil(math.log10(max(largest, step) / step))
            return [(value, short(value, digits)) for value in values]
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(value, f"{value + 0.0:.{decimals}f}".replace("-", "−")) for value in values]


@dataclass(frozen=True)
class Log:
    """Powers of ten from ``low`` to ``high`` (exponents) at places from ``start`` to ``end``."""

    low: int
    high: int
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a positive value."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int) -> list[Tick]:
        """Return at most ``most`` powers of ten with their labels."""
        step = max(1, math.ceil((self.high - self.low + 1) / most))
        exponents = [k for k in range(self.low, self.high + 1) if k % step == 0]
        return [(10.0**k, power_of_ten(k)) for k in exponents]


Scale = Linear | Log


def linear(values: Iterable[float], start: float, end: float) -> Linear:
    """Return a scale that shows all finite values with a little room, also where they are equal."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    middle = low / 2 + high / 2
    least = max(abs(low), abs(high)) * 1e-6 or 1.0
    if high / 2 - low / 2 < least / 2:
        spread = max(abs(middle) * 0.1, 1e-300) if middle else 1.0
        low, high = middle - spread, middle + spread
    room = (high / 2 - low / 2) * 0.12
    return Linear(low - room, high + room, start, end)


def logarithmic(values: Iterable[float], start: float, end: float) -> Log:
    """Return a scale over whole decades that shows all positive finite values."""
    positive = [value for value in values if 0 < value < math.inf] or [1.0]
    low = math.floor(math.log10(min(positive)))
    high = math.ceil(math.log10(max(positive)))
    return Log(low, max(high, low + 1), start, end)


def whole(low: int, high: int, start: float, end: float) -> Linear:
    """Return a scale over numbers of steps; a single one stands in the middle."""
    return Linear(low, high, start, end) if low < high else Linear(low - 1, low + 1, start, end)


def whole_ticks(low: int, high: int, most: int) -> list[Tick]:
    """Return at most ``most`` + 1 whole numbers, the first among them."""
    step = max(1, round(_round_step((high - low) / most))) if high > low else 1
    inside = [k for k in range(low, high + 1) if k % step == 0 and k - low > step / 2]
    return [(k, f"{k:,}") for k in [low, *inside]]


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least so large."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-300)))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))
