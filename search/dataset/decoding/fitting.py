"""Brings a picture to the size that a network takes: stretched, cut, or between black bars."""

from PIL import Image, ImageOps

from cnnsearch.spaces.sections.data import Resize

_FILTER = Image.Resampling.BILINEAR
"""Pillow's filter widens with the reduction, so that no pixel of the original is passed over."""


def fitted(image: Image.Image, height: int, width: int, resize: Resize) -> Image.Image:
    """The picture in height x width pixels, antialiased.

    `stretch` ignores its shape, `crop` cuts off both ends of what is too long, `pad` adds black bars on both sides of
    what is too short: Pillow's `resize`, `ImageOps.fit` and `ImageOps.pad`.
    """
    if resize == "crop":
        return ImageOps.fit(image, (width, height), _FILTER)
    if resize == "pad":
        return _padded(image, height, width)
    return image.resize((width, height), _FILTER)


def _padded(image: Image.Image, height: int, width: int) -> Image.Image:
    """As `ImageOps.pad`, which fails where a side of the picture would become less than half a pixel."""
    scale = min(width / image.width, height / image.height)
    if min(image.width, image.height) * scale >= 1:
        return ImageOps.pad(image, (width, height), _FILTER, color=0)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    bars = Image.new(image.mode, (width, height))
    bars.paste(image.resize(inner, _FILTER), ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return bars
