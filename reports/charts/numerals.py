"""How numbers stand at an axis: as short as they can be, and all of one axis alike."""

import math
from collections.abc import Sequence

_LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def numerals(values: Sequence[float], step: float) -> list[str]:
    """Numbers at an axis that are multiples of a step: `0.85`, `15k`, `2e-5`; 0 is `0`."""
    largest = max(map(abs, values), default=0.0)
    return ["0" if value == 0 else _numeral(value, step, largest) for value in values]


def _numeral(value: float, step: float, largest: float) -> str:
    if largest >= 1e15 or step < 1e-4:
        digits = math.floor(math.log10(abs(value)) + 1e-9) - math.floor(math.log10(step) + 1e-9)
        return _without_zeros(f"{value:.{min(max(0, digits), 15)}e}")
    unit, letter = next(((unit, letter) for unit, letter in _LARGE if largest >= max(unit, 10_000)), (1.0, ""))
    return f"{value / unit:.{_decimals(step / unit)}f}{letter}"


def _decimals(step: float) -> int:
    """As many as it takes to tell multiples of a round step."""
    return max(0, -math.floor(math.log10(step) + 1e-9))


def power(value: float) -> str:
    """A round number of a logarithmic axis: `0.01`, `500`, `20k`, `1e-5`."""
    if 1e-3 <= value < 1e12:
        return f"{value:.10g}" if value < 10_000 else numerals([value], value)[0]
    return _without_zeros(f"{value:.0e}")


def _without_zeros(text: str) -> str:
    return text.replace("e+0", "e+").replace("e-0", "e-")


def four_digits(value: float) -> str:
    """A number in a tooltip or a caption, in four digits: `0.9312`, `-12.3`."""
    return f"{value:.4g}"
