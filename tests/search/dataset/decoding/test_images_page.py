"""docs/images.md: each row of its tables is a file made here, which comes out as the row says."""

import io
import itertools
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from cnnsearch.search.dataset.decoding.decode import decode, decode_image, quiet_pillow
from cnnsearch.search.dataset.errors import UnreadableImage

HEIGHT, WIDTH = 20, 24
SHAPE = (HEIGHT, WIDTH, 3)
Pixels = NDArray[np.uint8]

levels = np.random.default_rng(7).integers(0, 256, (3, 4, 3), dtype=np.uint8)
PICTURE = Image.fromarray(levels).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
GRAY = PICTURE.convert("L")
CLEAR = Image.fromarray(np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
"""Transparency: nothing is seen of the left edge, all of the right one."""


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def rgb(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size: tuple[int, int], depth: int, color: int, rows: bytes, *more: bytes) -> bytes:
    """A PNG written by hand; `rows` begin with a filter byte each."""
    header = struct.pack(">IIBBBBB", *size, depth, color, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + pixels + chunk(b"IEND", b"")


def with_chunk(content: bytes, more: bytes) -> bytes:
    return content[:33] + more + content[33:]


def endless_scans() -> bytes:
    """A progressive JPEG whose last scan comes again and again; each costs a pass over the whole picture."""
    content = encoded(GRAY, "JPEG", progressive=True)
    start = content.rindex(b"\xff\xda")
    return content[:start] + content[start:-2] * 500 + content[-2:]


def wrong_checksum(content: bytes, kind: bytes) -> bytes:
    start = content.index(kind)
    end = start + 4 + struct.unpack_from(">I", content, start - 4)[0]
    return content[:end] + bytes([content[end] ^ 255]) + content[end + 1 :]


def on_white(colors: Pixels, clear: Pixels) -> Pixels:
    share = clear[..., None] / 255
    return np.round(colors * share + 255 * (1 - share)).astype(np.uint8)


def layered(mode: str, kind: str) -> tuple[bytes, Pixels]:
    image = PICTURE.convert(mode[:-1]).convert(mode)
    image.putalpha(CLEAR)
    return encoded(image, kind, lossless=True), on_white(rgb(image.convert("RGBA").convert("RGB")), np.asarray(CLEAR))


def palette(*, transparent: bool) -> tuple[bytes, Pixels]:
    image = PICTURE.quantize(16)
    if not transparent:
        return encoded(image, "PNG"), rgb(image)
    shown = rgb(image).copy()
    shown[np.asarray(image) == 3] = 255
    return encoded(image, "PNG", transparency=3), shown


def deep_gray() -> tuple[bytes, Pixels]:
    deep = np.random.default_rng(1).integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16)
    return encoded(Image.fromarray(deep), "PNG"), np.repeat(np.round(deep[..., None] / 257), 3, axis=-1)


def deep_rgb(*, transparent: bool) -> tuple[bytes, Pixels]:
    deep = np.random.default_rng(2).integers(0, 65536, SHAPE, dtype=np.uint16)
    shown = np.round(deep / 257)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    if not transparent:
        return png((WIDTH, HEIGHT), 16, 2, rows), shown
    shown[0, 0] = 255
    return png((WIDTH, HEIGHT), 16, 2, rows, chunk(b"tRNS", deep[0, 0].astype(">u2").tobytes())), shown


def cmyk(*, transformed: bool) -> tuple[bytes, Pixels]:
    """Ink, as Adobe writes it: inverted; with luma and chroma instead of three inks, where it is transformed."""
    image = PICTURE.convert("CMYK")
    if not transformed:
        return encoded(image, "JPEG", quality=100, subsampling=0), rgb(image)
    luma = Image.eval(Image.fromarray(np.asarray(image)[..., :3]).convert("YCbCr"), lambda level: 255 - level)
    # Pillow writes each channel inverted; a reader takes what stands in the file for Y, Cb, Cr and K.
    content = encoded(Image.merge("CMYK", [*luma.split(), image.getchannel("K")]), "JPEG", quality=100)
    flag = content.index(b"Adobe") + 11
    return content[:flag] + b"\2" + content[flag + 1 :], rgb(image)


def animated(kind: str) -> tuple[bytes, Pixels]:
    frames = [PICTURE.quantize(64).convert("RGB"), PICTURE.rotate(180), Image.new("RGB", PICTURE.size)]
    options = {"lossless": True} if kind == "WEBP" else {}
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options), rgb(frames[0])


