"""A part of the page under a heading of its own."""

from dataclasses import dataclass

from cnnsearch.reports.markup import Element


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: its address within the page, such as `leaderboard`; unique.
        title: its heading.
        body: what stands under it.
    """

    anchor: str
    title: str
    body: tuple[Element, ...]
