"""Colour profiles: followed where they fit the picture, ignored where they do not."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from cnnsearch.search.dataset.decoding.colors import in_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [None, b"", b"junk", "text", SRGB, SRGB[:300]])
def test_a_picture_that_needs_no_conversion_is_not_copied(profile: object) -> None:
    picture = Image.new("RGB", (4, 4), (10, 20, 30))
    assert in_srgb(picture, profile) is picture


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_for_other_colours_is_ignored(mode: str) -> None:
    picture = Image.new("RGB", (4, 4), (200, 20, 30)).convert(mode)
    assert np.array_equal(np.asarray(in_srgb(picture, SRGB)), np.asarray(in_srgb(picture, None)))


def test_grey_stays_grey_and_ink_becomes_red_green_and_blue() -> None:
    assert in_srgb(Image.new("L", (2, 2)), None).mode == "L"
    assert in_srgb(Image.new("CMYK", (2, 2)), None).mode == "RGB"