def small_first_frame() -> tuple[bytes, Pixels]:
    red = Image.new("P", (10, 8), 1)
    red.putpalette([9, 9, 9, 200, 0, 0])
    content = bytearray(encoded(red, "GIF"))
    struct.pack_into("<HH", content, 6, WIDTH, HEIGHT)
    struct.pack_into("<HH", content, content.index(b",\0\0\0\0") + 1, 5, 3)
    shown = np.full(SHAPE, 255, np.uint8)
    shown[3:11, 5:15] = (200, 0, 0)
    return bytes(content), shown


def still_before_animation() -> tuple[bytes, Pixels]:
    frames = [PICTURE.rotate(180), GRAY.convert("RGB")]
    options = {"save_all": True, "default_image": True, "append_images": frames}
    return encoded(PICTURE, "PNG", **options), rgb(frames[0])


TURNS: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.transpose(1, 0, 2),
    6: lambda shown: np.rot90(shown, 1),
    7: lambda shown: np.rot90(shown, 2).transpose(1, 0, 2),
    8: lambda shown: np.rot90(shown, -1),
}
"""From the picture as a person sees it to the pixels that a camera stores with this orientation."""


def turned(orientation: int, kind: str) -> tuple[bytes, Pixels]:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNS[orientation](rgb(PICTURE))))
    options: dict[str, object] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    return encoded(stored, kind, exif=exif, **options), rgb(PICTURE)


