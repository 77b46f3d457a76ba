"""How numbers stand at an axis: as short as they can be, and all of one axis alike."""

import math

_LARGE = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def numeral(value: float, step: float) -> str:
    """A number at an axis whose numbers are `step` apart: `0.85`, `1.5k`, `2e-05`."""
    if value == 0:
        return "0"
    size = max(abs(value), step)
    if size >= 1e15 or step < 1e-4:
        digits = max(0, math.floor(math.log10(abs(value))) - math.floor(math.log10(step) + 1e-9))
        return f"{value:.{min(digits, 15)}e}".replace("e+0", "e+").replace("e-0", "e-")
    for unit, letter in _LARGE:
        if size >= 10_000 and size >= unit:
            return f"{value / unit:.{_decimals(step / unit)}f}{letter}"
    return f"{value:.{_decimals(step)}f}"


def _decimals(step: float) -> int:
    """As many as it takes to tell multiples of a round step."""
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else int(step % 1 > 1e-9)


def power(value: float) -> str:
    """A number of a logarithmic axis: `0.01`, `500`, `20k`, `1e-5`."""
    if 1e-3 <= value < 1e12:
        return f"{value:.10g}" if value < 10_000 else numeral(value, value)
    return f"{value:.3g}".replace("e+0", "e+").replace("e-0", "e-")


def four_digits(value: float) -> str:
    """A number in a tooltip or a caption, in four digits: `0.9312`, `-12.3`."""
    return f"{value:.4g}"
