"""The sample that comes with scikit-learn: 1,797 real handwritten digits of 8 x 8 grey pixels.

E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
"""

import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from cnnsearch.search.dataset.sources.files import Listing

INK_LEVELS = 16


@dataclass(frozen=True)
class DigitFiles:
    """The digits as if they were image files in class folders, so that they go the way of every other image."""

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the images out of a pickle; the copy loads them anew."""
        return {}

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        from sklearn.datasets import load_digits  # a second of importing that other sources need not wait for

        digits = load_digits()
        return {
            f"{label}/{number:04d}.bmp": _bitmap(ink)
            for number, (label, ink) in enumerate(zip(digits.target, digits.images, strict=True))
        }

    def listing(self) -> Listing:
        """One path for each digit, such as `7/0042.bmp`."""
        return Listing(tuple(self._contents))

    def read(self, path: str) -> bytes:
        """The digit as a grey bitmap of 8 x 8 pixels: without compression, its hash is the same everywhere."""
        return self._contents[path]


def _bitmap(ink: "np.ndarray[Any, np.dtype[np.float64]]") -> bytes:
    grey = np.rint(ink * (255 / INK_LEVELS)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="BMP")
    return file.getvalue()
