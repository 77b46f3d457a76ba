"""The one decoder: from an image file's bytes to the pixels that caches, training and predictions all see."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnsearch.search.dataset.errors import UnreadableImage

Shape = tuple[int, int, int]
"""(height, width, channels); one channel is grey, three are red, green and blue."""

DECODER_VERSION = 1
"""Raised whenever the same bytes give other pixels, so that old caches are not taken for new ones."""

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
MAX_PIXELS = 50_000_000


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silences Pillow's warnings about odd files, such as broken EXIF data in a good photo.

    Python keeps one list of warning filters for all threads: enter it in the thread that starts those that decode.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def decode_image(content: bytes, shape: Shape) -> NDArray[np.uint8]:
    """The picture as a person sees it, stretched with antialiasing to (height, width, channels).

    Turned upright by its EXIF orientation; the first frame of an animation; transparency on white; 16 bits scaled to 8.
    Pillow's bilinear filter widens with the reduction, so that no pixel of the original is passed over.

    Raises:
        UnreadableImage: the bytes are no whole image of a known format, or one of too many pixels.
    """
    height, width, channels = shape
    with opened_image(content) as image:
        image.load()
        seen = _on_white(_upright(image)).convert("L" if channels == 1 else "RGB")
        return np.asarray(seen.resize((width, height), Image.Resampling.BILINEAR)).reshape(shape)


@contextmanager
def opened_image(content: bytes) -> Iterator[Image.Image]:
    """The image in a file's bytes, of which only the header is read; whatever goes wrong within is its fault.

    Raises:
        UnreadableImage: the bytes are no whole image of a known format, or one of too many pixels.
    """
    if not content:
        raise UnreadableImage("is empty")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_pixels(image)
            yield image
    except (UnreadableImage, MemoryError):
        raise
    except UnidentifiedImageError:
        raise UnreadableImage(f"is no image of a known format ({', '.join(FORMATS)})") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableImage(_too_many_pixels("far more")) from None
    except Exception as error:  # on mangled bytes Pillow's decoders raise nearly anything
        raise UnreadableImage(f"cannot be decoded: {error}") from error


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImage(_too_many_pixels(str(image.width * image.height)))


def _too_many_pixels(got: str) -> str:
    return f"has {got} pixels, at most {MAX_PIXELS} are read"


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # noqa: BLE001 - broken EXIF data, which raises nearly anything, is no reason to lose a good photo
        return image
    return image


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, and with 8 bits for each channel."""
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        layers = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)
    return image


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, which Pillow's own conversion would clip at 255 instead of scaling."""
    deep: NDArray[Any] = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
    grey = ((deep + 128) // 257).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[deep == clear] = 255
    return Image.fromarray(grey)
