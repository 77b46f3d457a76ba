"""The picture as a person sees it: upright, without transparency, with 8 bits for each channel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_TRANSPARENT_MODES = {"RGBA", "LA", "PA", "La", "RGBa"}


def seen(image: Image.Image) -> Image.Image:
    """An opened image as a person sees it, of mode L or RGB.

    Turned upright by its EXIF orientation; the first frame of an animation; transparency on white; 16 bits scaled to 8.
    """
    image.load()
    plain = _on_white(_upright(image))
    return plain if plain.mode in {"L", "RGB"} else plain.convert("L" if plain.mode == "1" else "RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # noqa: BLE001 - broken EXIF data, which raises nearly anything, is no reason to lose a good photo
        return image
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if "transparency" in image.info or image.mode in _TRANSPARENT_MODES:
        layers = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
    return image


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, which Pillow's own conversion would clip at 255 instead of scaling."""
    deep: NDArray[Any] = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
    grey = ((deep + 128) // 257).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[deep == clear] = 255
    return Image.fromarray(grey)
