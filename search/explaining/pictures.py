"""Small pictures out of numbers: grids of filters and maps, and photos with heat on them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
_QUALITY = 82
_GAP = 2
_STOPS = (0.0, 0.25, 0.5, 0.75, 1.0)
_AT_STOPS = ((20, 11, 52), (99, 26, 110), (190, 55, 82), (245, 125, 21), (252, 255, 164))
"""Of the inferno scale (S. van der Walt, N. Smith): it grows lighter evenly, and so reads in grey, too."""


def colours() -> Pixels:
    """256 colours from dark to light, (256, 3)."""
    at = np.linspace(0, 1, 256)
    bands = [np.interp(at, _STOPS, [colour[band] for colour in _AT_STOPS]) for band in range(3)]
    return np.stack(bands, axis=1).round().astype(np.uint8)


def resized(pixels: Pixels, side: int, *, smooth: bool = True) -> Pixels:
    """The same picture (height, width, 3) or (height, width) with a longer side of so many pixels."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).resize(size, way))


def in_colour(pixels: Pixels) -> Pixels:
    """A photo (height, width, 1 or 3) with three channels."""
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def heated(photo: Pixels, heat: NDArray[np.float32]) -> Pixels:
    """A photo (height, width, 3) in grey under heat (rows, columns) from 0 to 1: the hotter, the less of the photo."""
    height, width = photo.shape[:2]
    spread = Image.fromarray((255 * heat).round().astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    level = np.asarray(spread)
    grey = np.asarray(Image.fromarray(photo).convert("L"), dtype=np.float32)[..., None]
    share = 0.75 * (level / 255.0)[..., None]
    mixed: Pixels = ((1 - share) * grey + share * colours()[level]).round().astype(np.uint8)
    return mixed


def grid(tiles: Sequence[Pixels], columns: int, ground: int = 255) -> Pixels:
    """Tiles of one size (height, width, 3) or (height, width), in rows with narrow gaps."""
    columns = min(columns, len(tiles))
    height, width = tiles[0].shape[:2]
    rows = math.ceil(len(tiles) / columns)
    size = (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, *tiles[0].shape[2:])
    whole = np.full(size, ground, dtype=np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * (height + _GAP), number % columns * (width + _GAP)
        whole[top : top + height, left : left + width] = tile
    return whole


def stretched(values: NDArray[np.float32]) -> Pixels:
    """Any values as 0 to 255, the least black and the largest white; all equal ones in the middle."""
    low, high = float(values.min()), float(values.max())
    if not high > low:
        return np.full(values.shape, 127, dtype=np.uint8)
    levels: Pixels = (255 * (values - low) / (high - low)).round().astype(np.uint8)
    return levels


def save_photo(place: Path | BinaryIO, pixels: Pixels) -> None:
    """Write a photo as a small JPEG."""
    Image.fromarray(pixels).save(place, format="JPEG", quality=_QUALITY, optimize=True)


def save_drawing(place: Path | BinaryIO, pixels: Pixels) -> None:
    """Write what has hard edges as PNG; levels (height, width) get the colours from dark to light."""
    picture = Image.fromarray(pixels)
    if pixels.ndim == 2:
        picture = Image.fromarray(pixels, mode="L").convert("P")
        picture.putpalette(colours().tobytes())
    picture.save(place, format="PNG", optimize=True)
