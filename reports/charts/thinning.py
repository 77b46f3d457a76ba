"""Which of very many marks are drawn: some, spread evenly, and it is told how many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
MOST_LINES, MOST_DOTS = 300, 1000
"""More than these make a page slow and a picture full, and show nothing more."""


@dataclass(frozen=True)
class Thinned(Generic[T]):
    """Some of many.

    Attributes:
        kept: what is drawn, in its order.
        of: how many there were.
    """

    kept: tuple[T, ...]
    of: int

    @property
    def told(self) -> str:
        """`300 of 10,000 drawn, spread evenly over the ranking.`; empty where all are."""
        if len(self.kept) == self.of:
            return ""
        return f"{len(self.kept):,} of {self.of:,} drawn, spread evenly over the ranking."


def thinned(things: Sequence[T], most: int) -> Thinned[T]:
    """At most so many of the things, the first and the last among them, at even distances; `most` is at least 2."""
    count = len(things)
    if count <= most:
        return Thinned(tuple(things), count)
    places = [round(index * (count - 1) / (most - 1)) for index in range(most)]
    return Thinned(tuple(things[place] for place in places), count)
