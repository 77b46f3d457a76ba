"""The room that words take in a chart, and how they are made to fit. Widths are estimates, rather too large."""

import unicodedata

from cnnsearch.reports.inert import visible

SIZE = 11.5
"""Units that ordinary text is high; a chart is 720 wide."""
NAME = 13.6
"""The size in which ordinary text would be as long as the bold names of axes are."""
_NARROW, _WIDE = frozenset("iljtfrI.,:;|!'()[] -/\\"), frozenset("mwMW@%&")


def width(text: str, size: float = SIZE) -> float:
    """About how many units a text is long, written in DejaVu Sans, the widest of the fonts it is shown in."""
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.4
    if character in _WIDE:
        return 0.98
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return 1.05
    return 0.7 if character.isupper() else 0.64


def fitted(text: str, room: float, size: float = SIZE) -> str:
    """The text, or its beginning and its end with an ellipsis between, so that it takes at most so many units.

    Both ends stay, since long names such as those of parameters and classes often differ at either.
    """
    shown = visible(text)
    if width(shown, size) <= room:
        return shown
    for kept in range(len(shown) - 1, 1, -1):
        short = f"{shown[: kept - kept // 2]}…{shown[len(shown) - kept // 2 :]}"
        if width(short, size) <= room:
            return short
    return "…"
