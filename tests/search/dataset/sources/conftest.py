"""Archives of every kind, with real members."""

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Tar = Callable[..., Path]


def added(tar: tarfile.TarFile, path: str, content: bytes, **info: object) -> None:
    """Put one member into an open tar; `info` sets what else a TarInfo has."""
    member = tarfile.TarInfo(path)
    member.size = len(content)
    for name, value in info.items():
        setattr(member, name, value)
    tar.addfile(member, io.BytesIO(content))


@pytest.fixture
def tar(tmp_path: Path) -> Tar:
    """`tar({"cat/1.jpg": bytes, ...}, "photos.tar.gz")`: a tar archive, compressed as its name says."""

    def written(files: Mapping[str, bytes], name: str = "photos.tar", prefix: str = "") -> Path:
        kind = name.rpartition(".")[2].replace("tgz", "gz")
        with tarfile.open(tmp_path / name, "w" if kind == "tar" else f"w:{kind}") as file:
            for path, content in files.items():
                added(file, prefix + path, content)
        return tmp_path / name

    return written
