"""By which a file is known again: the SHA-256 of its bytes."""

import hashlib
from pathlib import Path


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
