"""Gives the features of images out of the cache, and computes those that are not there, once, whoever asks first."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.disk import bytes_text, check_room, told_as_data_error
from cnnsearch.search.dataset.cache.lock import LOCK_SECONDS, held_lock
from cnnsearch.search.dataset.cache.naming import LABEL_FILE, default_cache_folder
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.split.split import Rows
from cnnsearch.search.features.building import Job, build
from cnnsearch.search.features.features import Features, Frozen, Precision, Viewed
from cnnsearch.search.features.kept import Kept, whole

BATCH = 64
"""Images that a network is given at once."""

Progress = Callable[[int, int], None]
_SMALLER = (
    "need less: a smaller augment.views (0 keeps nothing), `features: float16` in the section of the network, or "
    "head.pooling average"
)


def features_of(
    frozen: Frozen,
    views: Sequence[Viewed],
    dataset: Dataset,
    rows: Rows,
    precision: Precision = "float32",
    root: Path | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    lock_seconds: float = LOCK_SECONDS,
    *,
    batch: int = BATCH,
) -> Features:
    """The features of these rows of a dataset in these views, out of the cache under `root`.

    What is missing or damaged is computed; another process that computes the same is waited for. No other rows are
    looked at. Images of equal contents are computed once, whatever their names and wherever they stand in the dataset.
    Features are shared between uses that ask for the same images, so ask for those of all folds at once.

    Args:
        root: default: `default_cache_folder()`.
        progress: told (images done, images in all), each image counted once for each view, from this thread; where
            another process computes them, again and again as long as it is waited for.
        told: gets a line that says what the features take and where, before the first of them is computed.
        lock_seconds: how long another process may hold the cache of a view without getting on with it.
        batch: how many images a view is given at once.

    Raises:
        DataError: the features do not fit on the disk or into `precision`, the cache cannot be written, or another
            process holds it for too long.
        ValueError: no view, or a view that gives features of another shape.
    """
    if not views:
        raise ValueError("images are seen in at least one view, got none")
    folder = (default_cache_folder() if root is None else root).absolute()
    once, places = _places(dataset, rows)
    names = tuple(view.name for view in views)
    if not len(once):
        return Features(names, tuple(np.empty((0, *frozen.shape), precision) for _ in views), places)
    jobs = [Job(frozen, view, dataset, once, precision, folder, batch) for view in views]
    work = _Work(jobs, progress, told, lock_seconds)
    with told_as_data_error(folder, "the feature cache"):
        maps = tuple(work.kept(number).features for number in range(len(jobs)))
    return Features(names, maps, places, work.is_new)


def _places(dataset: Dataset, rows: Rows) -> tuple[Rows, NDArray[np.int64]]:
    """One row of the dataset for each content among `rows`, in the order of the contents; and see `Features.places`.

    The names of files decide the order of a dataset, the contents that of its features. So features are found again,
    and a random view of an image is the same one, after files were renamed.
    """
    contents = np.array([dataset.contents[row] for row in rows.tolist()], str)
    _, first, numbers = np.unique(contents, return_index=True, return_inverse=True)
    places = np.full(len(dataset.contents), -1, np.int64)
    places[rows] = numbers
    return rows[first], places


class _Work:
    """Finds or builds the caches of all views of the same images; `is_new` says whether it built one."""

    def __init__(
        self,
        jobs: Sequence[Job],
        progress: Progress | None,
        told: Callable[[str], None] | None,
        lock_seconds: float,
    ) -> None:
        self._jobs, self._progress, self._told, self._lock_seconds = jobs, progress, told, lock_seconds
        self.is_new = False

    def kept(self, number: int) -> Kept:
        """The cache of the view with this number."""
        job = self._jobs[number]
        kept = whole(job.folder) or self._waited_for(number)
        with suppress(OSError):  # in a read-only folder nobody is told when it was used
            os.utime(job.folder / LABEL_FILE)
        self._done(number, len(job.rows))
        return kept

    def _waited_for(self, number: int) -> Kept:
        job = self._jobs[number]

        def headway() -> object:
            self._done(number, 0)  # a parent that hears nothing takes us for hanging
            return job.headway()

        with held_lock(job.files, self._lock_seconds, "a feature cache", headway):
            return whole(job.folder) or self._built(number)

    def _built(self, number: int) -> Kept:
        job, *later = self._jobs[number:]
        missing = [job, *(other for other in later if not other.folder.exists())]
        size = sum(other.bytes for other in missing)
        what = f"{job.frozen.title}, {len(job.rows):,} images in {_counted(missing)}"
        check_room(job.root, size, f"the feature cache ({what}) needs", _SMALLER)
        if self._told and not self.is_new:
            kept = f"feature cache: {bytes_text(size)} in {job.root} for {what}"
            self._told(f"{kept} (cnnsearch data cache lists and clears it)")
        self.is_new = True
        return build(job, lambda done: self._done(number, done))

    def _done(self, number: int, images: int) -> None:
        """Tell how many images are done, each counted once for each view."""
        if self._progress:
            each = len(self._jobs[number].rows)
            self._progress(number * each + images, len(self._jobs) * each)


def _counted(views: Sequence[Job]) -> str:
    return "1 view" if len(views) == 1 else f"{len(views)} views"
