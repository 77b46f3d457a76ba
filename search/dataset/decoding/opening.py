"""Opens the bytes of an image file, of which only the header is read, and says what is wrong with them in plain words."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from cnnsearch.search.dataset.errors import UnreadableImage

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
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        counted = re.search(r"\((\d+) pixels\)", str(error))
        raise UnreadableImage(_too_many_pixels(counted[1] if counted else "far more")) from None
    except Exception as error:  # on mangled bytes Pillow's decoders raise nearly anything
        raise UnreadableImage(f"cannot be decoded: {error}") from error


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImage(_too_many_pixels(str(image.width * image.height)))


def _too_many_pixels(got: str) -> str:
    return f"has {got} pixels, at most {MAX_PIXELS} are read"
