"""The small real pictures of the dataset's tests, and folders prepared of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cnnsearch.search.arranging.prepare import Prepared, Wish, prepare
from tests.search.dataset.conftest import archive, folder, pets, photo

__all__ = ["archive", "folder", "pets", "photo"]

Preparing = Callable[..., Prepared]


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """Where the folders go."""
    return tmp_path / "prepared"


@pytest.fixture
def prepared(dest: Path) -> Preparing:
    """`prepared(source, **Wish's arguments)`: make the folders in `dest`."""

    def make(source: Path, validation: float = 0.2, test: float = 0.1, **wish: object) -> Prepared:
        return prepare(Wish(str(source), dest, validation, test, **wish), lambda *_: None)

    return make
