"""Colours as a person sees them: an embedded ICC profile is followed, so that every picture comes out in sRGB."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
"""Which profiles fit a picture of a mode."""
_SAME = 2
"""Grey levels by which a profile may differ from sRGB and still be called sRGB: no eye sees it, and it saves time."""
_KEPT = 16
"""Transforms that are kept ready; the photos of one source come from few cameras."""


def in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """A picture of mode L, RGB or CMYK in sRGB: grey stays grey, the others become RGB.

    A profile that is broken, or made for pictures of another mode, is ignored.
    """
    transform = _transform(profile, picture.mode) if isinstance(profile, bytes) and profile else None
    converted = transform.apply(picture) if transform else picture
    wanted = "L" if picture.mode == "L" else "RGB"
    return converted if converted.mode == wanted else converted.convert(wanted)


@lru_cache(maxsize=_KEPT)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None where nothing is to be done, or nothing can be."""
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if embedded.profile.xcolor_space != _SPACES.get(mode):
            return None
        transform = ImageCms.buildTransform(embedded, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a grid of colours stays as it is: telling sRGB by the names of its many profiles is guesswork."""
    if mode == "CMYK":
        return False
    levels = np.linspace(0, 255, 16).astype(np.uint8)
    reds, greens, blues = np.meshgrid(levels, levels, levels)
    colors = np.stack([reds, greens, blues] if mode == "RGB" else [reds, reds, reds], axis=-1).reshape(1, -1, 3)
    given = Image.fromarray(colors) if mode == "RGB" else Image.fromarray(colors[..., 0])
    return bool(np.abs(np.asarray(transform.apply(given)).astype(int) - colors).max() <= _SAME)
