"""What lies in a folder, to be compared with what lay there before."""

import hashlib
from pathlib import Path


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their relative paths; without what prepare keeps for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def checksums(folder: Path) -> dict[str, tuple[str, int, float]]:
    """What there is to know of every file of a folder that must not change."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode,
            path.stat().st_mtime,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
