"""Computes features batch by batch, while a thread gathers the images of the next batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.feeding.pixels import pixels_of
from cnnsearch.search.dataset.split.split import Rows
from cnnsearch.search.features.features import Frozen, Precision, Viewed

Images = NDArray[np.uint8]


def computed(
    frozen: Frozen, view: Viewed, images: Images, rows: Rows, precision: Precision, batch: int
) -> Iterator[NDArray[Any]]:
    """The features of these rows of images (n, height, width, channels), in their order: (up to `batch`, *shape) each.

    Raises:
        DataError: a feature is a number in float32, but none in `precision`.
        ValueError: the view gives another shape.
    """
    for seen, count in _gathered(images, rows, min(batch, len(rows))):
        features = np.asarray(view.features(seen))
        if features.shape != (len(seen), *frozen.shape):
            raise ValueError(f"features of {view.name} are {(len(seen), *frozen.shape)}, got {features.shape}")
        yield _kept(features[:count], frozen.title, precision)


def _gathered(images: Images, rows: Rows, batch: int) -> Iterator[tuple[Images, int]]:
    """Batches of one size, since a network is compiled anew for another; how many images of each are new."""
    pixels = pixels_of(images, len(rows))
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]

    def gather(chosen: Rows) -> Images:
        into = np.empty((batch, *images.shape[1:]), np.uint8)
        pixels.gather(np.resize(chosen, batch), into)
        return into

    with ThreadPoolExecutor(1, thread_name_prefix="gather") as pool:
        coming = pool.submit(gather, batches[0])
        for number, chosen in enumerate(batches):
            seen = coming.result()
            if number + 1 < len(batches):
                coming = pool.submit(gather, batches[number + 1])
            yield seen, len(chosen)


def _kept(features: NDArray[Any], title: str, precision: Precision) -> NDArray[Any]:
    """In the precision that they are kept in; what is no number before stays so, as it would without a cache."""
    with np.errstate(over="ignore"):
        kept = np.ascontiguousarray(features, precision)
    if precision == "float16" and not np.array_equal(np.isfinite(kept), np.isfinite(features)):
        largest = np.abs(features[np.isfinite(features)]).max()
        raise DataError(
            title,
            f"features that are kept as float16 are at most 65,504, got {largest:.3g}.",
            "Set `features: float32` in the section of this network.",
        )
    return kept
