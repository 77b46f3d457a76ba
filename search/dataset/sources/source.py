"""What `data.source` names: opens it and labels its images. The first step of a dataset's way to the trials."""

from dataclasses import dataclass
from pathlib import Path

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.archives import ZipFiles
from cnnsearch.search.dataset.sources.files import Files, FolderFiles
from cnnsearch.search.dataset.sources.layout import LabelledImage, Layout, read_layout
from cnnsearch.search.dataset.sources.sample import DigitFiles

SAMPLES = {"sample:digits": DigitFiles}


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


def open_source(source: str) -> Source:
    """List and label the images of a folder, a zip archive or `sample:digits`; no image is read yet.

    Raises:
        DataError: there is no such thing, it cannot be read, or it holds no images of at least two classes.
    """
    files = _files(source)
    listing = files.listing()
    layout = read_layout(source, listing.paths)
    return Source(source, files, layout, listing.notes + layout.notes)


def _files(source: str) -> Files:
    if source in SAMPLES:
        return SAMPLES[source]()
    if source.startswith("sample:"):
        raise DataError(source, f"the samples are {', '.join(SAMPLES)}, got {source!r}.", "Choose one of them.")
    path = _existing(source)
    if path.is_dir():
        return FolderFiles(path)
    if path.is_file():
        return _archive(source, path)
    raise DataError(source, "data.source names a folder or a zip archive, got something else.", "Give one of these.")


def _existing(source: str) -> Path:
    try:
        path = Path(source).expanduser()
        path.stat()
    except FileNotFoundError:
        advice = "Give the path of a folder or zip archive of images, or sample:digits."
        raise DataError(
            source, f"data.source must exist, got no such file or folder in {Path.cwd()}.", advice
        ) from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            source, f"data.source must be readable, got: {reason}.", "Check path and permissions."
        ) from error
    return path


def _archive(source: str, path: Path) -> ZipFiles:
    if path.suffix.lower() != ".zip":
        rule = f"data.source names a folder or a zip archive, got a {path.suffix or 'nameless'} file."
        raise DataError(source, rule, "Unpack it to a folder, or pack it as .zip.")
    return ZipFiles(path)
