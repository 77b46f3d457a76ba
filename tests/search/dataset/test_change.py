"""What changed between two descriptions of images: nothing is overlooked, nothing invented, and it reads well."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.change import Summary, change_between

PARTS, CLASSES = ("train", "validation", "test"), ("cat", "dog")
Files = dict[str, tuple[str, str, str]]
"""Path to (class, part, content)."""


def summary(files: Files, **more: Any) -> Summary:
    parts: dict[str, Any] = {part: {name: {} for name in CLASSES} for part in PARTS}
    for path, (name, part, content) in files.items():
        parts[part].setdefault(name, {})[path] = content
    fingerprint = str(sorted(files.values()))
    raw = {"source": "photos", "classes": list(CLASSES), "fingerprint": fingerprint, "files": parts, **more}
    return Summary.of(json.loads(json.dumps(raw)))


def base(count: int = 6) -> Files:
    return {f"cat/{number}.jpg": ("cat", "train", f"{number:040x}") for number in range(count)}


def told(before: Files, now: Files, **more: Any) -> str:
    return str(change_between(summary(before), summary(now, **more)))


def test_the_same_images_are_no_change() -> None:
    change = change_between(summary(base()), summary(base()))
    assert (change.matters, str(change), change.kept) == (False, "nothing changed", 6)


def test_what_was_added_and_removed_is_counted_and_named() -> None:
    now = {path: file for path, file in base().items() if path not in ("cat/0.jpg", "cat/1.jpg")}
    now |= {f"dog/{number}.jpg": ("dog", "train", f"d{number}") for number in range(5)}
    words = "5 images added (dog/0.jpg, dog/1.jpg, dog/2.jpg, ...), 2 removed (cat/0.jpg, cat/1.jpg)"
    assert told(base(), now) == words


def test_other_bytes_under_one_name_are_a_change_of_that_image() -> None:
    assert (
        told(base(), base() | {"cat/3.jpg": ("cat", "test", "other")}) == "1 image changed (cat/3.jpg has other bytes)"
    )


def test_another_part_is_a_move_and_another_class_a_relabelling() -> None:
    now = base()
    content = now.pop("cat/2.jpg")[2]
    now |= {"cat/0.jpg": ("cat", "validation", now["cat/0.jpg"][2]), "dog/2.jpg": ("dog", "train", content)}
    now["cat/new.jpg"] = now.pop("cat/4.jpg")
    words = (
        "1 image moved from train to validation (cat/0.jpg), 1 relabelled from cat to dog (dog/2.jpg), 1 only renamed"
    )
    assert told(base(), now) == words


def test_a_new_name_alone_is_no_change() -> None:
    change = change_between(summary(base()), summary({path.replace("cat/", "cat/x"): f for path, f in base().items()}))
    assert (change.matters, change.renamed) == (False, 6)


def test_exclusions_and_files_that_broke_are_told_apart_from_those_that_are_gone() -> None:
    now = {path: file for path, file in base().items() if path not in ("cat/0.jpg", "cat/1.jpg", "cat/2.jpg")}
    words = told(base(), now, excluded=["cat/1.jpg"], skipped=[{"name": "cat/2.jpg", "reason": "is empty"}])
    assert (
        words == "1 image removed (cat/0.jpg), 1 no longer readable (cat/2.jpg is empty), 1 newly excluded (cat/1.jpg)"
    )


def test_settings_are_told_before_and_after() -> None:
    split = {"validation": 0.2, "test": 0.1, "seed": 42}
    before = summary(base(), split=split, folds=None, image_shape=[64, 64, 3])
    now = summary(base(), split={**split, "seed": 7}, folds=5, image_shape=[96, 96, 3])
    change = change_between(before, now)
    assert str(change) == "split seed 42 -> 7, folds none -> 5, image shape 64 x 64 x 3 -> 96 x 96 x 3"
    assert change.matters


def test_a_setting_that_moves_no_image_does_not_matter() -> None:
    before, now = (summary(base(), split={"validation": 0.2, "test": 0.1, "seed": seed}) for seed in (1, 2))
    assert not change_between(before, now).matters


def test_new_and_lost_classes_are_named() -> None:
    change = change_between(summary(base()), summary(base(), classes=["cat", "wolf"]))
    assert change.classes_differ
    assert str(change) == "new class wolf, lost class dog"


def test_an_earlier_description_without_images_says_only_that_they_are_others() -> None:
    before = Summary.of({"fingerprint": "a", "parts": {"train": ["cat/1.jpg"]}})
    change = change_between(before, summary(base()))
    assert change.matters
    assert "which ones, the run's dataset.json does not tell" in str(change)
    assert not change_between(before, Summary.of({"fingerprint": "a"})).matters


@pytest.mark.parametrize("raw", [{}, {"fingerprint": "a", "files": {"train": ["cat/1.jpg"]}}])
def test_what_is_no_description_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a dataset's summary has other keys, got"):
        Summary.of(raw)


FILES = st.dictionaries(
    st.sampled_from([f"{name}/{number}.jpg" for name in CLASSES for number in range(4)]),
    st.tuples(st.sampled_from(CLASSES), st.sampled_from(PARTS), st.sampled_from("abcdef")),
    min_size=1,
)


@given(FILES, FILES)
def test_it_matters_exactly_where_contents_classes_or_parts_differ(before: Files, now: Files) -> None:
    change = change_between(summary(before), summary(now))
    assert change.matters == (sorted(before.values()) != sorted(now.values()))


@given(FILES, FILES)
def test_every_image_is_accounted_for_once(before: Files, now: Files) -> None:
    change = change_between(summary(before), summary(now))
    shifted = {path for ways in (change.moved, change.relabelled) for paths in ways.values() for path in paths}
    both = change.kept + len(shifted) + len(change.changed)
    assert both + len(change.removed) == len(before)
    assert both + len(change.added) == len(now)


@given(FILES, FILES)
def test_the_way_back_adds_what_the_way_there_removes(before: Files, now: Files) -> None:
    there, back = (change_between(summary(one), summary(other)) for one, other in ((before, now), (now, before)))
    assert (list(there.added), list(there.removed)) == (list(back.removed), list(back.added))
    assert list(there.changed) == list(back.changed)
    assert there.kept == back.kept
