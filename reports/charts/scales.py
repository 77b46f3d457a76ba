"""From values to places on an axis: a scale says where a value lies, from 0 to 1, and what is written there."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cnnsearch.reports.charts.numerals import numeral, power
from cnnsearch.reports.wording import value_text
from cnnsearch.spaces.duration import format_duration
from cnnsearch.spaces.values import Scalar

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800)


@dataclass(frozen=True)
class Tick:
    """A value that is written at an axis.

    Attributes:
        share: where it lies, from 0 to 1.
        text: how it is written.
    """

    share: float
    text: str


class Scale(Protocol):
    """Where values lie along an axis."""

    def share(self, value: Scalar) -> float:
        """Where a value lies: 0 for the low end, 1 for the high one; what lies beyond is put at the end."""

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """At most about so many values to write at it, in order."""


@dataclass(frozen=True)
class Linear:
    """From low to high, low < high; both finite. `whole` numbers such as counts have no values written between them."""

    low: float
    high: float
    whole: bool = False

    def share(self, value: Scalar) -> float:
        """Where a number lies."""
        return _clamped((number(value) / 2 - self.low / 2) / (self.high / 2 - self.low / 2))

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """Multiples of 1, 2 or 5 times a power of ten."""
        step = round_step(max(self.high / most - self.low / most, float(self.whole)))
        return tuple(Tick(self.share(value), numeral(value, step)) for value in multiples(self.low, self.high, step))


@dataclass(frozen=True)
class Log:
    """From low to high by equal factors, 0 < low < high."""

    low: float
    high: float

    def share(self, value: Scalar) -> float:
        """Where a positive number lies; others lie at the low end."""
        found = number(value)
        if found <= 0:
            return 0.0
        return _clamped((math.log(found) - math.log(self.low)) / (math.log(self.high) - math.log(self.low)))

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """Powers of ten, with 2 and 5 times them where there is room; within a decade, as on a linear axis."""
        for factors, every in ((1, 2, 5), 1), ((1, 3), 1), *(((1,), every) for every in (1, 2, 3, 5, 10, 25, 50, 100)):
            found = self._powers(factors, every)
            if len(found) <= most:
                break
        if len(found) < 2:
            step = round_step((self.high - self.low) / most)
            found = [value for value in multiples(self.low, self.high, step) if value > 0]
            return tuple(Tick(self.share(value), numeral(value, step)) for value in found)
        return tuple(Tick(self.share(value), power(value)) for value in found)

    def _powers(self, factors: Sequence[int], every: int) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        exponents = [exponent for exponent in range(first, last + 1) if exponent % every == 0]
        found = [float(f"{factor}e{exponent}") for exponent in exponents for factor in factors]
        return [value for value in found if self.low * (1 - 1e-9) <= value <= self.high * (1 + 1e-9)]


@dataclass(frozen=True)
class Duration:
    """Seconds from low to high, 0 <= low < high, written as `1h30m`."""

    low: float
    high: float

    def share(self, value: Scalar) -> float:
        """Where a number of seconds lies."""
        return Linear(self.low, self.high).share(value)

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """Round numbers of seconds, minutes, hours or days."""
        least = (self.high - self.low) / most
        step = next((step for step in _SECONDS if step >= least), None) or 86_400 * round_step(least / 86_400)
        step = step if least > 0.5 else round_step(least)
        return tuple(Tick(self.share(at), _seconds(at, step)) for at in multiples(self.low, self.high, step))


def _seconds(value: float, step: float) -> str:
    if value == 0:
        return "0"
    return format_duration(round(value)) if step >= 1 else f"{numeral(value, step)}s"


@dataclass(frozen=True)
class Categories:
    """Some values side by side, in their order, each in the middle of its part."""

    values: tuple[Scalar, ...]

    def share(self, value: Scalar) -> float:
        """Where a value lies.

        Raises:
            ValueError: it is none of them.
        """
        names = [value_text(each) for each in self.values]
        return (names.index(value_text(value)) + 0.5) / len(names)

    def ticks(self, most: int) -> tuple[Tick, ...]:
        """All, or every second, third ... of them."""
        every = max(1, math.ceil(len(self.values) / max(1, most)))
        return tuple(Tick(self.share(value), value_text(value)) for value in self.values[::every])


def number(value: Scalar) -> float:
    """A value as a number.

    Raises:
        TypeError: it is none.
    """
    if value is None or isinstance(value, str):
        raise TypeError(f"an axis of numbers has no place for {value!r}")
    return float(value)


def _clamped(share: float) -> float:
    return min(1.0, max(0.0, share))


def round_step(least: float) -> float:
    """The least of 1, 2, 5, 10, 20 ... times a power of ten that is not under `least`, which is positive."""
    exponent = math.floor(math.log10(least)) if least > 0 else -300
    for mantissa in (1, 2, 5):
        step = float(f"{mantissa}e{exponent}")
        if step >= least * (1 - 1e-9):
            return step
    return float(f"1e{exponent + 1}")


def multiples(low: float, high: float, step: float) -> list[float]:
    """The multiples of a step from low to high; both ends count where they are some, but for rounding."""
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [float(f"{index * step:.12g}") for index in range(first, min(last, first + 1000) + 1)]


def finite(values: Iterable[float | None]) -> list[float]:
    """Those that are numbers, neither NaN nor infinite."""
    return [value for value in values if value is not None and math.isfinite(value)]


def linear_over(
    values: Iterable[float | None], *, margin: float = 0.04, least: float | None = None, whole: bool = False
) -> Linear:
    """A linear scale around all finite values, with some room at both ends; 0 to 1 without any.

    Args:
        values: what shall have a place.
        margin: room at each end, as a share of what lies between.
        least: the low end goes no further down; such as 0, for counts.
        whole: whether only whole numbers are written at it.
    """
    known = finite(values)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    room = (high - low) * margin or abs(high) * 0.05 or 0.5
    room = room if math.isfinite(room) else 0.0
    bottom = low - room if least is None or low - room >= least else min(least, low)
    return Linear(bottom, high + room, whole)


def log_over(values: Iterable[float | None], margin: float = 0.04) -> Log:
    """A logarithmic scale around all positive finite values, with some room at both ends; 1 to 10 without any."""
    known = [value for value in finite(values) if value > 0]
    low, high = (min(known), max(known)) if known else (1.0, 10.0)
    room = max((math.log(high) - math.log(low)) * margin, 0.02)
    return Log(max(low * math.exp(-room), 1e-300), min(high * math.exp(room), 1e300))


def duration_over(values: Iterable[float | None]) -> Duration:
    """Seconds from 0 to the longest; to 1 without any."""
    longest = max([value for value in finite(values) if value > 0], default=1.0)
    return Duration(0.0, longest * 1.02)
