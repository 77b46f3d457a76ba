"""mixup and CutMix: what becomes of pixels and shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.feeding.mixing import Mixing

ONE_HOT = np.eye(8, dtype=np.float32)


def flat(height: int = 10, width: int = 14) -> np.ndarray:
    """Eight images of one colour each; the colour tells which image a pixel is from."""
    return np.broadcast_to(np.arange(8, dtype=np.uint8)[:, None, None, None] * 30, (8, height, width, 3)).copy()


def mixed(mixing: Mixing, images: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return mixing.mixed(images, ONE_HOT[: len(images)], np.random.default_rng(seed))


mixings = st.builds(Mixing, st.sampled_from([0.0, 0.05, 0.2, 1.0, 8.0]), st.sampled_from([0.0, 0.05, 1.0, 8.0]))


@given(mixings, st.integers(0, 1000), st.integers(1, 8))
def test_shares_stay_shares_and_images_stay_bytes(mixing: Mixing, seed: int, batch: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (batch, 5, 7, 3), dtype=np.uint8)
    before = images.copy()
    after, shares = mixed(mixing, images, seed)
    assert (after.shape, after.dtype, shares.dtype) == (images.shape, np.uint8, np.float32)
    assert np.array_equal(images, before)
    assert (shares >= 0).all()
    assert np.allclose(shares.sum(axis=1), 1)


def test_a_blend_has_the_share_of_each_image_in_every_pixel() -> None:
    images = flat()
    after, shares = mixed(Mixing(mixup=1.0), images)
    expected = shares @ (np.arange(8) * 30)
    assert np.abs(after - expected[:, None, None, None]).max() <= 0.51
    assert len({tuple(row) for row in shares}) == 8


def test_a_pasted_rectangle_has_its_share_of_the_pixels() -> None:
    images = flat()
    after, shares = mixed(Mixing(cutmix=1.0), images)
    for image, own, row in zip(after, images, shares, strict=True):
        pasted = (image != own).any(axis=2)
        if pasted.any():
            rows, columns = np.nonzero(pasted.any(axis=1))[0], np.nonzero(pasted.any(axis=0))[0]
            assert pasted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        counted = np.bincount(image[:, :, 0].ravel() // 30, minlength=8) / pasted.size
        assert np.allclose(row, counted, atol=1e-6)
    assert (shares.max(axis=1) < 1).mean() > 0.1


@pytest.mark.parametrize(("strength", "least", "most"), [(0.05, 0.0, 0.1), (8.0, 0.3, 0.5)])
def test_strength_is_that_of_the_beta_distribution(strength: float, least: float, most: float) -> None:
    shares = np.concatenate([mixed(Mixing(mixup=strength), flat(2, 2), seed)[1] for seed in range(60)])
    assert least <= (1 - shares.max(axis=1)).mean() <= most


def test_both_take_turns_by_chance() -> None:
    images = flat()
    kinds = [bool(np.isin(mixed(Mixing(1.0, 1.0), images, seed)[0], images).all()) for seed in range(200)]
    assert 60 < sum(kinds) < 140


@pytest.mark.parametrize("mixing", [Mixing(), Mixing(mixup=1.0), Mixing(cutmix=1.0)])
def test_an_image_alone_stays_as_it_is(mixing: Mixing) -> None:
    image = flat()[3:4]
    after, shares = mixed(mixing, image)
    assert np.array_equal(after, image)
    assert np.array_equal(shares, ONE_HOT[:1])
