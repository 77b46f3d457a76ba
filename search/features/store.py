"""Gives the features of images out of the cache, and computes those that are not there, once, whoever asks first."""

from collections.abc import Callable, Sequence
from pathlib import Path

from cnnsearch.search.dataset.cache.lock import LOCK_SECONDS
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.split.split import Rows
from cnnsearch.search.features.features import Features, Frozen, Precision, Viewed

BATCH = 64
"""Images that a network is given at once."""

Progress = Callable[[int, int], None]


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
    So ask for all the rows of several folds at once: their features are shared only where the rows are the same.

    Args:
        root: default: `default_cache_folder()`.
        progress: told (images done, images in all), each counted once for each view that is computed, in this thread.
        told: gets a line that says what the features take and where, before the first of them is computed.
        lock_seconds: how long another process may compute the same without writing anything.
        batch: how many images a view is given at once.

    Raises:
        DataError: the features do not fit on the disk or into `precision`, the cache cannot be written, or another
            process holds it for too long.
        ValueError: a view gives features of another shape.
    """
    raise NotImplementedError
