"""A CSV manifest: one row for each image, with its path, its label and, where there is one, its part of the split."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.files import FolderFiles
from cnnsearch.search.dataset.sources.layout import (
    IMAGE_SUFFIXES,
    PART_FOLDERS,
    PARTS,
    LabelledImage,
    Layout,
    check_classes,
    is_image,
    listed,
)
from cnnsearch.search.dataset.sources.tables import Row, rows

_NAMES = {
    "path": ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "image_name",
             "image_id", "img", "name", "id"),
    "label": ("label", "labels", "class", "class_name", "category", "target", "breed", "species"),
    "split": ("split", "part", "set", "subset", "partition"),
}  # fmt: skip
"""What the columns are called, the plainest first: where several stand in a header, the first one here is meant."""
_SUFFIXES = tuple(cased for suffix in sorted(IMAGE_SUFFIXES) for cased in (suffix, suffix.upper()))
_KAGGLE_FOLDERS = ("train/", "train_images/", "images/")
_ADVICE = "Begin the manifest with a line such as path,label or path,label,split."


@dataclass(frozen=True)
class _Columns:
    """Where path, label and split stand in a row, and what the header calls them; split may be absent."""

    path: int
    label: int
    split: int | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    """A row that was read: an image below the manifest's folder."""

    line: int
    image: LabelledImage


def read_manifest(manifest: Path) -> tuple[FolderFiles, Layout]:
    """The folder of a manifest, and the images in it that the manifest names.

    Raises:
        DataError: the manifest cannot be read, a row lacks a value or contradicts another one, or an image is missing
            or lies outside of the manifest's folder.
    """
    folder = _Folder(manifest.absolute().parent)
    entries: dict[str, _Entry] = {}
    missing: list[tuple[int, str]] = []
    repeated = 0
    for line, path, label, part in _values(manifest):
        inside = _inside(manifest, folder, line, path)
        found = folder.existing(inside)
        if found is None:
            missing.append((line, path))
            continue
        entry = _Entry(line, LabelledImage(found, label, part))
        before = entries.setdefault(found, entry)
        repeated += before is not entry
        _check_same(manifest, before, entry)
    _check_missing(manifest, missing)
    notes = (f"rows of an image that an earlier row names, not used: {repeated}",) if repeated else ()
    images = sorted((entry.image for entry in entries.values()), key=lambda image: image.path)
    layout = Layout(tuple(images), notes)
    check_classes(str(manifest), layout, len(images))
    return FolderFiles(folder.root), layout


def _values(manifest: Path) -> Iterator[tuple[int, str, str, str | None]]:
    """Line, path, label and part of each row."""
    table = rows(manifest)
    first = next(table, None)
    if first is None:
        raise DataError(str(manifest), "a manifest names images and their labels, got an empty file.", _ADVICE)
    columns = _header(first)
    if columns is None:
        columns = _without_header(manifest, first)
        yield _read(manifest, columns, first)
    for row in table:
        yield _read(manifest, columns, row)


def _header(row: Row) -> _Columns | None:
    """The columns that a header names; None where the row is no header."""
    found = [field.lower().replace(" ", "_") for field in row.fields]
    path, label, split = (next((found.index(n) for n in _NAMES[kind] if n in found), None) for kind in _NAMES)
    return None if path is None or label is None else _Columns(path, label, split, row.fields)


def _without_header(manifest: Path, row: Row) -> _Columns:
    """The columns of a manifest whose first row is an image already."""
    images = [place for place, field in enumerate(row.fields) if is_image(field)]
    if len(row.fields) != 2 or len(images) != 1:
        rule = f"a manifest's first line names its columns, path and label among them, got {listed(row.fields)}."
        raise DataError(f"{manifest}:{row.line}", rule, _ADVICE)
    return _Columns(images[0], 1 - images[0], None, tuple("path" if p == images[0] else "label" for p in (0, 1)))


def _read(manifest: Path, columns: _Columns, row: Row) -> tuple[int, str, str, str | None]:
    if any(row.fields[len(columns.names) :]):
        rule = f"a row has a value for each of {len(columns.names)} columns, got {len(row.fields)} values."
        raise DataError(f"{manifest}:{row.line}", rule, "Put a value that has commas in it into quotation marks.")
    path = _field(manifest, columns, row, columns.path)
    label = _field(manifest, columns, row, columns.label)
    part = None if columns.split is None else _part(manifest, columns, row)
    return row.line, path, unicodedata.normalize("NFC", label), part


