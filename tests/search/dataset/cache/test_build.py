"""The cache: every image decoded once, under a name that any change of the images changes."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.cache.naming import CACHE_VARIABLE, content_hash, default_cache_folder
from cnnsearch.search.dataset.decoding.decode import decode, decode_image
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source

SHAPE = (12, 10, 3)


def checksums(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_row_is_its_image_decoded(folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    cache = build_cache(source, SHAPE, root)
    assert cache.index.names == tuple(sorted(pets))
    assert cache.index.labels == (0,) * 10 + (1,) * 10
    assert all(
        np.array_equal(cache.images[n], decode_image(pets[name], SHAPE)) for n, name in enumerate(cache.index.names)
    )
    assert not cache.images.flags.writeable


def test_thumbnails_lie_beside_the_images(folder, pets, root) -> None:
    cache = build_cache(open_source(str(folder(pets))), SHAPE, root)
    assert cache.thumbnails.shape == (20, 32, 32)
    assert all(
        np.array_equal(cache.thumbnails[n], decode(pets[name], SHAPE).thumbnail)
        for n, name in enumerate(cache.index.names)
    )


def test_copies_of_a_picture_are_one_group(folder, pets, photo, root) -> None:
    copies = {
        "cat/copy.jpg": pets["cat/1.jpg"],
        "dog/as.png": photo(1, format="PNG"),
    }
    index = build_cache(open_source(str(folder({**pets, **copies}))), SHAPE, root).index
    groups = dict(zip(index.names, index.groups, strict=True))
    assert {groups[name] for name in copies} == {groups["cat/1.jpg"]}
    assert len(set(index.groups)) == 20


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_each_way_of_resizing_has_a_cache_of_its_own(resize, folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    others = {build_cache(source, SHAPE, root, resize=other).folder for other in {"stretch", "crop", "pad"} - {resize}}
    cache = build_cache(source, SHAPE, root, resize=resize)
    assert cache.folder not in others
    assert np.array_equal(cache.images[0], decode_image(pets[cache.index.names[0]], SHAPE, resize))


def test_a_photo_that_changes_while_it_is_read_is_one_or_the_other(many: Path, root: Path, photo) -> None:
    def change(done: int, total: int) -> None:
        (root / "new.jpg").write_bytes(photo(done))
        (root / "new.jpg").replace(many / "dog/9.jpg")

    cache = build_cache(open_source(str(many)), SHAPE, root, change)
    before = {content_hash(content): content for content in map(photo, (*range(81), 1009))}
    row = cache.index.names.index("dog/9.jpg")
    assert np.array_equal(cache.images[row], decode_image(before[cache.index.contents[row]], SHAPE))


def test_a_photo_that_changed_is_not_taken_for_the_one_in_the_cache(folder, pets, photo, root) -> None:
    photos = folder(pets)
    old = build_cache(open_source(str(photos)), SHAPE, root)
    changed = photo(77)
    (photos / "cat/0.jpg").write_bytes(changed)
    os.utime(photos / "cat/0.jpg", ns=(0, 0))
    new = build_cache(open_source(str(photos)), SHAPE, root)
    assert new.folder != old.folder
    assert np.array_equal(new.images[0], decode_image(changed, SHAPE))


def test_the_photos_are_not_touched(folder, pets, root) -> None:
    photos = folder(pets)
    before = checksums(photos)
    build_cache(open_source(str(photos)), SHAPE, root)
    assert checksums(photos) == before


def test_bad_images_are_skipped_and_named(folder, pets, root) -> None:
    bad = {"cat/empty.jpg": b"", "dog/text.jpg": b"hello", "dog/half.jpg": pets["dog/1.jpg"][:300]}
    cache = build_cache(open_source(str(folder({**pets, **bad}))), SHAPE, root)
    reasons = {skipped.name: skipped.reason for skipped in cache.index.skipped}
    assert set(reasons) == set(bad)
    assert reasons["cat/empty.jpg"] == "is empty"
    assert "no image of a known format" in reasons["dog/text.jpg"]
    assert reasons["dog/half.jpg"].startswith("cannot be decoded: ")
    assert cache.index.names == tuple(sorted(pets))
    assert np.array_equal(cache.images[-1], decode_image(pets["dog/9.jpg"], SHAPE))


def test_no_readable_image_is_told_and_leaves_nothing(folder, root) -> None:
    photos = folder({"cat/1.jpg": b"", "dog/1.jpg": b"x"})
    with pytest.raises(DataError, match=r"some images must be readable, got 2 that are not; 'cat/1.jpg' is empty"):
        build_cache(open_source(str(photos)), SHAPE, root)
    assert not [path for path in root.iterdir() if path.is_dir()]


def test_a_warm_cache_is_opened_not_built(folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    cold: list[tuple[int, int]] = []
    first = build_cache(source, SHAPE, root, lambda done, total: cold.append((done, total)))
    changed = checksums(root)
    warm: list[tuple[int, int]] = []
    second = build_cache(source, SHAPE, root, lambda done, total: warm.append((done, total)))
    assert (first.is_new, second.is_new) == (True, False)
    assert cold == [(done, 20) for done in range(1, 21)]
    assert warm == [(20, 20)]
    assert second.folder == first.folder
    assert {path: told[0] for path, told in checksums(root).items()} == {
        path: told[0] for path, told in changed.items()
    }


def test_another_place_has_the_same_cache_and_other_data_another(folder, pets, photo, root) -> None:
    key = build_cache(open_source(str(folder(pets))), SHAPE, root).folder
    moved = open_source(str(folder(pets, "moved")))
    assert build_cache(moved, SHAPE, root).folder == key
    assert build_cache(moved, (12, 10, 1), root).folder != key
    (root.parent / "moved/cat/0.jpg").write_bytes(photo(77))
    assert build_cache(moved, SHAPE, root).folder != key


def test_renamed_classes_are_not_taken_for_the_old_ones(folder, pets, root) -> None:
    build_cache(open_source(str(folder(pets))), SHAPE, root)
    renamed = folder({path.replace("dog", "wolf"): content for path, content in pets.items()}, "renamed")
    assert build_cache(open_source(str(renamed)), SHAPE, root).index.classes == ("cat", "wolf")


def test_names_that_are_no_utf8_are_kept(folder, pets, photo, root) -> None:
    photos = folder(pets)
    for number, name in enumerate((b"caf\xe9.jpg", b"line\nbreak.jpg", b"-rf.jpg", "ü.jpg".encode())):
        (photos / "cat" / os.fsdecode(name)).write_bytes(photo(500 + number))
    source = open_source(str(photos))
    cache = build_cache(source, SHAPE, root)
    assert cache.index.names == tuple(image.path for image in source.images)
    assert build_cache(source, SHAPE, root).index == cache.index


def test_the_cache_folder_may_be_named_by_the_environment(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.delenv(CACHE_VARIABLE)
    assert default_cache_folder().name == "cnnsearch"


def test_a_cache_folder_may_begin_with_a_tilde_or_be_relative(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, "~/pixels")
    assert default_cache_folder() == Path.home() / "pixels"
    monkeypatch.setenv(CACHE_VARIABLE, "pixels")
    assert default_cache_folder() == tmp_path / "pixels"


def test_an_unknown_person_s_cache_folder_is_told(monkeypatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "~nobody-here/pixels")
    with pytest.raises(DataError, match=r"CNNSEARCH_CACHE names a folder, got '~nobody-here/pixels': .* whole path"):
        default_cache_folder()
