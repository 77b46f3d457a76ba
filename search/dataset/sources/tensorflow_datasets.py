"""Image sets of TensorFlow Datasets, under `tfds:NAME`. Their images are taken as the files that they are, not decoded:
one pass over the records lays them into an unnamed temporary file, since records cannot be read at random.
"""

import importlib
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from typing import Any

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.files import Listing
from cnnsearch.search.dataset.sources.layout import PART_FOLDERS, LabelledImage, Layout, check_classes, listed
from cnnsearch.search.dataset.sources.loaded import OFFLINE_VARIABLE, is_offline
from cnnsearch.search.dataset.sources.spool import Spool

_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8": ".jpg", b"GIF8": ".gif", b"BM": ".bmp", b"RIFF": ".webp"}


@dataclass(frozen=True, eq=False)
class SpooledFiles:
    """Files that lie end to end in a spool; `places` gives the offset and size of each."""

    spool: Spool
    places: Mapping[str, tuple[int, int]]

    def listing(self) -> Listing:
        """All of them."""
        return Listing(tuple(self.places))

    def read(self, path: str) -> bytes:
        """The bytes of one file."""
        return self.spool.read(*self.places[path])


def load_tfds(name: str) -> tuple[SpooledFiles, Layout]:
    """The images of a dataset of TensorFlow Datasets, such as `beans` or `emnist/letters`, with their labels and parts.

    Raises:
        DataError: the extra is not installed, there is no such set of labelled images, or it cannot be downloaded.
    """
    where = f"tfds:{name}"
    tfds = _library(where)
    try:
        with redirect_stdout(sys.stderr):  # it tells of its download on the stream that results go to
            builder = tfds.builder(name)
            prepared = builder.is_prepared()
            if not prepared and not is_offline():
                builder.download_and_prepare()
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        rule = f"TensorFlow Datasets must know and have it, or be able to download it, got: {reason}."
        raise DataError(where, rule, "Its names are listed at https://www.tensorflow.org/datasets/catalog.") from error
    if not prepared and is_offline():
        rule = f"{builder.data_dir} holds the prepared dataset, got nothing there; {OFFLINE_VARIABLE}=1 forbids more."
        raise DataError(where, rule, "Prepare it on a machine with a network and copy that folder.")
    return _Reader(where, tfds, builder).read()


def _library(where: str) -> Any:  # noqa: ANN401 - an optional library without types
    try:
        library = importlib.import_module("tensorflow_datasets")
        tensorflow = importlib.import_module("tensorflow")
    except ImportError as error:
        rule = f"a tfds: source needs TensorFlow Datasets, got: {error}."
        raise DataError(where, rule, 'Install it: pip install "cnnsearch[tfds]".') from error
    with suppress(
        RuntimeError
    ):  # reading records would take the memory of every GPU; where one is in use already, so be it
        tensorflow.config.set_visible_devices([], "GPU")
    return library


@dataclass(frozen=True)
class _Reader:
    """Reads the records of a prepared dataset."""

    where: str
    tfds: Any
    builder: Any
    images: list[LabelledImage] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def read(self) -> tuple[SpooledFiles, Layout]:
        """All images of all splits that are parts."""
        image, label = self._feature("Image"), self._feature("ClassLabel")
        spool = Spool(self.where)
        others = []
        for split in self.builder.info.splits:
            part = PART_FOLDERS.get(str(split).lower())
            if part is None:
                others.append(str(split))
            else:
                self._read_split(spool, str(split), part, (image, label))
        notes = (f"splits that are neither train, validation nor test, not used: {listed(others)}",) if others else ()
        layout = Layout(tuple(sorted(self.images, key=lambda found: found.path)), notes)
        check_classes(self.where, layout, len(self.images))
        return SpooledFiles(spool, self.places), layout

    def _feature(self, kind: str) -> str:
        features = self.builder.info.features
        found = [key for key, feature in features.items() if isinstance(feature, getattr(self.tfds.features, kind))]
        keys = self.builder.info.supervised_keys or ()
        named = [key for key in found if key in keys] or found
        if not named:
            rule = f"a dataset to classify has images with one label each, got the features {listed(features)}."
            raise DataError(self.where, rule, "Choose one of the image classification datasets.")
        return str(named[0])

    def _read_split(self, spool: Spool, split: str, part: str, features: tuple[str, str]) -> None:
        image, label = features
        names = self.builder.info.features[label].names
        records = self.builder.as_dataset(split=split, decoders={image: self.tfds.decode.SkipDecoding()})
        for row, record in enumerate(self.tfds.as_numpy(records)):
            content = bytes(record[image])
            suffix = next((suffix for magic, suffix in _SUFFIXES.items() if content.startswith(magic)), ".img")
            path = f"{split}/{row:06d}{suffix}"
            self.places[path] = spool.end, len(content)
            spool.append(content)
            self.images.append(LabelledImage(path, names[int(record[label])], part))
