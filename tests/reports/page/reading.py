"""Reads a page as a browser would: its texts, its elements, the data of its leaderboard."""

import json
from collections import Counter
from html.parser import HTMLParser
from typing import Any

_RAW = ("script", "style")


class Page(HTMLParser):
    """The elements of a page.

    Attributes:
        tags: how many of each there are.
        texts: what a person reads, piece by piece.
        data: the columns and rows of the leaderboard, as the script gets them.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.texts: list[str] = []
        self.data: dict[str, Any] = {}
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._open.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self._open[-1] if self._open else ("", {})
        if tag == "script" and attributes.get("id") == "trials":
            self.data = json.loads(data)
        elif tag not in _RAW:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    @property
    def text(self) -> str:
        """All that a person reads."""
        return " ".join(self.texts)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the leaderboard by their columns, each with the exact values."""
        names = [name for name, _, _ in self.data["columns"]]
        return [
            {name: cell[0] if isinstance(cell, list) else cell for name, cell in zip(names, row, strict=True)}
            for row in self.data["rows"]
        ]
