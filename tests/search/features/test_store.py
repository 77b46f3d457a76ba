"""Features out of the cache: those of the right image, computed once, however files are named or asked for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.features.features import Features, Frozen, Viewed
from cnnsearch.search.features.store import features_of
from cnnsearch.spaces.document import Data
from tests.search.features.small import asked, folders, write_photos
from tests.search.features.sums import FROZEN, Sums, sums

Made = Callable[..., Features]


def test_each_row_has_what_the_network_makes_of_its_image(made: Made, dataset: Dataset, network: Sums) -> None:
    features = made(views=[network.plain(), network.flip()])
    rows = asked(dataset)
    assert features.views == ("plain", "flip")
    assert (features.shape, features.dtype, features.is_new) == ((3, 2), np.float32, True)
    assert features.bytes == 2 * len(rows) * 6 * 4
    for view, images in zip(features.maps, (dataset.images, dataset.images[:, :, ::-1]), strict=True):
        assert np.array_equal(view[features.places_of(rows)], sums(images[rows]))
        assert not view.flags.writeable


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), batch=st.integers(1, 50))
def test_any_rows_in_batches_of_any_size(
    data: st.DataObject, batch: int, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = np.array(data.draw(st.lists(st.integers(0, 39), unique=True)), np.int64)
    network, root = Sums(), tmp_path_factory.mktemp("cache")
    features = features_of(FROZEN, [network.plain()], dataset, rows, root=root, batch=batch)
    assert np.array_equal(features.maps[0][features.places_of(rows)], sums(dataset.images[rows]))
    assert {len(seen) for seen in network.batches} <= {min(batch, len(rows))}
    assert len(network.batches) == -(-len(rows) // batch)


def test_what_is_there_is_not_computed_again(made: Made, network: Sums) -> None:
    first, told = made(), []
    computed = len(network.batches)
    again = made(told=told.append)
    assert (len(network.batches), again.is_new, told) == (computed, False, [])
    assert np.array_equal(first.maps[0], again.maps[0])


def test_a_view_that_is_there_is_shared_with_who_wants_more_views(made: Made, network: Sums) -> None:
    computed = made().maps[0].shape[0] // 4
    made(views=[network.plain(), network.flip()])
    assert len(network.batches) == 2 * computed


def test_names_of_files_do_not_matter(root: Path, tmp_path: Path, network: Sums) -> None:
    names = [f"{number:02}.png" for number in range(12)]
    places = [write_photos(tmp_path / "one", names), write_photos(tmp_path / "other", [f"x{n}" for n in names[::-1]])]
    write_photos(tmp_path / "other", [f"y{99 - n}.png" for n in range(12)])
    for number, place in enumerate(places):
        dataset = prepare_dataset(Data(source=place, image_size=[8, 6]), root)
        rows = np.array([row for row, name in enumerate(dataset.names) if "y" not in name])
        features = features_of(FROZEN, [network.plain()], dataset, rows, root=root, batch=4)
        assert features.is_new == (number == 0)
        assert np.array_equal(features.maps[0][features.places_of(rows)], sums(dataset.images[rows]))


def test_equal_images_are_computed_once(root: Path, tmp_path: Path, network: Sums) -> None:
    write_photos(tmp_path / "photos", [f"{number}.png" for number in range(12)])
    source = write_photos(tmp_path / "photos", ["copy-of-0.png", "copy-of-1.png"])
    dataset = prepare_dataset(Data(source=source, image_size=[8, 6]), root)
    features = features_of(FROZEN, [network.plain()], dataset, np.arange(14), root=root)
    assert features.maps[0].shape == (12, 3, 2)
    assert np.array_equal(features.maps[0][features.places_of(np.arange(14))], sums(dataset.images))


def test_only_the_rows_that_are_asked_for_are_looked_at(made: Made, dataset: Dataset, network: Sums) -> None:
    features = made()
    seen = {image.tobytes() for batch in network.batches for image in batch}
    assert seen == {dataset.images[row].tobytes() for row in asked(dataset)}
    test = dataset.rows("test")
    with pytest.raises(ValueError, match=rf"for the rows that were asked for, got rows \[{test[0]}\b.*\]"):
        features.places_of(test)


CHANGES = {
    "identity": {"frozen": replace(FROZEN, identity="1" * 40)},
    "precision": {"precision": "float16"},
    "rows": {"rows": np.arange(5)},
    "view": {"views": [Sums().plain("augmented:1")]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_makes_features_makes_their_name(change: str, made: Made, root: Path) -> None:
    made()
    made(**CHANGES[change])
    assert len(folders(root)) == 2


def test_the_same_files_as_other_pixels_have_other_features(photos: str, made: Made, root: Path) -> None:
    made()
    cropped = prepare_dataset(Data(source=photos, image_size=[8, 6], resize="crop"), root)
    made(dataset=cropped)
    assert len(folders(root)) == 2


def test_a_title_is_no_part_of_the_name(made: Made) -> None:
    made()
    assert not made(frozen=replace(FROZEN, title="the same by another name")).is_new


def test_half_precision_rounds(made: Made, dataset: Dataset) -> None:
    features, rows = made(precision="float16"), asked(dataset)
    assert features.dtype == np.float16
    assert np.array_equal(features.maps[0][features.places_of(rows)], sums(dataset.images[rows]).astype(np.float16))


def test_what_half_precision_cannot_hold_is_told_and_not_kept(made: Made, root: Path) -> None:
    far = Viewed("far", lambda images: sums(images) + 70_000)
    with pytest.raises(
        DataError,
        match=r"sums block1, 8x6: features that are kept as float16 are at most 65,504, got 7\.02e\+04\. "
        r"Set `features: float32` in the section of this network\.",
    ):
        made(views=[far], precision="float16")
    assert folders(root) == []


@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_what_is_no_number_without_a_cache_is_none_with_one(precision: str, made: Made) -> None:
    nan = Viewed("nan", lambda images: np.full((len(images), 3, 2), np.nan, np.float32))
    assert np.isnan(made(views=[nan], precision=precision).maps[0]).all()


def test_features_of_another_shape_are_refused(made: Made, root: Path) -> None:
    with pytest.raises(ValueError, match=r"features of plain are \(4, 7\), got \(4, 3, 2\)"):
        made(frozen=Frozen("0" * 40, (7,), "sums"))
    assert folders(root) == []


def test_no_view_is_refused(made: Made) -> None:
    with pytest.raises(ValueError, match="at least one view, got none"):
        made(views=[])


def test_no_rows_have_no_features_and_no_cache(made: Made, root: Path) -> None:
    features = made(rows=np.array([], np.int64))
    assert [view.shape for view in features.maps] == [(0, 3, 2)]
    assert not root.exists()


def test_progress_counts_each_image_in_each_view(made: Made, dataset: Dataset, network: Sums) -> None:
    steps: list[tuple[int, int]] = []
    made(views=[network.plain(), network.flip()], progress=lambda done, total: steps.append((done, total)))
    count = len(asked(dataset))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert {total for _, total in steps} == {2 * count}
    assert (steps[0][0], steps[1][0], steps[-1][0]) == (0, 4, 2 * count)


def test_what_it_takes_is_told_before_it_is_computed(made: Made, dataset: Dataset, network: Sums, root: Path) -> None:
    told: list[str] = []
    made(views=[network.plain(), network.flip()], told=lambda line: told.append(f"{len(network.batches)} {line}"))
    count = len(asked(dataset))
    assert told == [
        f"0 feature cache: {48 * count / 1000:.3g} kB in {root} for sums block1, 8x6, {count} images in 2 views "
        "(cnnsearch data cache lists and clears it)"
    ]
