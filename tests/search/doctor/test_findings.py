"""What facts mean, without any file: classes, copies, and what should be left out."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.doctor.alike import of_copies, of_near
from cnnsearch.search.doctor.balance import counts_of, of_classes
from cnnsearch.search.doctor.examine import Examined, Look
from cnnsearch.search.doctor.findings import Finding, Subject, found
from cnnsearch.search.doctor.kinds import TRAITS, Kind, Severity
from cnnsearch.search.doctor.leaving_out import left_out
from cnnsearch.search.doctor.single import of_file

GOOD = Look("JPEG", "RGB", 48, 64, 200)


def file(path: str, content: str = "", part: str | None = None, look: Look | None = GOOD, reason: str = "") -> Examined:
    """A file whose class is its path's first step."""
    return Examined(LabelledImage(path, path.partition("/")[0], part), 9, content or path, look, reason)


def files_of(**counts: int) -> list[Examined]:
    return [file(f"{name}/{number}.jpg") for name, count in counts.items() for number in range(count)]


def told(files: Sequence[Examined]) -> list[tuple[Kind, list[Subject]]]:
    classes = sorted({each.image.class_name for each in files})
    return [(kind, list(group)) for kind, group in of_classes(counts_of(classes, files))]


def findings(files: Sequence[Examined], pairs: Sequence[tuple[int, int]] = ()) -> tuple[Finding, ...]:
    facts = [fact for each in files for fact in of_file(each)]
    return found([*facts, *of_copies(files), *of_near(files, pairs)])


@pytest.mark.parametrize("counts", [(60, 40), (10, 10), (100, 10), (1000, 101)])
def test_ordinary_classes_are_no_finding(counts: tuple[int, int]) -> None:
    assert told(files_of(cat=counts[0], dog=counts[1])) == []


def test_a_class_with_less_than_a_tenth_of_the_largest_is_told() -> None:
    assert told(files_of(cat=101, dog=10)) == [
        (Kind.IMBALANCE, [Subject("dog", "10 of the largest class's 101 images", "dog")])
    ]


def test_a_class_of_fewer_than_ten_readable_images_is_almost_empty() -> None:
    files = [*files_of(cat=30, dog=9), file("dog/bad.jpg", look=None, reason="is empty")]
    assert told(files) == [(Kind.SMALL_CLASS, [Subject("dog", "9 images", "dog")])]


def test_a_class_that_a_part_lacks_is_told() -> None:
    files = [file(f"{name}/{number}.jpg", part="train") for name in ("cat", "dog") for number in range(10)]
    files += [file("cat/x.jpg", part="test")]
    assert told(files) == [(Kind.MISSING_IN_PART, [Subject("dog", "no image in test", "dog", "test")])]


def test_names_that_differ_in_capitals_or_spaces_are_told() -> None:
    ((kind, subjects),) = told(files_of(**{"Tabby cat": 10, "tabby  cat ": 10, "dog": 10}))
    assert kind is Kind.TWIN_CLASSES
    assert {subject.name for subject in subjects} == {"Tabby cat", "tabby  cat "}


def test_a_chain_under_one_label_is_not_drawn_into_a_set_with_two_labels() -> None:
    files = [file("cat/1.jpg"), file("cat/2.jpg"), file("cat/3.jpg"), file("dog/1.jpg")]
    sets = {f.kind: [s.name for s in f.subjects] for f in findings(files, [(0, 1), (1, 2), (2, 3)])}
    assert sets == {
        Kind.NEAR_TWO_LABELS: ["cat/3.jpg", "dog/1.jpg"],
        Kind.NEAR_DUPLICATES: ["cat/1.jpg", "cat/2.jpg", "cat/3.jpg"],
    }
    assert list(left_out(findings(files, [(0, 1), (1, 2), (2, 3)]))) == ["cat/3.jpg", "dog/1.jpg"]


def test_the_copy_in_test_stays_then_that_in_validation() -> None:
    places = (("train", "a"), ("validation", "a"), ("test", "a"), ("train", "b"), ("validation", "b"))
    files = [file(f"cat/{part}-{content}.jpg", content, part) for part, content in places]
    assert left_out(findings(files)) == {
        "cat/train-a.jpg": "is a copy of cat/test-a.jpg",
        "cat/train-b.jpg": "is a copy of cat/validation-b.jpg",
        "cat/validation-a.jpg": "is a copy of cat/test-a.jpg",
    }


def test_near_duplicates_under_one_label_stay() -> None:
    assert left_out(findings([file("cat/1.jpg"), file("cat/2.jpg")], [(0, 1)])) == {}


def test_every_kind_has_its_traits_and_they_are_sorted_by_severity() -> None:
    assert list(TRAITS) == list(Kind)
    order = [list(Severity).index(trait.severity) for trait in TRAITS.values()]
    assert order == sorted(order)


look = st.sampled_from([GOOD, Look("JPEG", "RGB", 48, 64, 3), None])
facts = st.builds(
    lambda number, name, content, part, look: file(f"{name}/{number}.jpg", content, part, look, "" if look else "bad"),
    st.integers(0, 999),
    st.sampled_from(["cat", "dog"]),
    st.sampled_from("abcdef"),
    st.sampled_from(["train", "validation", "test"]),
    look,
)


@given(st.lists(facts, max_size=12, unique_by=lambda each: each.image.path), st.data())
def test_what_should_be_left_out_leaves_no_certain_loss(files: list[Examined], data: st.DataObject) -> None:
    rows = st.integers(0, max(0, len(files) - 1))
    drawn = data.draw(st.lists(st.tuples(rows, rows), max_size=6)) if files else []
    pairs = [(a, b) for a, b in drawn if files[a].content != files[b].content and files[a].look and files[b].look]
    gone = left_out(findings(files, pairs))
    kept = [row for row, each in enumerate(files) if each.image.path not in gone]
    left = [(kept.index(a), kept.index(b)) for a, b in pairs if a in kept and b in kept]
    kinds = {finding.kind for finding in findings([files[row] for row in kept], left)}
    assert kinds <= {Kind.NEAR_DUPLICATES}
