"""Sources that a library or a file of arrays gives whole, images and labels at once."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnsearch.search.dataset.sources.files import Files, Listing
from cnnsearch.search.dataset.sources.layout import Layout

OFFLINE_VARIABLE = "CNNSEARCH_OFFLINE"


def is_offline() -> bool:
    """Whether the person forbids downloads."""
    return os.environ.get(OFFLINE_VARIABLE) == "1"


@dataclass(frozen=True)
class LoadedFiles:
    """Images that `load(name)` gives with their labels, when they are first asked for."""

    load: Callable[[str], tuple[Files, Layout]]
    name: str

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the images out of a pickle; the copy loads them anew."""
        return {"load": self.load, "name": self.name}

    @cached_property
    def _loaded(self) -> tuple[Files, Layout]:
        return self.load(self.name)

    @property
    def layout(self) -> Layout:
        """All images with their labels and parts; raises DataError as `load` does."""
        return self._loaded[1]

    def listing(self) -> Listing:
        """One path for each image; raises DataError as `load` does."""
        return self._loaded[0].listing()

    def read(self, path: str) -> bytes:
        """One image as a file."""
        return self._loaded[0].read(path)
