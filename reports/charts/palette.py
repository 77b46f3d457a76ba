"""The colours of charts, each for a light and for a dark ground.

Series are the colours of Okabe and Ito ("Color Universal Design", 2008), which people who do not see red and green tell
apart, too; somewhat darker on white and lighter on black. The shades of a value are one hue, from faint to strong.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """One colour, as CSS spells it."""

    light: str
    dark: str


SERIES = (
    Colour("#0072b2", "#5ab4f0"),
    Colour("#d55e00", "#ff9550"),
    Colour("#00875f", "#3cc9a0"),
    Colour("#b5569a", "#e39acb"),
    Colour("#a67c00", "#f0c94a"),
    Colour("#3d9fd6", "#a6dcff"),
    Colour("#7a4b21", "#c99a6b"),
    Colour("#6b7280", "#a0a8b5"),
)
"""For things of a kind, such as parts or classes; the ninth has the first one's colour again."""

SHADES = (
    Colour("#e3edf8", "#1d3047"),
    Colour("#cfe1f2", "#213c5c"),
    Colour("#b5d4e9", "#264a73"),
    Colour("#93c3df", "#2c5a8c"),
    Colour("#6daed5", "#346ba5"),
    Colour("#4b97c9", "#4480bd"),
    Colour("#2f7ebc", "#5c97d2"),
    Colour("#1864aa", "#7cb0e4"),
    Colour("#0a4a90", "#a0c9f3"),
    Colour("#08306b", "#c9e2ff"),
)
"""For how much of something there is, the least first."""

NAMED = {
    "card": Colour("#ffffff", "#1b212b"),
    "ink": Colour("#1c2330", "#e6eaf0"),
    "dim": Colour("#5b6472", "#a3adbc"),
    "line": Colour("#e2e6ec", "#2d3643"),
    "best": Colour("#d55e00", "#ff9550"),
    "completed": Colour("#0072b2", "#5ab4f0"),
    "stopped": Colour("#3d9fd6", "#a6dcff"),
    "pruned": Colour("#9aa3b0", "#6f7a8a"),
    "infeasible": Colour("#a67c00", "#f0c94a"),
    "failed": Colour("#c0264b", "#ff7a93"),
    "running": Colour("#00875f", "#3cc9a0"),
}
"""What a page calls the same, and how a trial stands."""
