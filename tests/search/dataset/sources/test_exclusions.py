"""`data.exclude`: lists of paths, and the file in which the doctor writes one."""

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.exclusions import read_exclusions, written_exclusions
from cnnsearch.search.dataset.sources.source import open_source

paths = st.text(
    st.characters() | st.characters(categories=["Cs"], min_codepoint=0xDC80, max_codepoint=0xDCFF), min_size=1
)


@given(st.dictionaries(paths, st.text()))
def test_what_is_written_is_read(tmp_path_factory, reasons: dict[str, str]) -> None:
    path = tmp_path_factory.getbasetemp() / "exclude.txt"
    path.write_bytes(written_exclusions(reasons).encode("utf-8"))
    assert read_exclusions(path) == tuple(reasons)


def test_a_written_list_is_a_pleasure_to_read() -> None:
    assert written_exclusions({"cat/1.jpg": "is empty", "#1.jpg": "a\nb", "ä\udcff.jpg": "blank"}) == (
        "# Images to leave out: data.exclude takes this file. One path on each line, relative to the source.\n"
        "\n# is empty\ncat/1.jpg\n"
        '\n# a\\nb\n"#1.jpg"\n'
        '\n# blank\n"\\u00e4\\udcff.jpg"\n'
    )


def test_images_are_left_out_by_a_list_and_by_a_file(folder, pets, tmp_path) -> None:
    root = str(folder(pets))
    (tmp_path / "bad.txt").write_text("# by hand\n\ncat/0.jpg\r\n  ./dog/3.jpg\ncat/17.jpg\n", encoding="utf-8-sig")
    by_file = open_source(root, str(tmp_path / "bad.txt"))
    assert by_file == open_source(root, ["cat/0.jpg", "dog\\3.jpg", "cat/17.jpg"])
    assert set(pets) - {image.path for image in by_file.images} == {"cat/0.jpg", "dog/3.jpg"}
    assert by_file.notes == ("excluded: 2", "entries of data.exclude that match no image: 1 ('cat/17.jpg')")
    assert pickle.loads(pickle.dumps(by_file)) == by_file


def test_nothing_to_exclude_is_told_too(folder, pets) -> None:
    assert open_source(str(folder(pets)), []).notes == ("excluded: 0",)


def test_a_class_that_is_left_out_whole_is_no_class(folder, pets) -> None:
    with pytest.raises(DataError, match="telling classes apart takes at least two of them, got one: 'dog'"):
        open_source(str(folder(pets)), [path for path in pets if path.startswith("cat/")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            None,
            r"exclude.txt: data.exclude is a list of paths, or .+ got: No such file or directory\. Correct its name",
        ),
        (b"\xff\xfe", r"exclude.txt: data.exclude is a list of paths, or .+ got: 'utf-8' codec can't decode"),
        (b'a\n"b', r"exclude.txt:2: a line that begins with a quotation mark is one JSON string, got '\"b'\. End it"),
        (b'"b" c', r"exclude.txt:1: a line that begins with a quotation mark is one JSON string"),
    ],
)
def test_what_is_wrong_with_a_list_is_told(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "exclude.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_exclusions(tmp_path / "exclude.txt")
