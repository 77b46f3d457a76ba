"""From the data section of a configuration to a dataset: what a search does once, before its first trial."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnnsearch.search.dataset.cache.build import Progress, build_cache
from cnnsearch.search.dataset.cache.disk import bytes_text
from cnnsearch.search.dataset.cache.index import CacheIndex
from cnnsearch.search.dataset.cache.naming import default_cache_folder
from cnnsearch.search.dataset.dataset import Dataset, DatasetReference, dataset_of
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.dataset.split.split import Shares, leaks
from cnnsearch.spaces.document import Data, sizes


def prepare_dataset(
    data: Data,
    cache_root: Path | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
    wanted: Callable[[], None] = lambda: None,
) -> Dataset:
    """Read, decode and split the images that a data section without searched values names.

    The pixels come out of the cache under `cache_root` (default: `default_cache_folder()`), which is filled where they
    are not there yet. `progress` is told (images done, images in all), from this thread; `told` gets a line that says
    where the images lie and what they take, when they were decoded just now. `wanted` is that of `build_cache`.

    Raises:
        DataError: the source, its images, the split or the cache's disk is not as it must be.
    """
    source = open_source(data.source, data.exclude)
    height, width = sizes(data.image_size)
    root = default_cache_folder() if cache_root is None else cache_root
    shape = (height, width, data.channels)
    cache = build_cache(source, shape, root.absolute(), progress, resize=data.resize, wanted=wanted)
    if told and cache.is_new:
        told(f"image cache: {bytes_text(cache.bytes)} in {root} (cnnsearch data cache lists and clears it)")
    shares = Shares(data.split.validation, data.split.test, data.split.seed, data.folds)
    notes = source.notes + _leaks(cache.index)
    excluded = source.layout.excluded
    return dataset_of(cache, DatasetReference(str(cache.folder), source.name, shares, notes, data.resize, excluded))


def _leaks(index: CacheIndex) -> tuple[str, ...]:
    """A note on near duplicates in several of the parts that the layout gives: a split by hand is kept, but told."""
    count = leaks(np.array(index.groups, dtype=np.int64), index.parts)
    return (f"images in more than one of the given parts, equal or nearly so: {count}",) if count else ()
