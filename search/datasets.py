"""The decoded images of a search: one dataset for each image size that its trials draw, made when first asked for."""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.space import Space

_ASK = 0.5
"""Seconds after which whoever waits is asked whether that is in vain."""


class Unwanted(Exception):
    """Nobody waits any more for the images that are being decoded."""


class Datasets:
    """Prepares datasets and remembers them; many slots may ask at once, and those for one size wait for each other.

    Args:
        cache: where decoded images are kept; None for the user's cache folder.
        progress: called with (images decoded, images in all) while images are decoded.
        told: called with a line that says where newly decoded images are kept, and what they take.
    """

    def __init__(
        self,
        cache: Path | None,
        progress: Callable[[int, int], None] | None = None,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self._cache, self._progress, self._told = cache, progress, told
        self._known: dict[tuple[int, ...], Dataset] = {}
        self._turns = defaultdict[tuple[int, ...], threading.Lock](threading.Lock)

    def of(self, data: Data, given_up: Callable[[], bool] = lambda: False) -> Dataset:
        """The dataset of a configuration's data section.

        `given_up` is asked again and again, while images are decoded or waited for, whether that is in vain.

        Raises:
            CnnSearchError: the source cannot be read, or there is no room for the decoded images.
            Unwanted: it is in vain.
        """

        def wanted() -> None:
            if given_up():
                raise Unwanted

        def progress(done: int, total: int) -> None:
            wanted()
            if self._progress:
                self._progress(done, total)

        size = tuple(data.image_size)
        if size not in self._known:
            with _held(self._turns[size], wanted):
                if size not in self._known:
                    self._known[size] = prepare_dataset(data, self._cache, progress, self._told, wanted)
        return self._known[size]

    def first_of(self, space: Space) -> Dataset:
        """The dataset of one draw of a space: its classes, split and fingerprint are those of every draw."""
        return self.of(space.configuration(draw(space, random.Random(0))).data)


@contextmanager
def _held(turn: threading.Lock, wanted: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a size; `wanted` ends the wait for it, however long another slot decodes."""
    while not turn.acquire(timeout=_ASK):
        wanted()
    try:
        wanted()
        yield
    finally:
        turn.release()
