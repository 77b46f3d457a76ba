"""The thumbnail by which near duplicates are found."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.dataset.decoding.decode import Resize, Shape, decode, decode_image


def test_it_is_the_whole_picture_in_grey_by_a_box_filter(photo) -> None:
    content = photo(1, "PNG", size=(96, 64))
    shown = np.asarray(Image.open(io.BytesIO(content)).convert("L"), float)
    boxes = shown.reshape(32, 2, 32, 3).mean(axis=(1, 3))
    assert np.abs(decode(content, (8, 8, 3)).thumbnail - boxes).max() <= 1


@pytest.mark.parametrize("shape", [(8, 8, 3), (50, 70, 3), (9, 9, 1)])
@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_it_does_not_depend_on_what_else_is_asked_for(shape: Shape, resize: Resize, photo) -> None:
    content = photo(2, size=(90, 50))
    decoded = decode(content, shape, resize)
    assert np.array_equal(decoded.thumbnail, decode(content, (32, 32, 3)).thumbnail)
    assert np.array_equal(decoded.pixels, decode_image(content, shape, resize))


def test_it_is_upright(photo) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    image = Image.open(io.BytesIO(photo(3, "PNG", size=(64, 64))))
    stored, upright = io.BytesIO(), io.BytesIO()
    image.save(stored, "PNG", exif=exif)
    image.rotate(180).save(upright, "PNG")
    thumbnails = [decode(file.getvalue(), (8, 8, 3)).thumbnail for file in (stored, upright)]
    assert np.array_equal(*thumbnails)


def test_a_tiny_picture_has_one_too(photo) -> None:
    thumbnail = decode(photo(4, "PNG", size=(1, 1)), (8, 8, 3)).thumbnail
    assert thumbnail.shape == (32, 32)
    assert thumbnail.min() == thumbnail.max()
