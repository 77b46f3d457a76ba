"""Real image files for the tests of the dataset: small pictures in real formats, in real folders and zips."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Photo = Callable[..., bytes]
Tree = Callable[..., Path]


def noise(seed: int, size: tuple[int, int] = (24, 16), mode: str = "RGB") -> Image.Image:
    """A smooth picture of (width, height) pixels that no other seed gives."""
    dots = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(dots).resize(size, Image.Resampling.BICUBIC).convert(mode)


@pytest.fixture(scope="session")
def photo() -> Photo:
    """`photo(seed, format="JPEG", **noise's arguments)`: the bytes of an image file."""

    def encoded(seed: int, format: str = "JPEG", **look: object) -> bytes:  # noqa: A002 - Pillow's own word
        file = io.BytesIO()
        noise(seed, **look).save(file, format=format)
        return file.getvalue()

    return encoded


@pytest.fixture
def folder(tmp_path: Path) -> Tree:
    """`folder({"cat/1.jpg": bytes, ...})`: a folder with these files."""

    def written(files: Mapping[str, bytes], name: str = "photos") -> Path:
        root = tmp_path / name
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        return root

    return written


@pytest.fixture
def archive(tmp_path: Path) -> Tree:
    """`archive({"cat/1.jpg": bytes, ...})`: a zip archive with these members."""

    def written(files: Mapping[str, bytes], name: str = "photos.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for path, content in files.items():
                file.writestr(path, content)
        return tmp_path / name

    return written


@pytest.fixture(scope="session")
def pets(photo: Photo) -> dict[str, bytes]:
    """Ten cats and ten dogs in class folders, all different."""
    return {
        f"{name}/{number}.jpg": photo(100 * n + number) for n, name in enumerate(("cat", "dog")) for number in range(10)
    }
