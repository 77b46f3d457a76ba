"""What `data.source` names: opens it and labels its images. The first step of a dataset's way to the trials."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.exclusions import Exclude, excluded
from cnnsearch.search.dataset.sources.files import Files, FolderFiles
from cnnsearch.search.dataset.sources.kaggle import competition_folder
from cnnsearch.search.dataset.sources.keras_datasets import DATASETS, load_keras
from cnnsearch.search.dataset.sources.layout import LabelledImage, Layout, read_layout
from cnnsearch.search.dataset.sources.loaded import LoadedFiles
from cnnsearch.search.dataset.sources.manifest import read_manifest
from cnnsearch.search.dataset.sources.nested import archive, with_archives
from cnnsearch.search.dataset.sources.npz import load_npz
from cnnsearch.search.dataset.sources.sample import DigitFiles
from cnnsearch.search.dataset.sources.tensorflow_datasets import load_tfds
from cnnsearch.spaces.nearest import nearest

_SCHEME = re.compile(r"(\w[\w+.-]+):(.*)", re.DOTALL)
"""Two letters or more: one and a colon are a drive of Windows."""
KNOWN = ("sample:digits", *(f"keras:{name}" for name in DATASETS), "tfds:NAME", "kaggle:COMPETITION")
_KINDS = (
    "a folder, an archive (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz), a manifest (.csv, .tsv) or a NumPy archive (.npz)"
)
_ADVICE = f"Give the path of {_KINDS}, or one of {', '.join(KNOWN)}."


@dataclass(frozen=True)
class Source:
    """Labelled images, not yet read. Threads share one; processes may pickle it.

    Attributes:
        name: as the person gave it.
        files: where the bytes are.
        layout: the labelled images, sorted by path.
        notes: what was left aside and why, in one line each.
    """

    name: str
    files: Files
    layout: Layout
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[LabelledImage, ...]:
        """All labelled images, sorted by path."""
        return self.layout.images

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, sorted: a class's label is its place here."""
        return self.layout.classes

    def read(self, image: LabelledImage) -> bytes:
        """The bytes of an image's file.

        Raises:
            UnreadableImage: this file cannot be read.
        """
        return self.files.read(image.path)


def open_source(source: str, exclude: Exclude = None) -> Source:
    """List and label the images that `data.source` names, without those that `data.exclude` does; none is read yet.

    Raises:
        DataError: there is no such thing, it cannot be read, or it holds no images of at least two classes.
    """
    files, layout, notes = _opened(source)
    layout = excluded(source, layout, exclude)
    return Source(source, files, layout, notes + layout.notes)


Opened = tuple[Files, Layout, tuple[str, ...]]


def _opened(source: str) -> Opened:
    scheme = _SCHEME.fullmatch(source)
    if scheme and scheme[1] in _SCHEMES:
        return _SCHEMES[scheme[1]](source, scheme[2])
    if not source:  # as a path it would be the folder that happens to be the current one
        raise DataError("data.source", 'it names what holds the images, got "".', _ADVICE)
    path = _existing(source)
    name = path.name.lower()
    if path.is_dir():
        return _labelled(source, FolderFiles(path))
    if path.is_file() and name.endswith((".csv", ".tsv")):
        return *read_manifest(path), ()
    if path.is_file() and name.endswith(".npz"):
        return _loaded(LoadedFiles(load_npz, str(path)))
    packed = archive(path) if path.is_file() else None
    if packed is None:
        got = f"a {path.suffix or 'nameless'} file" if path.is_file() else "something else"
        advice = "Unpack it to a folder, or pack it as .zip." if path.is_file() else "Give one of these."
        raise DataError(source, f"data.source names {_KINDS}, got {got}.", advice)
    return _labelled(source, packed)


def _labelled(source: str, files: Files) -> Opened:
    """Files that their paths label."""
    files, listing = with_archives(source, files, files.listing())
    return files, read_layout(source, listing.paths), listing.notes


def _loaded(files: LoadedFiles) -> Opened:
    return files, files.layout, ()


def _sample(source: str, name: str) -> Opened:
    if name != "digits":
        raise DataError(source, f"the samples are sample:digits, got {source!r}.", "Choose one of them.")
    return _labelled(source, DigitFiles())


def _keras(source: str, name: str) -> Opened:
    if name not in DATASETS:
        known = [f"keras:{known}" for known in DATASETS]
        advice = f"{nearest(source, known)}Choose one of them."
        raise DataError(source, f"Keras' image sets are {', '.join(known)}, got {source!r}.", advice)
    return _loaded(LoadedFiles(load_keras, name))


def _tfds(_source: str, name: str) -> Opened:
    return _loaded(LoadedFiles(load_tfds, name))


def _kaggle(source: str, name: str) -> Opened:
    return _labelled(source, FolderFiles(competition_folder(name)))


_SCHEMES: dict[str, Callable[[str, str], Opened]] = {
    "sample": _sample,
    "keras": _keras,
    "tfds": _tfds,
    "kaggle": _kaggle,
}


def _existing(source: str) -> Path:
    try:
        path = Path(source).expanduser()
        path.stat()
    except FileNotFoundError:
        raise _nowhere(source) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            source, f"data.source must be readable, got: {reason}.", "Check path and permissions."
        ) from error
    return path


def _nowhere(source: str) -> DataError:
    if "://" in source:
        return DataError(source, "data.source lies on this machine, got an address.", "Download it first.")
    scheme = _SCHEME.fullmatch(source)
    if scheme:
        words = [*_SCHEMES, *(name for name in KNOWN if name.islower())]
        meant = nearest(source, words) or nearest(scheme[1], list(_SCHEMES))
        return DataError(source, f"data.source knows no {scheme[1]!r} before a colon.", meant + _ADVICE)
    return DataError(source, f"data.source must exist, got no such file or folder in {Path.cwd()}.", _ADVICE)