def _field(manifest: Path, columns: _Columns, row: Row, column: int) -> str:
    value = row.fields[column] if column < len(row.fields) else ""
    where = _where(manifest, columns, row, column)
    if not value:
        raise DataError(where, "every row has a path and a label, got an empty one.", "Fill it in or delete the row.")
    if any(character < " " for character in value):
        raise DataError(where, f"a value has no control characters, got {value[:80]!r}.", "Delete them.")
    return value


def _where(manifest: Path, columns: _Columns, row: Row, column: int) -> str:
    return f"{manifest}:{row.line}, column {column + 1} ({columns.names[column]})"


def _part(manifest: Path, columns: _Columns, row: Row) -> str:
    column = columns.split or 0
    word = row.fields[column] if column < len(row.fields) else ""
    part = PART_FOLDERS.get(word.lower())
    if part is None:
        rule = f"a split is one of {', '.join(PARTS)}, got {word[:80]!r}."
        raise DataError(_where(manifest, columns, row, column), rule, "Correct it, or delete the whole column.")
    return part


def _inside(manifest: Path, folder: "_Folder", line: int, path: str) -> str:
    inside = folder.relative(path)
    if inside is None:
        raise DataError(
            f"{manifest}:{line}",
            f"a manifest's images lie in its folder, {folder.root}, got {path!r}.",
            "Move the manifest to a folder that holds them all.",
        )
    return inside


def _check_same(manifest: Path, before: _Entry, entry: _Entry) -> None:
    for kind, old, new in (
        ("label", before.image.class_name, entry.image.class_name),
        ("split", before.image.part, entry.image.part),
    ):
        if old != new:
            raise DataError(
                f"{manifest}:{entry.line}",
                f"an image has one {kind}, got {new!r} for {entry.image.path!r}, which is {old!r} in line "
                f"{before.line}.",
                "Delete the wrong row.",
            )


def _check_missing(manifest: Path, missing: list[tuple[int, str]], most: int = 5) -> None:
    if missing:
        named = ", ".join(f"{path!r} (line {line})" for line, path in missing[:most])
        rest = f" and {len(missing) - most} more" if len(missing) > most else ""
        rule = f"every image of a manifest must exist beside it, got {len(missing)} that do not: {named}{rest}."
        raise DataError(str(manifest), rule, "Paths are relative to the manifest's folder.")


@dataclass(frozen=True)
class _Folder:
    """The folder of a manifest, out of which no path and no link leads."""

    root: Path
    seen: dict[str, bool] = field(default_factory=dict)
    """Whether the folders that were met lie in here."""

    def relative(self, path: str) -> str | None:
        """A path as it is from here, with `/` between its steps; None where it leads out."""
        slashed = path if "/" in path else path.replace("\\", "/")
        inside = os.path.relpath(slashed, self.root) if os.path.isabs(slashed) else os.path.normpath(slashed)  # noqa: PTH117 - many
        inside = inside.replace(os.sep, "/")
        return None if inside == ".." or inside.startswith("../") else inside

    def existing(self, path: str) -> str | None:
        """The file of this path, or what Kaggle's tables mean by it: without suffix and folder; None for none."""
        names = [path] if _has_suffix(path) else [path, *(path + suffix for suffix in _SUFFIXES)]
        return next((f + name for f in ("", *_KAGGLE_FOLDERS) for name in names if self._is_file(f + name)), None)

    def _is_file(self, path: str) -> bool:
        folder, _, _ = path.rpartition("/")
        try:
            mode = os.lstat(self.root / path).st_mode
        except (OSError, ValueError):
            return False
        if stat.S_ISLNK(mode):
            return (self.root / path).is_file() and self._is_inside(path)
        if folder not in self.seen:
            self.seen[folder] = self._is_inside(folder)
        return stat.S_ISREG(mode) and self.seen[folder]

    def _is_inside(self, path: str) -> bool:
        return (self.root / path).resolve().is_relative_to(self.root.resolve())


def _has_suffix(path: str) -> bool:
    return any(path.lower().endswith(suffix) for suffix in IMAGE_SUFFIXES)
