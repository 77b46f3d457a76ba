"""The picture as a person sees it: upright, without transparency, in sRGB, with 8 bits for each channel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import Transpose
from PIL.PngImagePlugin import PngImageFile

from cnnsearch.search.dataset.decoding.colors import in_srgb

_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What brings a picture of each EXIF orientation upright."""


def seen(image: Image.Image) -> Image.Image:
    """An opened image as a person sees it, of mode L or RGB.

    Turned upright by its EXIF orientation; the first frame of an animation; transparency on white; 16 bits scaled to
    8; colours in sRGB where an ICC profile tells what they mean.
    """
    _load_first_frame(image)
    picture = in_srgb(_on_white(image), image.info.get("icc_profile"))
    turn = _TURNS.get(orientation(image))
    return picture if turn is None else picture.transpose(turn)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8: 1 is upright, from 5 on height and width are exchanged."""
    try:
        told = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - broken EXIF data, which raises nearly anything, is no reason to lose a good photo
        return 1
    return told if told in _TURNS else 1


def _load_first_frame(image: Image.Image) -> None:
    if isinstance(image, PngImageFile):
        _prepare_png(image)
    image.load()


def _prepare_png(image: PngImageFile) -> None:
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and "16B" in str(image.tile):
        image.info["transparency"] = tuple(level >> 8 for level in clear)  # Pillow reads the high bytes of the pixels
    if image.default_image:
        image.seek(1)  # what stands before the frames is for programs that show no animations


def _on_white(image: Image.Image) -> Image.Image:
    """In mode L, RGB or CMYK."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if isinstance(image, GifImageFile):
        return _gif_on_white(image)
    return _flat(image)


def _flat(image: Image.Image) -> Image.Image:
    gray = image.mode in {"1", "L", "LA", "La"}
    plain = "L" if gray else "RGB"
    if image.has_transparency_data:
        layers = image if image.mode in {"LA", "RGBA"} else image.convert("LA" if gray else "RGBA")
        picture = Image.new(plain, image.size, "white")
        picture.paste(layers.convert(plain), mask=layers.getchannel("A"))
        return picture
    return image if image.mode in {plain, "CMYK"} else image.convert(plain)


def _gif_on_white(image: GifImageFile) -> Image.Image:
    """What the first frame leaves free is transparent; Pillow gives it a colour of the frame's palette."""
    frame = image.dispose_extent
    if frame is None or frame == (0, 0, *image.size):
        return _flat(image)
    picture = Image.new("RGB", image.size, "white")
    picture.paste(_flat(image).crop(frame), frame)
    return picture


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, which Pillow's own conversion would clip at 255 instead of scaling."""
    deep: NDArray[Any] = np.asarray(image)
    if deep.dtype != np.uint16:
        deep = np.clip(deep, 0, 65535).astype(np.uint16)
    high, low = deep >> 8, deep & 255
    # deep is 257 * high + (low - high): this is deep / 257, rounded, without leaving 16 bits.
    grey = (high + (low > high + 128) - (high > low + 128)).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[deep == clear] = 255
    return Image.fromarray(grey)
