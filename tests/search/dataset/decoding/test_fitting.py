"""The ways to bring a picture to one size, held against Pillow's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from cnnsearch.search.dataset.decoding.fitting import Resize, fitted

BILINEAR = Image.Resampling.BILINEAR
side = st.integers(1, 60)


def picture(height: int, width: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(height * 99 + width).integers(0, 256, (height, width, 3), np.uint8))


@given(side, side, side, side)
def test_pixels_are_pillows_own(height: int, width: int, to_height: int, to_width: int) -> None:
    image, size = picture(height, width), (to_width, to_height)
    inner = min(to_width / width, to_height / height) * min(width, height)
    expected = {"stretch": image.resize(size, BILINEAR), "crop": ImageOps.fit(image, size, BILINEAR)}
    if inner >= 1:
        expected["pad"] = ImageOps.pad(image, size, BILINEAR, color="black")
    for resize, own in expected.items():
        ours = fitted(image, to_height, to_width, resize)  # type: ignore[arg-type]
        assert np.abs(np.asarray(ours).astype(int) - np.asarray(own)).max() <= 1


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@given(st.integers(1, 20_000), st.integers(1, 3), st.booleans(), side, side)
def test_every_shape_comes_out_in_the_size_asked_for(
    resize: Resize, long: int, short: int, lying: bool, height: int, width: int
) -> None:
    image = Image.new("L", (long, short) if lying else (short, long), 200)
    shown = np.asarray(fitted(image, height, width, resize))
    assert shown.shape == (height, width)
    assert shown.max() == 200


def test_a_wide_picture_loses_its_sides_or_gets_bars_above_and_below() -> None:
    levels = np.zeros((10, 30), np.uint8)
    levels[:, 10:20] = 90
    levels[:, 20:] = 180
    wide = Image.fromarray(levels)
    assert set(np.asarray(fitted(wide, 10, 10, "crop")).ravel()) == {90}
    padded = np.asarray(fitted(wide, 30, 30, "pad"))
    assert padded[:10].max() == padded[20:].max() == 0
    assert np.array_equal(padded[10:20], levels)


def test_a_line_keeps_a_pixel_between_the_bars() -> None:
    padded = np.asarray(fitted(Image.new("L", (1, 20_000), 70), 9, 9, "pad"))
    assert padded[:, 4].tolist() == [70] * 9
    assert padded.sum() == 70 * 9
