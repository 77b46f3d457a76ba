"""Kept features on the disk: damage is noticed and made good; what is open stays; all are listed and deleted."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.cache.checking import BLOCK_BYTES, damaged_rows
from cnnsearch.search.dataset.cache.stored import IMAGES, State, Stored, delete, delete_spare_locks, stored_caches
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.features import kept
from cnnsearch.search.features.features import Features, Frozen, Viewed
from cnnsearch.search.features.kept import FEATURES, open_kept
from cnnsearch.search.features.label import FeatureLabel
from tests.search.features.small import asked, folders
from tests.search.features.sums import Sums

Made = Callable[..., Features]


def short(folder: Path) -> None:
    content = (folder / "features.npy").read_bytes()
    (folder / "features.npy").write_bytes(content[:-1])


def long(folder: Path) -> None:
    with (folder / "features.npy").open("ab") as file:
        file.write(b"x")


def flipped(name: str, place: int) -> Callable[[Path], None]:
    """Turns one bit of a file over."""

    def flip(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[place] ^= 1
        (folder / name).write_bytes(content)

    return flip


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def labelled(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        label = json.loads((folder / "label.json").read_text())
        (folder / "label.json").write_text(json.dumps(label | changes))

    return change


def torn_label(folder: Path) -> None:
    (folder / "label.json").write_text("{")


DAMAGES = [
    short,
    long,
    flipped("features.npy", 128),
    flipped("features.npy", -1),
    flipped("checksums.npy", -1),
    without("features.npy"),
    without("checksums.npy"),
    without("label.json"),
    torn_label,
    labelled(images=3),
    labelled(shape=[3, -2]),
    labelled(shape="x"),
    labelled(features=0),
    labelled(extra=1),
    shutil.rmtree,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_features_are_computed_anew(damage, made: Made, root: Path) -> None:
    before = np.array(made().maps[0])
    (folder,) = folders(root)
    damage(folder)
    again = made()
    assert again.is_new
    assert folders(root) == [folder]
    assert np.array_equal(again.maps[0], before)


def test_damaged_rows_are_named(made: Made, root: Path) -> None:
    made()
    (folder,) = folders(root)
    flipped("features.npy", 128 + 7 * 24 + 5)(folder)
    opened = open_kept(folder)
    assert opened is not None
    assert list(damaged_rows(opened)) == [7]


def test_of_large_features_a_sample_is_checked_at_the_start(made: Made, root: Path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "CHECKED_AT_START", BLOCK_BYTES)
    large = {
        "frozen": Frozen("0" * 40, (10**6,), "ones"),
        "views": [Viewed("plain", lambda images: np.ones((len(images), 10**6), np.float32))],
        "rows": np.arange(4),
    }
    made(**large)
    (folder,) = folders(root)
    flipped("features.npy", -1)(folder)
    assert not FEATURES.opens(folder, True)
    assert {kept.whole(folder) is None for _ in range(100)} == {True, False}


def listed(root: Path, *, check: bool = False) -> list[Stored]:
    return stored_caches(root, check=check, kinds=(IMAGES, FEATURES))


def test_features_are_listed_with_what_they_are(made: Made, dataset: Dataset, root: Path) -> None:
    made()
    (found,) = listed(root)
    assert found.state == State.COMPLETE
    assert isinstance(found.label, FeatureLabel)
    label = found.label
    assert (label.source, label.network, label.view) == (dataset.source, "sums block1, 8x6", "plain")
    assert (label.images, label.shape, label.precision) == (len(asked(dataset)), (3, 2), "float32")


STATES = {
    State.OLDER: labelled(features=0),
    State.DAMAGED: torn_label,
}


@pytest.mark.parametrize("state", STATES)
def test_what_no_run_can_use_is_listed_as_such(state: State, made: Made, root: Path) -> None:
    made()
    STATES[state](folders(root)[0])
    assert listed(root)[0].state == state


def test_a_flipped_bit_is_found_when_checksums_are_compared(made: Made, root: Path) -> None:
    made()
    flipped("features.npy", -1)(folders(root)[0])
    assert [listed(root, check=check)[0].state for check in (False, True)] == [State.COMPLETE, State.DAMAGED]


def test_what_is_open_is_not_deleted_and_what_is_not_is_gone(made: Made, root: Path, network: Sums) -> None:
    features = made()
    (found,) = listed(root)
    assert found.open
    assert not delete(found)
    del features
    assert delete(found)
    delete_spare_locks(root)
    assert list(root.iterdir()) == []


def test_asking_for_features_counts_as_using_them(made: Made, root: Path) -> None:
    made()
    os.utime(folders(root)[0] / "label.json", (1_000_000, 1_000_000))
    assert listed(root)[0].used == 1_000_000
    made()
    assert listed(root)[0].used > 1_000_000
