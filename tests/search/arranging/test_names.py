"""Names that every system takes and that lead nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.arranging.names import MOST_BYTES, distinct, file_name, folder_name, same_file

ANY_NAME = st.text(st.characters(codec=None)) | st.text(st.sampled_from("./\\ \udcffaé-:\x00"))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("cat", "cat"),
        ("T-shirt/top", "T-shirt_top"),
        ("..", "_"),
        ("../../etc", "_.._.._etc"),
        (".hidden", "_.hidden"),
        ("con", "_con"),
        ("nul.tar", "_nul.tar"),
        ("a\nb\x1b[31m", "a_b_[31m"),
        ("caf\udce9", "caf_"),
        ("tail. ", "tail"),
        ("", "_"),
        ("__MACOSX", "___MACOSX"),
        ("café", "café"),
    ],
)
def test_a_class_becomes_one_harmless_folder(name: str, made: str) -> None:
    assert folder_name(name) == made


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("train/cat.1.jpg", "cat.1.jpg"),
        ("a/b/photo.JPEG", "photo.jpeg"),
        ("a/old.jfif", "old.jpg"),
        ("a/aux.png", "_aux.png"),
        ("a/-rf.png", "-rf.png"),
        ("a/x\udcff.png", "x_.png"),
    ],
)
def test_a_file_keeps_its_name_where_it_can(path: str, made: str) -> None:
    assert file_name(path) == made


def test_a_name_of_255_bytes_is_cut_before_its_suffix() -> None:
    name = file_name("é" * 125 + ".jpg")
    assert name.endswith("é.jpg")
    assert len(name.encode()) <= MOST_BYTES + len(".jpg")


@given(ANY_NAME)
def test_any_name_is_one_step_that_can_be_written(name: str) -> None:
    made = folder_name(name)
    assert made not in ("", ".", "..")
    assert not set(made) & set('/\\\x00:*?"<>|')
    assert not made.startswith(".")
    assert 0 < len(made.encode()) <= MOST_BYTES + 1


@given(st.lists(ANY_NAME, max_size=20))
def test_distinct_names_stay_distinct_on_a_disk_that_ignores_case(names: list[str]) -> None:
    taken: set[str] = set()
    for name in names:
        made = distinct(file_name(name + ".jpg"), taken.__contains__, "0a1b2c3d")
        assert same_file(made) not in taken
        taken.add(same_file(made))


def test_a_mark_goes_before_the_suffix() -> None:
    assert distinct("1.jpg", {"1.jpg"}.__contains__, "ab") == "1-ab.jpg"
    assert distinct("1.JPG", {"1.jpg", "1-ab.jpg"}.__contains__, "ab") == "1-ab-2.jpg"


def test_composed_and_decomposed_accents_are_one_file() -> None:
    assert same_file("caf\u00e9.jpg") == same_file("CAFE\u0301.jpg")
