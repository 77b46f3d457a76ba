"""Near duplicates: which copies are found, and what is left alone."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from cnnsearch.search.dataset.decoding.decode import thumbnail_of
from cnnsearch.search.dataset.split import likeness
from cnnsearch.search.dataset.split.likeness import ALL_BUT_EQUAL, MOST_ALIKE, alike, like_pairs

SIZE = 96
Edit = Callable[[Image.Image], Image.Image]


def picture(seed: int) -> Image.Image:
    """A picture with shapes of all sizes, as photos have, that no other seed gives."""
    random = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(random.normal(0, 1, (side, side, 3))[..., band]).resize((SIZE, SIZE), 3))
        for band, side in enumerate((4, 10, 30))
    ]
    grey = 128 + 50 * layers[0] + 30 * layers[1] + 15 * layers[2]
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")


def thumbnails(*pictures: Image.Image) -> NDArray[np.uint8]:
    return np.stack([thumbnail_of(seen) for seen in pictures])


def recompressed(seen: Image.Image) -> Image.Image:
    file = io.BytesIO()
    seen.save(file, "JPEG", quality=30)
    return Image.open(file).convert("RGB")


EDITS: dict[str, Edit] = {
    "equal": lambda seen: seen,
    "recompressed": recompressed,
    "half the size": lambda seen: seen.resize((SIZE // 2, SIZE // 2), Image.Resampling.LANCZOS),
    "another shape": lambda seen: seen.resize((SIZE * 2, SIZE), Image.Resampling.BICUBIC),
    "brighter": lambda seen: ImageEnhance.Brightness(seen).enhance(1.2),
    "more contrast": lambda seen: ImageEnhance.Contrast(seen).enhance(1.2),
    "grey": lambda seen: seen.convert("L"),
    "trimmed": lambda seen: seen.crop((1, 1, SIZE - 1, SIZE - 1)),
    "turned": lambda seen: seen.rotate(1, Image.Resampling.BICUBIC),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_is_found_among_other_pictures(edit: str) -> None:
    originals = [picture(seed) for seed in range(30)]
    pairs = like_pairs(thumbnails(*originals, EDITS[edit](originals[7])))
    assert pairs.rows.tolist() == [[7, 30]]
    assert not pairs.mirrored.any()
    assert 0.75 <= pairs.similarity[0] <= 1.0001


def test_a_mirror_image_is_found_and_told() -> None:
    pairs = like_pairs(thumbnails(picture(1), picture(2), ImageOps.mirror(picture(1))))
    assert pairs.rows.tolist() == [[0, 2]]
    assert pairs.mirrored.tolist() == [True]


def test_pairs_across_tiles_are_found_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "_ROWS", 7)
    monkeypatch.setattr(likeness, "_COLUMNS", 5)
    originals = [picture(seed) for seed in range(20)]
    pairs = like_pairs(thumbnails(*originals, *map(recompressed, originals[:8])))
    assert pairs.rows.tolist() == [[row, 20 + row] for row in range(8)]


def test_blank_pictures_and_ramps_are_like_none() -> None:
    blank = [Image.new("RGB", (SIZE, SIZE), (level, level, level)) for level in (0, 0, 128, 255, 255)]
    ramp = Image.fromarray(np.tile(np.arange(SIZE, dtype=np.uint8), (SIZE, 1)))
    assert len(like_pairs(thumbnails(*blank, ramp, ramp)).rows) == 0


def test_a_common_frame_or_horizon_makes_no_pair() -> None:
    framed = [ImageOps.expand(picture(seed).crop((8, 8, 88, 88)), 8, "white") for seed in range(10)]
    above = Image.new("RGB", (SIZE, SIZE // 2), "skyblue")
    at_sea = [picture(50 + seed) for seed in range(10)]
    for seen in at_sea:
        seen.paste(above, (0, 0))
    assert len(like_pairs(thumbnails(*framed, *at_sea)).rows) == 0


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures_are_no_trouble(count: int) -> None:
    pairs = like_pairs(thumbnails(*[picture(seed) for seed in range(2)])[:count])
    assert (pairs.rows.shape, pairs.similarity.shape, pairs.mirrored.shape) == ((0, 2), (0,), (0,))


def chain(length: int) -> NDArray[np.uint8]:
    """Thumbnails that become another picture step by step, each all but like the next."""
    ends = thumbnails(picture(1), picture(2)).astype(np.float64)
    ways = np.deg2rad(15 * np.arange(length))[:, None, None]
    first, second = ends - ends.mean(axis=(1, 2), keepdims=True)
    return np.clip(128 + np.cos(ways) * first + np.sin(ways) * second, 0, 255).astype(np.uint8)


def others(count: int) -> NDArray[np.uint8]:
    return thumbnails(*[picture(1000 + seed) for seed in range(count)])


def test_a_short_chain_is_one_group() -> None:
    groups = alike(np.concatenate([chain(10), others(20)]), [str(row) for row in range(30)])
    assert len(set(groups[:10].tolist())) == 1
    assert len(set(groups.tolist())) == 21


def test_in_a_long_chain_only_all_but_equal_pictures_count() -> None:
    length = MOST_ALIKE + 4
    copy = thumbnails(picture(1000).rotate(1.5, Image.Resampling.BICUBIC))
    pairs = like_pairs(np.concatenate([chain(length), others(300), copy]))
    assert pairs.rows[-1].tolist() == [length, length + 300]
    assert pairs.similarity[-1] < ALL_BUT_EQUAL
    assert (pairs.similarity[:-1] >= ALL_BUT_EQUAL).all()
    assert len(pairs.rows) < MOST_ALIKE


def test_products_before_a_fixed_camera_are_no_duplicates() -> None:
    scene = thumbnails(picture(1)).astype(np.float64)
    noise = np.random.default_rng(0).normal(0, 1, (100, 32, 32))
    assert len(like_pairs(np.clip(scene + noise, 0, 255).astype(np.uint8)).rows) == 0


def test_where_many_are_alike_by_kind_a_looser_likeness_counts_nowhere() -> None:
    copy = picture(1000).rotate(1.5, Image.Resampling.BICUBIC)
    photos = np.concatenate([others(60), thumbnails(copy)])
    assert like_pairs(photos).rows.tolist() == [[0, 60]]
    assert [0, 60] not in like_pairs(np.concatenate([photos, chain(MOST_ALIKE + 4)])).rows.tolist()


def test_the_digits_of_one_class_are_not_taken_for_each_other() -> None:
    from sklearn.datasets import load_digits

    digits = [Image.fromarray((ink * 15.9).astype(np.uint8)) for ink in load_digits().images]
    assert len(like_pairs(thumbnails(*digits)).rows) == 0


def test_more_pictures_than_can_be_compared_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "MOST_COMPARED", 2)
    pictures = thumbnails(picture(1), picture(2), picture(1))
    assert len(like_pairs(pictures).rows) == 0
    assert alike(pictures, ["a", "b", "a"]).tolist() == [0, 1, 0]


def test_many_equal_files_do_not_hide_a_near_duplicate() -> None:
    pictures = thumbnails(*[picture(1)] * 50, recompressed(picture(1)), picture(2))
    groups = alike(pictures, ["a"] * 50 + ["b", "c"])
    assert len(set(groups[:51].tolist())) == 1
    assert groups[51] != groups[0]
