"""Names of files and folders that every system takes and that lead nowhere else. Pure: it touches no disk."""

import re
import unicodedata
from collections.abc import Callable

from cnnsearch.search.dataset.sources.layout import is_clutter

MOST_BYTES = 200
"""Of a name in UTF-8; file systems take 255, which leaves room for a mark and for a tool's own endings."""
_SUFFIX_CHARACTERS = 10
_REFUSED = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff/\\:*?"<>|]')
"""Separators, control characters, bytes that are no UTF-8, and what Windows does not take."""
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
"""Windows opens a device where a file has such a name, whatever its suffix."""
_KNOWN_TO_ALL = {".jpe": ".jpg", ".jfif": ".jpg"}
"""Other words for JPEG that the loader of Keras passes over."""


def folder_name(name: str) -> str:
    """The name of a class as a folder's name: one step, not hidden, no longer than file systems allow."""
    cleaned = _REFUSED.sub("_", name).strip().rstrip(". ") or "_"
    if is_clutter(cleaned) or _DEVICE.fullmatch(cleaned.split(".")[0].strip()):
        cleaned = "_" + cleaned
    return _cut(cleaned, MOST_BYTES)


def file_name(path: str) -> str:
    """The last step of an image's path as a file's name, with its suffix in small letters."""
    stem, suffix = _stem_and_suffix(path.rpartition("/")[2])
    return folder_name(stem) + _KNOWN_TO_ALL.get(suffix, suffix)


def distinct(name: str, taken: Callable[[str], bool], mark: str) -> str:
    """The name itself, or with a mark before its suffix where its `same_file` is taken already."""
    stem, suffix = _stem_and_suffix(name)
    candidate, number = name, 1
    while taken(same_file(candidate)):
        candidate = f"{stem}-{mark}{'' if number == 1 else f'-{number}'}{suffix}"
        number += 1
    return candidate


def same_file(name: str) -> str:
    """What two names have in common that are one file on a disk which ignores case or composes accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _stem_and_suffix(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _SUFFIX_CHARACTERS or not suffix.isalnum():
        return name, ""
    return stem, (dot + suffix).lower()


def _cut(name: str, most: int) -> str:
    return name.encode()[:most].decode(errors="ignore").rstrip(". ")
