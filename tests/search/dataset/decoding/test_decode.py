"""Every kind of image as a person sees it, and every broken one refused with its reason."""

import io
import struct
import warnings
import zlib
from contextlib import ExitStack

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cnnsearch.search.dataset.decoding.decode import decode_image, quiet_pillow
from cnnsearch.search.dataset.errors import UnreadableImage

SHAPE = (8, 8, 3)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("shape", [(8, 8, 3), (5, 9, 3), (40, 30, 3), (7, 3, 1)])
def test_every_format_and_shape(kind, shape, photo) -> None:
    pixels = decode_image(photo(1, kind), shape)
    assert pixels.shape == shape
    assert pixels.dtype == np.uint8


def test_pixels_are_those_of_a_plain_antialiased_resize(photo) -> None:
    content = photo(1, size=(200, 200))
    plain = Image.open(io.BytesIO(content)).resize((30, 20), Image.Resampling.BILINEAR)
    difference = decode_image(content, (20, 30, 3)).astype(int) - np.asarray(plain)
    assert np.abs(difference).max() <= 1


def test_fine_stripes_become_grey_not_moire() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    pixels = decode_image(encoded(Image.fromarray(stripes), "PNG"), (8, 8, 1))
    assert np.ptp(pixels.astype(int)[:, 1:-1]) <= 8


def test_exif_orientation_is_applied(photo) -> None:
    image = Image.new("RGB", (40, 20), "black")
    ImageDraw.Draw(image).rectangle((0, 0, 19, 19), fill="white")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: its left is the picture's top
    pixels = decode_image(encoded(image, "JPEG", exif=exif), SHAPE)
    assert pixels[1].min() > 200
    assert pixels[-2].max() < 50


def test_broken_exif_data_loses_no_photo(photo) -> None:
    content = photo(1)
    broken = (
        content[:2] + b"\xff\xe1" + struct.pack(">H", 24) + b"Exif\0\0MM\0*\0\0\0\x08\0\x63junk" + b"\0\0" + content[2:]
    )
    with quiet_pillow():
        assert np.array_equal(decode_image(broken, SHAPE), decode_image(content, SHAPE))


def test_pillow_is_silent_until_the_last_of_those_that_decode_has_ended() -> None:
    before = list(warnings.filters)
    with ExitStack() as first, ExitStack() as last:
        first.enter_context(quiet_pillow())
        last.enter_context(quiet_pillow())
        during = list(warnings.filters)
        first.close()
        assert warnings.filters == during != before
    assert warnings.filters == before


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_becomes_white(mode: str, kind: str) -> None:
    clear = Image.new("RGBA", (10, 10), (0, 0, 0, 0)).convert(mode)
    assert decode_image(encoded(clear, kind), SHAPE).min() == 255


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_transparent_palette_colors_become_white(transparency: int | bytes, kind: str) -> None:
    image = Image.new("P", (10, 10), 1)
    image.putpalette([0, 0, 0, 10, 10, 10])
    if kind == "GIF":
        transparency = 1
    assert decode_image(encoded(image, kind, transparency=transparency), SHAPE).min() == 255


def test_a_transparent_grey_of_16_bits_becomes_white() -> None:
    image = Image.fromarray(np.full((10, 10), 500, np.uint16))
    assert decode_image(encoded(image, "PNG", transparency=500), SHAPE).min() == 255


def test_16_bits_are_scaled_not_clipped() -> None:
    ramp = np.tile(np.linspace(0, 65535, 8).astype(np.uint16), (8, 1))
    pixels = decode_image(encoded(Image.fromarray(ramp), "PNG"), (8, 8, 1))
    assert np.abs(pixels[0, :, 0] - np.linspace(0, 255, 8)).max() <= 1


def test_cmyk_has_the_right_colors() -> None:
    red = Image.new("RGB", (10, 10), "red")
    pixels = decode_image(encoded(red.convert("CMYK"), "JPEG"), SHAPE)
    assert pixels[0, 0, 0] > 200
    assert pixels[0, 0, 1] < 60


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation_counts(kind: str) -> None:
    frames = [Image.new("RGB", (10, 10), color) for color in ("white", "black", "black")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert decode_image(content, SHAPE).min() > 250


def test_one_bit_and_one_pixel() -> None:
    assert decode_image(encoded(Image.new("1", (1, 1), 1), "PNG"), SHAPE).min() == 255
    assert decode_image(encoded(Image.new("L", (1, 20_000), 7), "PNG"), SHAPE).max() == 7


def test_a_wrong_suffix_does_not_matter_and_neither_does_junk_at_the_end(photo) -> None:
    content = photo(1)
    assert np.array_equal(decode_image(content + b"junk" * 10, SHAPE), decode_image(content, SHAPE))
    assert np.array_equal(decode_image(content[:-2] + b"junk" + content[-2:], SHAPE), decode_image(content, SHAPE))


def bomb() -> bytes:
    """A PNG of 10,000 x 10,000 pixels in 12 KB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 10_000, 10_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1251 * 10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "^is empty$"),
        (b"hello", "is no image of a known format"),
        (b"<!doctype html><title>404</title>", r"is a web page \(HTML\), not JPEG, PNG, GIF, BMP or WEBP"),
        (b"\xff\xd8\xff", "begins like a JPEG image, but its header is broken"),
        (bomb(), "has .* pixels, at most 50000000 are read"),
        (encoded(Image.new("RGB", (9, 9)), "TIFF"), "is a TIFF image, not JPEG"),
    ],
    ids=["empty", "text", "page", "header", "bomb", "tiff"],
)
def test_what_is_no_image_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImage, match=reason):
        decode_image(content, SHAPE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated_files_are_refused(kind: str, share: float, photo) -> None:
    content = photo(1, kind, size=(60, 60))
    with pytest.raises(UnreadableImage, match="cannot be decoded: it"):
        decode_image(content[: int(share * len(content))], SHAPE)


def test_what_a_camera_puts_behind_a_photo_is_not_counted_as_scans(photo) -> None:
    content = photo(1)
    film = b"\xff\xda\0\2" * 500
    assert np.array_equal(decode_image(content + film, SHAPE), decode_image(content, SHAPE))


def test_what_a_camera_puts_into_a_photo_is_not_counted_as_scans(photo) -> None:
    content = photo(1)
    note = b"\xff\xef" + struct.pack(">H", 2 + 2000) + b"\xff\xda\0\2" * 500
    assert np.array_equal(decode_image(content[:2] + note + content[2:], SHAPE), decode_image(content, SHAPE))
