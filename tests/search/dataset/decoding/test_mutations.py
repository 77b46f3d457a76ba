"""Image files with damaged bytes: pixels of the asked shape come out, or UnreadableImage; never anything else."""

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from cnnsearch.search.dataset.decoding.decode import decode, quiet_pillow
from cnnsearch.search.dataset.errors import UnreadableImage

resource = pytest.importorskip("resource", reason="only Unix tells the memory of a process")

CASES = settings.default.max_examples if settings.default.max_examples <= 100 else 5_000
MOST_BYTES = 600 * 1024**2
SHAPE = (16, 24, 3)
FIELDS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 7_000, 0x7FFFFFFF, 0xFFFFFFFF)
"""Sizes and counts that readers stumble over; 7,000 x 7,000 pixels are just allowed."""


def _files() -> list[bytes]:
    levels = np.random.default_rng(3).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    picture = Image.fromarray(levels).resize((40, 30), Image.Resampling.BICUBIC)
    clear = picture.convert("RGBA")
    clear.putalpha(picture.convert("L"))
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)]}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made: list[tuple[Image.Image, str, dict[str, object]]] = [
        (picture, "JPEG", {"exif": exif, "icc_profile": profile}),
        (picture, "JPEG", {"progressive": True}),
        (picture.convert("CMYK"), "JPEG", {}),
        (picture, "MPO", frames),
        (picture, "PNG", {"exif": exif, "icc_profile": profile}),
        (clear, "PNG", {}),
        (picture.quantize(16), "PNG", {"transparency": 3}),
        (Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40)), "PNG", {}),
        (picture, "PNG", {"default_image": True, **frames}),
        (picture.quantize(32), "GIF", {"transparency": 3}),
        (picture, "GIF", frames),
        (picture, "WEBP", {"exif": exif, "icc_profile": profile}),
        (clear, "WEBP", {"lossless": True}),
        (clear, "WEBP", frames),
        (picture, "BMP", {}),
        (picture.quantize(16), "BMP", {}),
        (clear, "BMP", {}),
    ]
    return [_encoded(*entry) for entry in made]


def _encoded(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


FILES = _files()
Change = Callable[[bytes], bytes]


def _place(content: bytes, where: float) -> int:
    """Behind the first bytes, which decide who reads the rest; fields are changed there, too."""
    return min(16 + int(where * len(content)), len(content))


def _flipped(where: float, bits: int) -> Change:
    def change(content: bytes) -> bytes:
        at = _place(content, where)
        return content[:at] + bytes(byte ^ bits for byte in content[at : at + 1]) + content[at + 1 :]

    return change


def _cut(where: float, length: float) -> Change:
    return lambda content: content[: _place(content, where)] + content[_place(content, min(1.0, where + length**3)) :]


def _inserted(where: float, more: bytes) -> Change:
    return lambda content: content[: _place(content, where)] + more + content[_place(content, where) :]


def _spliced(where: float, other: bytes, there: float) -> Change:
    return lambda content: content[: _place(content, where)] + other[_place(other, there) :]


def _field(at: int, value: int, form: str) -> Change:
    packed = struct.pack(form, value & (256 ** struct.calcsize(form) - 1))
    return lambda content: content[:at] + packed + content[at + len(packed) :]


share = st.floats(0, 1)
changes = st.one_of(
    st.builds(_flipped, share, st.integers(1, 255)),
    st.builds(_flipped, share.map(lambda part: part / 8), st.integers(1, 255)),
    st.builds(_cut, share, share),
    st.builds(_inserted, share, st.binary(min_size=1, max_size=40)),
    st.builds(_spliced, share, st.sampled_from(FILES), share),
    st.builds(_field, st.integers(0, 80), st.sampled_from(FIELDS), st.sampled_from([">I", "<I", ">H", "<H", "B"])),
)


def _all(content: bytes, steps: list[Change], *, mended: bool) -> bytes:
    for step in steps:
        content = step(content)
    return _with_right_checksums(content) if mended else content


def _with_right_checksums(content: bytes) -> bytes:
    """A PNG whose damage no checksum tells."""
    if not content.startswith(b"\x89PNG"):
        return content
    mended, place = bytearray(content), 8
    while place + 12 <= len(content):
        end = place + 8 + struct.unpack_from(">I", content, place)[0]
        if end + 4 <= len(content):
            struct.pack_into(">I", mended, end, zlib.crc32(content[place + 4 : end]))
        place = end + 4
    return bytes(mended)


damaged = st.builds(_all, st.sampled_from(FILES), st.lists(changes, min_size=1, max_size=6), mended=st.booleans())


@pytest.mark.timeout(60 if CASES <= 100 else 1800)
def test_damaged_files_give_pixels_or_a_reason() -> None:
    before = _peak()

    @settings(max_examples=CASES)
    @given(damaged, st.sampled_from(["stretch", "crop", "pad"]))
    def each(content: bytes, resize: str) -> None:
        with quiet_pillow(), suppress(UnreadableImage):
            decoded = decode(content, SHAPE, resize)  # type: ignore[arg-type]
            assert decoded.pixels.shape == SHAPE
            assert decoded.thumbnail.shape == (32, 32)

    each()
    assert _peak() - before < MOST_BYTES


def _peak() -> int:
    """The most memory that this process has had, in bytes."""
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * 1024
