"""Opens the bytes of an image file, of which only the header is read, and says in plain words what is wrong."""

import io
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from PIL import Image, UnidentifiedImageError

from cnnsearch.search.dataset.decoding.kinds import foreign_kind, is_text, our_kind
from cnnsearch.search.dataset.errors import UnreadableImage

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP")
MAX_PIXELS = 50_000_000
MOST_SCANS = 100
"""A JPEG sharpens in some ten scans; each costs a pass over all of the picture, and a forged one takes 14 bytes."""
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = (0x01, 0xD8)
_PNG_HEADER = b"\x89PNG\r\n\x1a\n"


class _Silence:
    """The list of warning filters without Pillow's, from whoever wants it first to whoever wants it last."""

    def __init__(self) -> None:
        self._lock, self._users, self._filters = threading.Lock(), 0, ExitStack()

    def begin(self) -> None:
        with self._lock:
            if self._users == 0:
                self._filters.enter_context(warnings.catch_warnings())
                warnings.filterwarnings("ignore", module=r"PIL\.")
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._filters.close()


_SILENCE = _Silence()


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silences Pillow's warnings about odd files, such as broken EXIF data in a good photo.

    Python keeps one list of warning filters for all threads: enter it in the thread that starts those that decode.
    Several threads may be in it at once: the list comes back when the last of them leaves.
    """
    _SILENCE.begin()
    try:
        yield
    finally:
        _SILENCE.end()


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
            if image.format == "PNG":
                _check_pixel_data(content)
            if image.format in ("JPEG", "MPO"):
                _check_scans(content)
            yield image
    except (UnreadableImage, MemoryError):
        raise
    except Exception as error:  # on mangled bytes Pillow's decoders raise nearly anything
        raise UnreadableImage(_reason(error, content)) from error


def _check_pixel_data(png: bytes) -> None:
    """Compare the checksums of a PNG's pixel data, which Pillow passes by; one cut off at the end is the decoder's."""
    view = memoryview(png)
    place = len(_PNG_HEADER)
    while place + 12 <= len(png):
        end = place + 8 + int(struct.unpack_from(">I", png, place)[0])
        pixels = png[place + 4 : place + 8] in (b"IDAT", b"fdAT") and end + 4 <= len(png)
        if pixels and zlib.crc32(view[place + 4 : end]) != struct.unpack_from(">I", png, end)[0]:
            raise UnreadableImage("cannot be decoded: the checksum of its pixel data is wrong")
        place = end + 4


def _check_scans(jpeg: bytes) -> None:
    """Refuse a JPEG that would be decoded for minutes."""
    if jpeg.count(bytes((0xFF, _SCAN))) <= MOST_SCANS:  # most are done here; a film behind a photo may have more
        return
    scans, place = 0, len(b"\xff\xd8")
    while (marker := _MARKER.search(jpeg, place)) and (kind := jpeg[marker.end() - 1]) != _END:
        scans += kind == _SCAN
        length = 0 if kind in _WITHOUT_LENGTH else int.from_bytes(jpeg[marker.end() : marker.end() + 2])
        place = marker.end() + length
    if scans > MOST_SCANS:
        raise UnreadableImage(f"has {scans} scans, at most {MOST_SCANS} are read")


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImage(_too_many_pixels(str(image.width * image.height)))


def _too_many_pixels(got: str) -> str:
    return f"has {got} pixels, at most {MAX_PIXELS} are read"


def _reason(error: Exception, content: bytes) -> str:
    if isinstance(error, UnidentifiedImageError):
        return _no_image(content)
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        counted = re.search(r"\((\d+) pixels\)", str(error))
        return _too_many_pixels(counted[1] if counted else "far more")
    if "truncated" in str(error).lower() or _is_short_webp(content):
        return "cannot be decoded: it is truncated, its end is missing"
    if "MAX_TEXT" in str(error):  # Pillow's limits, 1 MiB for a chunk and 64 MiB for all
        return "cannot be decoded: its text or its colour profile unpacks to too many bytes"
    return f"cannot be decoded: {str(error) or type(error).__name__}"


def _no_image(content: bytes) -> str:
    """Why no format took these bytes."""
    if kind := foreign_kind(content):
        return f"is {kind}, not {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    if _is_short_webp(content):
        return "cannot be decoded: it is truncated, its end is missing"
    if kind := our_kind(content):
        return f"cannot be decoded: it begins like a {kind} image, but its header is broken"
    unknown = f"is no image of a known format ({', '.join(FORMATS)})"
    return f"{unknown}: it is text" if is_text(content) else unknown


def _is_short_webp(content: bytes) -> bool:
    """Whether a WebP file is shorter than its header says; its decoder tells no reasons."""
    promised = int(struct.unpack_from("<I", content, 4)[0]) + 8 if len(content) >= 12 else 0
    return our_kind(content) == "WEBP" and len(content) < promised
