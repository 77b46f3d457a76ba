"""The page of an examination: one inert file with charts and small pictures."""

import math
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.doctor.charts import bins
from cnnsearch.reports.doctor.page import MOST_PICTURED, examination_page, pictured
from cnnsearch.reports.markup import element, page
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.doctor.doctor import examined_source
from cnnsearch.search.doctor.findings import Finding, Subject
from cnnsearch.search.doctor.kinds import TRAITS, Kind
from tests.search.doctor.faults import FAULTS, clean_files, picture, saved, written

EVIL = "<img src=x onerror=alert(1)>"


class Read(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a set with many faults and names that are markup."""
    root = written(tmp_path_factory.mktemp("page") / EVIL.replace("/", ""), clean_files())
    for kind, plant in FAULTS.values():
        if kind is not Kind.TINY:
            plant(root)
    written(root, {f"train/cat/{EVIL}.jpg": b"", "train/cat/a\nb.jpg": b""})
    source = open_source(str(root))
    return examination_page(examined_source(source), source.files)


def test_names_are_text_and_nothing_can_run_or_be_loaded(faulty: str) -> None:
    read = Read(faulty)
    assert f"train/cat/{EVIL}.jpg" in read.text
    assert r"train/cat/a\nb.jpg" in read.text
    assert {tag for tag, _ in read.elements} & {"script", "iframe", "object", "embed", "link", "a", "form"} == set()
    assert [name for _, attributes in read.elements for name in attributes if name.startswith("on")] == []
    sources = [attributes["src"] for _, attributes in read.elements if "src" in attributes]
    assert sources
    assert all(source and source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "url(" not in faulty
    assert "default-src 'none'" in faulty


def test_copies_stand_side_by_side_with_their_labels(tmp_path: Path) -> None:
    photo = saved(picture(1001))
    root = written(tmp_path / "photos", clean_files() | {"train/cat/a.jpg": photo, "train/dog/a.jpg": photo})
    source = open_source(str(root))
    text = examination_page(examined_source(source), source.files)
    _, _, behind = text.partition('<div class="set">')
    shown, _, _ = behind.partition("</section>")
    assert shown.count("<img") == 2
    assert '<span class="chip">cat</span>' in shown
    assert '<span class="chip">dog</span>' in shown


def test_the_page_of_a_healthy_set_says_so(tmp_path: Path) -> None:
    source = open_source(str(written(tmp_path / "photos", clean_files())))
    text = examination_page(examined_source(source), source.files)
    assert '<p class="verdict good">Healthy: no errors, no warnings.</p>' in text
    assert "<h2>Findings</h2>" not in text
    assert "12 + 3 + 3" in text


def test_the_page_of_4000_photos_is_small(test_data: Path) -> None:
    source = open_source(str(test_data / "data/dogs-vs-cats-4000.zip"))
    assert len(examination_page(examined_source(source), source.files)) < 200_000


def test_however_many_are_found_a_few_are_pictured() -> None:
    def finding(*sizes: int) -> Finding:
        return Finding(Kind.DUPLICATES, tuple((Subject("a.jpg"),) * size for size in sizes))

    assert [len(group) for group in pictured(finding(*[2] * 1000))] == [2] * (MOST_PICTURED // 2)
    assert [len(group) for group in pictured(finding(1000, 3, 2))] == [6, 3, 2]
    assert len(TRAITS) * MOST_PICTURED * 6_000 < 5_000_000  # 112 pixels and 72 % make 6 KB at most


def test_a_long_set_shows_each_of_its_labels() -> None:
    group = (*(Subject(f"cat/{number}.jpg", "", "cat") for number in range(9)), Subject("dog/1.jpg", "", "dog"))
    (shown,) = pictured(Finding(Kind.NEAR_TWO_LABELS, (group,)))
    assert [subject.class_name for subject in shown] == ["cat"] * 5 + ["dog"]


@given(st.lists(st.integers(1, 30_000), min_size=1))
def test_a_histogram_counts_every_length_once(lengths: list[int]) -> None:
    found = bins(lengths)
    assert sum(each.count for each in found) == len(lengths)
    assert math.isclose(found[0].low, min(lengths))
    assert math.isclose(found[-1].high, max(lengths))


def test_a_histogram_of_nothing_is_empty() -> None:
    assert bins([]) == []


@given(st.text())
def test_any_text_comes_out_of_a_page_as_it_is_shown(text: str) -> None:
    written_page = page(element("head"), element("body", element("p", text, title=text)))
    read = Read(written_page)
    assert [tag for tag, _ in read.elements] == ["html", "head", "body", "p"]
