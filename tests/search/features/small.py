"""Small pictures, what is asked of them, and where it lies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnsearch.search.dataset.dataset import Dataset


def asked(dataset: Dataset) -> NDArray[np.int64]:
    """All rows but those of the test part."""
    return np.concatenate([dataset.rows("train"), dataset.rows("validation")])


def write_photos(place: Path, names: Sequence[str]) -> str:
    """Class folders of pictures; the picture of a name depends on its place in the list only."""
    for number, name in enumerate(names):
        path = place / ("cat" if number % 2 else "dog") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dots = np.random.default_rng(number).integers(0, 256, (8, 6, 3), dtype=np.uint8)
        Image.fromarray(dots).save(path, format="PNG")
    return str(place)


def folders(root: Path) -> list[Path]:
    """The folders of feature caches, and of what was left of them."""
    return [path for path in root.iterdir() if path.is_dir() and not (path / "images.npy").exists()]
