"""From one image of a source to the facts that findings are drawn from. Its pixels are forgotten at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.search.dataset.decoding.decode import opened_image, thumbnail_of
from cnnsearch.search.dataset.decoding.seen import orientation, seen
from cnnsearch.search.dataset.errors import UnreadableImage
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.dataset.sources.source import Source

Thumbnail = NDArray[np.uint8]
"""(32, 32) in grey."""

_SMALL = 32
_CLEAR_MODES = ("RGBA", "LA", "PA", "La", "RGBa")
_PNG_DEPTH = 24
"""The byte of a PNG file that holds the bits for each channel: Pillow reduces colours of 16 bits without a word."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a readable image is like.

    Attributes:
        format: of the content, in Pillow's words, such as `JPEG`.
        mode: Pillow's colour mode, such as `RGB` or `L`.
        height: in pixels, as a person sees it.
        width: the same.
        spread: between the darkest and the brightest place, in the channel where they differ most, 0 to 255.
        animated: whether it has several frames.
        turned: whether EXIF data says that it must be turned to stand upright.
        deep: whether it has 16 bits for each channel.
        clear: whether it has transparency.
    """

    format: str
    mode: str
    height: int
    width: int
    spread: int
    animated: bool = False
    turned: bool = False
    deep: bool = False
    clear: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """The facts of one file: its image, or the reason why it cannot be read.

    Attributes:
        image: path, class and part.
        size: bytes; 0 where even these cannot be read.
        content: the hash of the bytes; empty where they cannot be read.
        look: what the picture is like; None where it is unreadable.
        reason: why it is unreadable; empty where it is not.
    """

    image: LabelledImage
    size: int = 0
    content: str = ""
    look: Look | None = None
    reason: str = ""


def examine(source: Source, image: LabelledImage) -> tuple[Examined, Thumbnail | None]:
    """The facts of one image, and its thumbnail where it is readable."""
    size, content = 0, ""
    try:
        encoded = source.read(image)
        size, content = len(encoded), content_hash(encoded)
        look, thumbnail = look_at(encoded)
    except UnreadableImage as error:
        return Examined(image, size, content, reason=str(error)), None
    return Examined(image, size, content, look), thumbnail


def look_at(encoded: bytes) -> tuple[Look, Thumbnail]:
    """What the image in a file's bytes is like, decoded in full, and its thumbnail.

    Raises:
        UnreadableImage: the bytes are no whole image of a known format.
    """
    with opened_image(encoded) as image:
        kind, mode = _format(image), image.mode
        picture = seen(image)
        look = Look(
            format=kind,
            mode=mode,
            height=picture.height,
            width=picture.width,
            spread=_spread(picture),
            animated=_is_animated(image),
            turned=orientation(image) != 1,
            deep=mode.startswith("I") or (kind == "PNG" and encoded[_PNG_DEPTH] == 16),
            clear=mode in _CLEAR_MODES or "transparency" in image.info,
        )
        return look, thumbnail_of(picture)


def _format(image: Image.Image) -> str:
    """MPO is a JPEG file that some cameras append a second, smaller picture to."""
    return "JPEG" if image.format == "MPO" else image.format or ""


def _spread(picture: Image.Image) -> int:
    """Of the picture made small, where a JPEG's noise is evened out and a few odd pixels do not count."""
    small = np.asarray(picture.convert("RGB").resize((_SMALL, _SMALL), Image.Resampling.BOX))
    return int(np.ptp(small, axis=(0, 1)).max())


def _is_animated(image: Image.Image) -> bool:
    try:
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - looks into the second frame, which may be broken; only the first one is used
        return True
