"""Archives of images, read in place: nothing is ever unpacked to the disk."""

import stat
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import Any

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.files import Listing, check_size


@dataclass(frozen=True)
class ZipFiles:
    """A zip archive, read in place: nothing is ever unpacked to the disk."""

    path: Path

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the open file out of a pickle; the copy opens the archive anew."""
        return {"path": self.path}

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
            raise DataError(
                str(self.path),
                f"a zip archive must be readable, got: {getattr(error, 'strerror', None) or error}.",
                "Copy or download it again.",
            ) from error

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """The files by path; some archives made on Windows separate the steps with backslashes."""
        infos = [info for info in self._archive.infolist() if not info.is_dir()]
        return {info.filename.replace("\\", "/"): info for info in infos}

    def listing(self) -> Listing:
        """All files of the archive.

        Raises:
            DataError: the archive cannot be read, is encrypted, or a member's path leads out of it.
        """
        links = {path for path, info in self._members.items() if stat.S_ISLNK(info.external_attr >> 16)}
        for path, info in self._members.items():
            self._check_member(path, info)
        paths = tuple(path for path in self._members if path not in links)
        return Listing(paths, (f"links not followed: {len(links)}",) if links else ())

    def _check_member(self, path: str, info: zipfile.ZipInfo) -> None:
        if path.startswith("/") or PureWindowsPath(path).drive or ".." in path.split("/"):
            raise DataError(
                str(self.path),
                f"paths inside an archive must stay inside of it, got {info.filename!r}.",
                "Make the archive anew from a folder you trust.",
            )
        if info.flag_bits & 0x1:
            raise DataError(
                str(self.path), f"an archive must not be encrypted, got {info.filename!r}.", "Unpack it to a folder."
            )

    def read(self, path: str) -> bytes:
        """The bytes of one member.

        Raises:
            UnreadableImage: the member is damaged, too large, or compressed in a way that is not known here.
        """
        info = self._members[path]
        check_size(info.file_size)
        try:
            return self._archive.read(info)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise UnreadableImage(f"is damaged in the archive: {error}") from error
