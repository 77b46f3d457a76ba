"""The examination of a source: every image is read and decoded once, on all cores; then the facts are compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cnnsearch.search.dataset.cache.rows import all_cores
from cnnsearch.search.dataset.decoding.decode import THUMBNAIL_SIDE
from cnnsearch.search.dataset.sources.exclusions import Exclude, excluded
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.dataset.sources.source import Source
from cnnsearch.search.dataset.split.likeness import MOST_COMPARED
from cnnsearch.search.doctor.alike import of_copies, of_near
from cnnsearch.search.doctor.balance import Counts, counts_of, of_classes
from cnnsearch.search.doctor.examine import Examined, Thumbnail, examine
from cnnsearch.search.doctor.findings import Finding, found
from cnnsearch.search.doctor.kinds import Severity
from cnnsearch.search.doctor.near import Thumbnails, near_pairs
from cnnsearch.search.doctor.single import of_file
from cnnsearch.search.doctor.surroundings import of_surroundings

BATCH = 16
"""Images to a task: enough to make the passing of tasks cheap."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Examination:
    """What one look at every image of a source gave.

    Attributes:
        source: as the person gave it.
        counts: the readable images of each class in each part.
        files: the facts of every labelled image, sorted by path.
        findings: one for each kind that was found, the worst first.
        notes: what the source itself left aside, in one line each.
    """

    source: str
    counts: Counts
    files: tuple[Examined, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def count(self, *severities: Severity) -> int:
        """How many findings have one of these severities."""
        return sum(finding.severity in severities for finding in self.findings)

    @property
    def is_healthy(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return not self.count(Severity.ERROR, Severity.WARNING)


def examined_source(source: Source, exclude: Exclude = None, progress: Progress | None = None) -> Examination:
    """Look at every image of a source but the excluded ones. Nothing is written.

    `progress` is told (images done, images in all). Memory: a thumbnail of 1 KiB and about as much in facts for each.

    Raises:
        DataError: the source or the list of exclusions can not be read, or fewer than two classes are left.
    """
    layout = excluded(source.name, source.layout, exclude)
    files, thumbnails = _examine_all(source, layout.images, progress)
    counts = counts_of(source.classes, files)
    facts = [fact for file in files for fact in of_file(file)]
    facts += of_copies(files)
    facts += of_near(files, near_pairs(files, thumbnails))
    facts += of_classes(counts)
    facts += of_surroundings(source)
    notes = (*source.notes, *layout.notes[len(source.layout.notes) :], *_not_compared(files))
    return Examination(source.name, counts, files, found(facts), notes)


def _not_compared(files: Sequence[Examined]) -> tuple[str, ...]:
    if len(files) <= MOST_COMPARED:
        return ()
    return (f"near duplicates are sought among {MOST_COMPARED:,} images at most, here only equal files were",)


def _examine_all(
    source: Source, images: Sequence[LabelledImage], progress: Progress | None
) -> tuple[tuple[Examined, ...], Thumbnails]:
    thumbnails = np.zeros((len(images), THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.uint8)
    files: list[Examined] = []
    batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    with all_cores() as pool:
        for batch in pool.map(lambda batch: _examine_batch(source, batch), batches):
            for file, thumbnail in batch:
                if thumbnail is not None:
                    thumbnails[len(files)] = thumbnail
                files.append(file)
            if progress:
                progress(len(files), len(images))
    return tuple(files), thumbnails


def _examine_batch(source: Source, images: Sequence[LabelledImage]) -> list[tuple[Examined, Thumbnail | None]]:
    return [examine(source, image) for image in images]
