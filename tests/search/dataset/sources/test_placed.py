"""Readers of one open file: each has a place of its own."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.sources.placed import PlacedFile

CONTENT = bytes(range(100))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


def test_two_readers_do_not_move_each_other(path: Path) -> None:
    with path.open("rb") as file:
        one, other = PlacedFile(file, owned=False), PlacedFile(file, owned=False)
        assert (one.read(3), other.read(5), one.read(3)) == (CONTENT[:3], CONTENT[:5], CONTENT[3:6])
        assert (one.tell(), other.tell(), file.tell()) == (6, 5, 0)


steps = st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.integers(-120, 120), st.integers(0, 120)), max_size=20)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("placed") / "file"
    path.write_bytes(CONTENT)
    return path


@given(steps=steps)
def test_it_reads_as_any_file_does(steps: list[tuple[int, int, int]], opened: Path) -> None:
    with opened.open("rb", buffering=0) as file:
        ours, plain = PlacedFile(file, owned=False), io.BytesIO(CONTENT)
        for whence, offset, size in steps:
            start = {0: 0, 1: plain.tell(), 2: len(CONTENT)}[whence]
            if start + offset < 0:
                continue
            assert ours.seek(offset, whence) == plain.seek(start + offset)
            assert ours.read(size) == plain.read(size)
            assert ours.tell() == plain.tell()


def test_no_place_lies_before_the_beginning(path: Path) -> None:
    with path.open("rb") as file, pytest.raises(ValueError, match=r"no less than 0, got -1$"):
        PlacedFile(file, owned=False).seek(-1)


def test_it_closes_what_it_owns(path: Path) -> None:
    mine, another = path.open("rb"), path.open("rb")
    PlacedFile(mine, owned=True).close()
    PlacedFile(another, owned=False).close()
    assert (mine.closed, another.closed) == (True, False)
    another.close()
