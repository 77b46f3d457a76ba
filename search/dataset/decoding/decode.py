"""The one decoder: from an image file's bytes to the pixels that caches, training and predictions all see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnsearch.search.dataset.decoding.fitting import fitted
from cnnsearch.search.dataset.decoding.opening import FORMATS, opened_image, quiet_pillow
from cnnsearch.search.dataset.decoding.seen import seen
from cnnsearch.spaces.sections.data import Resize

__all__ = [
    "DECODER_VERSION",
    "FORMATS",
    "THUMBNAIL_SIDE",
    "Decoded",
    "Resize",
    "Shape",
    "decode",
    "decode_image",
    "opened_image",
    "quiet_pillow",
    "thumbnail_of",
]

Shape = tuple[int, int, int]
"""(height, width, channels); one channel is grey, three are red, green and blue."""

DECODER_VERSION = 2
"""Raised whenever the same bytes give other pixels, so that old caches are not taken for new ones."""

THUMBNAIL_SIDE = 32
"""Pixels on each side of a thumbnail."""


@dataclass(frozen=True)
class Decoded:
    """What one decoding of an image file gives.

    Attributes:
        pixels: the picture in the size that was asked for, shape (height, width, channels).
        thumbnail: the whole picture in grey, shape (32, 32), whatever size was asked for: near duplicates are alike
            in it.
    """

    pixels: NDArray[np.uint8]
    thumbnail: NDArray[np.uint8]


def decode(content: bytes, shape: Shape, resize: Resize = "stretch") -> Decoded:
    """The picture as a person sees it, brought to (height, width, channels) with antialiasing, and its thumbnail.

    Raises:
        UnreadableImage: the bytes are no whole image of a known format, or one of too many pixels.
    """
    with opened_image(content) as image:
        picture = seen(image)
        return Decoded(_pixels(picture, shape, resize), thumbnail_of(picture))


def decode_image(content: bytes, shape: Shape, resize: Resize = "stretch") -> NDArray[np.uint8]:
    """The pixels of `decode`, without a thumbnail.

    Raises:
        UnreadableImage: as `decode`.
    """
    with opened_image(content) as image:
        return _pixels(seen(image), shape, resize)


def thumbnail_of(picture: Image.Image) -> NDArray[np.uint8]:
    """A picture as `seen` gives it, in grey, stretched by a box filter to shape (32, 32)."""
    side = THUMBNAIL_SIDE
    return np.asarray(picture.convert("L").resize((side, side), Image.Resampling.BOX))


def _pixels(picture: Image.Image, shape: Shape, resize: Resize) -> NDArray[np.uint8]:
    height, width, channels = shape
    colored = picture.convert("L" if channels == 1 else "RGB")
    return np.asarray(fitted(colored, height, width, resize)).reshape(shape)