def profile(order: str) -> bytes:
    """An ICC profile with the primaries of sRGB in this order."""
    primaries = {"r": (0.4361, 0.2225, 0.0139), "g": (0.3851, 0.7169, 0.0971), "b": (0.1431, 0.0606, 0.7141)}

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    white, tones = (0.9642, 1, 0.8249), (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = b"para\0\0\0\0\0\3\0\0" + fixed(*tones)
    tags = {b"wtpt": b"XYZ \0\0\0\0" + fixed(*white)}
    for channel, color in zip("rgb", order, strict=True):
        tags[f"{channel}XYZ".encode()] = b"XYZ \0\0\0\0" + fixed(*primaries[color])
        tags[f"{channel}TRC".encode()] = curve
    places = itertools.accumulate((len(data) for data in tags.values()), initial=132 + 12 * len(tags))
    table = b"".join(
        kind + struct.pack(">II", place, len(data)) for (kind, data), place in zip(tags.items(), places, strict=False)
    )
    body = struct.pack(">I", len(tags)) + table + b"".join(tags.values())
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    return (head + bytes(12) + b"acsp" + bytes(28) + fixed(*white)).ljust(128, b"\0") + body


def with_profile(content: bytes, kind: str = "PNG") -> bytes:
    return encoded(PICTURE, kind, icc_profile=content)


def bomb_png() -> bytes:
    return png((10_000, 10_000), 1, 0, b"\0" * (1251 * 10_000))


def resized_header(kind: str, place: int, form: str) -> bytes:
    """A small file whose header promises a huge picture."""
    content = bytearray(encoded(PICTURE, kind, **({"lossless": True} if kind == "WEBP" else {})))
    struct.pack_into(form, content, place, *(((1 << 28) - 1,) if kind == "WEBP" else (30_000, 30_000)))
    return bytes(content)


def packed_zeros(kind: bytes) -> bytes:
    return with_chunk(encoded(PICTURE, "PNG"), chunk(kind, b"x\0\0" + zlib.compress(bytes(80_000_000))))


def column(mode: str, size: tuple[int, int]) -> tuple[bytes, Pixels]:
    level = 1 if mode == "1" else 77
    return encoded(Image.new(mode, size, level), "PNG"), np.full(SHAPE, 255 if mode == "1" else 77, np.uint8)


JPEG = encoded(PICTURE, "JPEG", quality=100, subsampling=0)
PNG = encoded(PICTURE, "PNG")
PLAIN = rgb(PICTURE)
BROKEN_EXIF = b"\xff\xe1" + struct.pack(">H", 24) + b"Exif\0\0MM\0*\0\0\0\x08\0\x63junk\0\0"

READ: dict[str, Callable[[], tuple[bytes, Pixels]]] = {
    "JPEG": lambda: (JPEG, PLAIN),
    "progressive JPEG": lambda: (encoded(PICTURE, "JPEG", quality=100, subsampling=0, progressive=True), PLAIN),
    "grey JPEG": lambda: (encoded(GRAY, "JPEG", quality=100), rgb(GRAY)),
    "PNG": lambda: (PNG, PLAIN),
    "GIF": lambda: (encoded(PICTURE.quantize(64), "GIF"), rgb(PICTURE.quantize(64))),
    "BMP": lambda: (encoded(PICTURE, "BMP"), PLAIN),
    "WebP": lambda: (encoded(PICTURE, "WEBP", lossless=True), PLAIN),
    "wrong suffix": lambda: (PNG, PLAIN),
    "transparent PNG": lambda: layered("RGBA", "PNG"),
    "transparent WebP": lambda: layered("RGBA", "WEBP"),
    "transparent grey PNG": lambda: layered("LA", "PNG"),
    "palette": lambda: palette(transparent=False),
    "palette with a transparent colour": lambda: palette(transparent=True),
    "one bit": lambda: (encoded(GRAY.convert("1"), "PNG"), rgb(GRAY.convert("1"))),
    "16-bit grey PNG": deep_gray,
    "16-bit colour PNG": lambda: deep_rgb(transparent=False),
    "16-bit PNG with a transparent colour": lambda: deep_rgb(transparent=True),
    "CMYK JPEG": lambda: cmyk(transformed=False),
    "YCCK JPEG": lambda: cmyk(transformed=True),
    "animated GIF": lambda: animated("GIF"),
    "animated WebP": lambda: animated("WEBP"),
    "animated PNG": lambda: animated("PNG"),
    "animated PNG with a still picture": still_before_animation,
    "GIF with a small first frame": small_first_frame,
    "several pictures (MPO)": lambda: (
        encoded(PICTURE, "MPO", save_all=True, append_images=[GRAY], quality=100, subsampling=0),
        PLAIN,
    ),
    **{f"EXIF orientation {n}": lambda n=n: turned(n, "JPEG") for n in TURNS},
    "EXIF orientation in a PNG": lambda: turned(6, "PNG"),
    "EXIF orientation in a WebP": lambda: turned(6, "WEBP"),
    "broken EXIF data": lambda: (JPEG[:2] + BROKEN_EXIF + JPEG[2:], PLAIN),
    "sRGB profile": lambda: (with_profile(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()), PLAIN),
    "other colour profile": lambda: (with_profile(profile("grb")), PLAIN[..., [1, 0, 2]]),
    "broken colour profile": lambda: (with_profile(profile("grb")[:200]), PLAIN),
    "junk behind the end": lambda: (JPEG + b"junk" * 10, PLAIN),
    "junk before the end marker": lambda: (JPEG[:-2] + b"junk" + JPEG[-2:], PLAIN),
    "PNG without its end chunk": lambda: (PNG[:-12], PLAIN),
    "1 x 1": lambda: column("1", (1, 1)),
    "1 x 20000": lambda: column("L", (1, 20_000)),
    "20000 x 1": lambda: column("L", (20_000, 1)),
    "65535 pixels wide": lambda: column("1", (65_535, 700)),
}
LEFT_OUT: dict[str, Callable[[], bytes]] = {
    "empty file": lambda: b"",
    "only zeros": lambda: bytes(4096),
    "text": lambda: b"not yet downloaded\n",
    "other bytes": lambda: bytes(range(128, 256)) * 4,
    "web page": lambda: b"\n<!doctype html><title>404</title>",
    "SVG": lambda: b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "TIFF": lambda: encoded(PICTURE, "TIFF"),
    "AVIF": lambda: encoded(PICTURE, "AVIF"),
    "HEIC": lambda: b"\0\0\0\x18ftypheic" + bytes(12),
    "JPEG 2000": lambda: encoded(PICTURE, "JPEG2000"),
    "icon": lambda: encoded(PICTURE, "ICO", sizes=[(16, 16)]),
    "PDF": lambda: b"%PDF-1.7\n",
    "archive": lambda: b"PK\3\4" + bytes(40),
    "Git LFS pointer": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    "header only": lambda: JPEG[:200],
    "first bytes only": lambda: JPEG[:3],
    "JPEG cut in half": lambda: JPEG[: len(JPEG) // 2],
    "JPEG cut by two bytes": lambda: JPEG[:-2],
    "PNG cut in half": lambda: PNG[: len(PNG) // 2],
    "GIF cut in half": lambda: (gif := encoded(PICTURE.resize((200, 200)).quantize(8), "GIF"))[: len(gif) // 2],
    "WebP cut by two bytes": lambda: encoded(PICTURE, "WEBP")[:-2],
    "BMP cut by two bytes": lambda: encoded(PICTURE, "BMP")[:-2],
    "junk before the beginning": lambda: b"\xfejunk" + JPEG,
    "wrong checksum of a PNG's header": lambda: wrong_checksum(PNG, b"IHDR"),
    "wrong checksum of a PNG's pixels": lambda: wrong_checksum(PNG, b"IDAT"),
    "PNG bomb": bomb_png,
    "GIF bomb": lambda: resized_header("GIF", 6, "<HH"),
    "BMP bomb": lambda: resized_header("BMP", 18, "<ii"),
    "WebP bomb": lambda: resized_header("WEBP", 21, "<I"),
    "JPEG of endless scans": endless_scans,
    "bomb in a PNG's profile": lambda: packed_zeros(b"iCCP"),
    "bomb in a PNG's text": lambda: packed_zeros(b"zTXt"),
}


@pytest.fixture(scope="module")
def rows(checkout: Path) -> dict[str, str]:
    """The first two columns of the page's tables."""
    page = (checkout / "docs/images.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([^|]+?) +\| (.+?) +\|$", page, re.MULTILINE)
    return {name: text for name, text in cells if name not in {"file", "---"}}


def test_every_row_has_its_case_and_every_case_its_row(rows: dict[str, str]) -> None:
    assert list(rows) == [*READ, *LEFT_OUT]


@pytest.mark.parametrize("name", READ)
def test_it_comes_out_as_a_person_sees_it(name: str) -> None:
    content, expected = READ[name]()
    with quiet_pillow():
        pixels = decode_image(content, SHAPE)
    tolerance = 6 if content.startswith(b"\xff\xd8") else 2 if "profile" in name else 1
    assert np.abs(pixels.astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize("name", LEFT_OUT)
def test_it_is_left_out_for_the_reason_that_the_page_gives(name: str, rows: dict[str, str]) -> None:
    with quiet_pillow(), pytest.raises(UnreadableImage) as raised:
        decode(LEFT_OUT[name](), SHAPE)
    assert rows[name] == f"`{raised.value}`"
