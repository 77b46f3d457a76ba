"""A whole dataset: prepared from a data section, described, and opened again elsewhere."""

import io
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.dataset.dataset import Dataset, open_dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data, Split


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def prepared(source: Path | str, root: Path, **data) -> Dataset:
    return prepare_dataset(Data(source=str(source), image_size=[12, 10], **data), root)


def test_a_data_section_becomes_a_dataset(folder, pets, root) -> None:
    dataset = prepared(folder(pets), root, split=Split(validation=0.2, test=0.1))
    assert dataset.classes == ("cat", "dog")
    assert dataset.shape == (12, 10, 3)
    assert dataset.labels.tolist() == [0] * 10 + [1] * 10
    assert dataset.labels.dtype == np.int32
    assert dataset.counts() == {name: {"train": 7, "validation": 2, "test": 1} for name in ("cat", "dog")}
    rows = np.concatenate([dataset.rows(part) for part in ("train", "validation", "test")])
    assert sorted(rows) == list(range(20))


def test_gray_images_have_one_channel(folder, pets, root) -> None:
    assert prepared(folder(pets), root, color="gray").shape == (12, 10, 1)


def test_nothing_in_it_can_be_changed(folder, pets, root) -> None:
    dataset = prepared(folder(pets), root)
    for array in (dataset.images, dataset.labels, dataset.rows("train")):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_another_part_is_refused(folder, pets, root) -> None:
    with pytest.raises(ValueError, match="the parts of a dataset are train, validation, test, got 'val'"):
        prepared(folder(pets), root).rows("val")


def test_the_summary_is_plain_json(folder, pets, root) -> None:
    photos = folder({**pets, "dog/bad.jpg": b"", "notes.txt": b"x"})
    summary = json.loads(json.dumps(prepared(photos, root).summary()))
    assert summary["source"] == str(photos)
    assert summary["images"] == 20
    assert summary["image_shape"] == [12, 10, 3]
    assert summary["classes"] == ["cat", "dog"]
    assert summary["counts"]["dog"] == {"train": 7, "validation": 2, "test": 1}
    assert summary["skipped"] == [{"name": "dog/bad.jpg", "reason": "is empty"}]
    assert summary["notes"] == ["files that are no images, not used: 1 (.txt 1)"]
    described = Summary.of(summary)
    assert sorted(described.files) == sorted(pets)
    for path, file in described.files.items():
        assert file.class_name == path.partition("/")[0]
        assert file.content == content_hash(pets[path])


def test_split_folders_are_kept_and_leaks_are_told(folder, pets, root) -> None:
    files = {f"train/{path}": content for path, content in pets.items()}
    files |= {"val/cat/x.jpg": pets["cat/3.jpg"], "val/dog/x.jpg": pets["dog/3.jpg"]}
    dataset = prepared(folder(files), root)
    validation = dataset.summary()["files"]["validation"]
    assert {name: list(files) for name, files in validation.items()} == {
        "cat": ["val/cat/x.jpg"],
        "dog": ["val/dog/x.jpg"],
    }
    assert dataset.rows("test").size == 0
    assert dataset.notes == ("images in more than one of the given parts, equal or nearly so: 2",)


def test_the_fingerprint_knows_contents_labels_and_split_only(folder, pets, photo, root) -> None:
    first = prepared(folder(pets), root).fingerprint
    renamed = {path.replace(".jpg", ".jpeg").replace("/", "/x"): content for path, content in pets.items()}
    assert prepared(folder(renamed, "renamed"), root).fingerprint == first
    assert prepare_dataset(Data(source=str(folder(pets)), image_size=[5, 5]), root).fingerprint == first
    others = [
        prepared(folder({**pets, "cat/new.jpg": photo(7)}, "added"), root),
        prepared(folder({path.replace("dog", "wolf"): c for path, c in pets.items()}, "relabelled"), root),
        prepared(folder(pets), root, split=Split(seed=7)),
    ]
    assert len({first, *(dataset.fingerprint for dataset in others)}) == 4


def test_the_stamp_is_the_fingerprint_and_what_was_made_of_the_images(folder, pets, root) -> None:
    dataset = prepared(folder(pets), root, resize="crop", color="gray")
    assert dataset.stamp == f"{dataset.fingerprint}-12x10x1-crop"


def test_the_fingerprint_knows_folds(folder, pets, root) -> None:
    found = {prepared(folder(pets), root, folds=folds).fingerprint for folds in (None, 2, 3)}
    assert len(found) == 3


def test_a_reference_opens_the_same_dataset_without_its_source(folder, pets, root) -> None:
    photos = folder(pets)
    dataset = prepared(photos, root)
    reference = pickle.loads(pickle.dumps(dataset.reference()))
    shutil.rmtree(photos)
    again = open_dataset(reference)
    assert again.summary() == dataset.summary()
    assert np.array_equal(again.images, dataset.images)
    assert np.array_equal(again.labels, dataset.labels)


def test_each_fold_of_a_reference_validates_on_other_images(folder, pets, root) -> None:
    reference = prepared(folder(pets), root, split=Split(test=0.1), folds=3).reference()
    folds = [open_dataset(reference.of_fold(fold)) for fold in range(3)]
    assert all(np.array_equal(dataset.rows("test"), folds[0].rows("test")) for dataset in folds)
    validated = np.concatenate([dataset.rows("validation") for dataset in folds])
    assert sorted([*validated, *folds[0].rows("test")]) == list(range(20))
    with pytest.raises(ValueError, match="the folds have the numbers from 0 to 2, got 3"):
        reference.of_fold(3)


def test_near_duplicates_in_several_given_parts_are_told(folder, pets, root) -> None:
    copy = io.BytesIO()
    Image.open(io.BytesIO(pets["cat/3.jpg"])).save(copy, "PNG")
    files = {f"train/{path}": content for path, content in pets.items()}
    files |= {"val/cat/x.png": copy.getvalue(), "val/dog/x.jpg": pets["dog/3.jpg"]}
    assert prepared(folder(files), root).notes == ("images in more than one of the given parts, equal or nearly so: 2",)


def test_a_reference_whose_cache_is_gone_is_told(folder, pets, root) -> None:
    dataset = prepared(folder(pets), root)
    shutil.rmtree(root)
    with pytest.raises(DataError, match="a prepared image cache must stay while it is used, got none or a damaged one"):
        open_dataset(dataset.reference())


def test_a_class_whose_images_are_all_bad_is_told(folder, pets, root) -> None:
    files = {path: b"" if path.startswith("dog") else content for path, content in pets.items()}
    with pytest.raises(DataError, match=r"class 'dog': every class needs .* got 0 train, 0 validation, 0 test"):
        prepared(folder(files), root)


def test_the_sample_of_digits(root: Path) -> None:
    dataset = prepare_dataset(Data(source="sample:digits", image_size=[32, 32]), root)
    assert dataset.images.shape == (1797, 32, 32, 3)
    assert dataset.images.max() == 255
    sizes = {part: len(dataset.rows(part)) for part in ("train", "validation", "test")}
    assert sizes == {"train": 1259, "validation": 362, "test": 176}


def test_preparing_imports_no_keras(folder, pets, root) -> None:
    program = """
import pathlib, sys
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data
prepare_dataset(Data(source=sys.argv[1]), pathlib.Path(sys.argv[2]))
print(sorted({"keras", "tensorflow", "jax", "optuna", "sklearn"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", program, str(folder(pets)), str(root)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
