"""The images that exports are checked and calibrated on: photos of the model's own source, or seeded noise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset, DatasetReference
from cnnsearch.search.dataset.decoding.decode import Shape
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.dataset.sources.layout import TEST, TRAIN, VALIDATION
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.run_status import trained_on
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.load import load_space

CHECKED, CHECKED_ROUGH = 64, 256
"""Images that a converted model is compared with Keras on; more where they need not all agree, since 3 or 4 in 64 are
luck."""
CALIBRATED, WEIGHED = 200, 256
"""Training images from which int8 takes the ranges of its activations, more hardly change them; and images on which it
is weighed whether those do."""
_SEED = 2024

Images = NDArray[np.uint8]
"""Images (count, height, width, channels)."""


@dataclass(frozen=True)
class Photos:
    """The photos of a model, or why there are none.

    Attributes:
        reference: by which a process opens them; None where they cannot be read.
        lack: why not; empty where they can.
    """

    reference: DatasetReference | None
    lack: str = ""


def photos_of(folder: ModelFolder, shape: Shape, progress: Callable[[int, int], None] | None = None) -> Photos:
    """The photos that a model's `config.yaml` names, at its size, decoded where they are not in the cache yet.

    Other photos than those of its training are none of its own: its path may have been reckoned from another folder.
    """
    if not folder.config.is_file():
        return Photos(None, f"no {folder.config.name} beside the model names its photos")
    try:
        data = load_space(folder.config, allow_code=True).configuration({}).data
        dataset = prepare_dataset(data, progress=progress)
    except CnnSearchError as error:
        return Photos(None, (str(error).splitlines() or [type(error).__name__])[0])
    if dataset.shape != shape:
        return Photos(None, f"{folder.config} makes images {dataset.shape}, and the model takes {shape}")
    known = trained_on(folder)
    if known and known.fingerprint not in ("", dataset.fingerprint):
        return Photos(None, f"{folder.config}: {data.source} has other photos than those that the model learned from")
    return Photos(dataset.reference())


@dataclass(frozen=True)
class Calibration:
    """What an int8 file is made by.

    Attributes:
        ranges: training images, from which the ranges of its activations come.
        weighed: images on which it is asked whether it answers as Keras does: of the validation part, so that those of
            the test part, on which the file is checked in the end, choose nothing.
    """

    ranges: Images
    weighed: Images


def checked_images(dataset: Dataset | None, shape: Shape, most: int = CHECKED) -> tuple[Images, str]:
    """What models are compared on, and what it is in words: images of the test part, else others, else noise."""
    if dataset is None:
        return noise(shape), "seeded noise"
    for part in (TEST, VALIDATION, TRAIN):
        if len(rows := dataset.rows(part)):
            return _spread(dataset, rows, most), f"the {part} part"
    return noise(shape), "seeded noise"


def calibration(dataset: Dataset | None, lack: str) -> Calibration:
    """What int8 takes of a model's photos.

    Raises:
        CnnSearchError: there are none.
    """
    if dataset is None or not len(dataset.rows(TRAIN)):
        rule = f"int8 takes its ranges from training photos, got none: {lack or 'the train part is empty'}"
        advice = "Bring the photos back to where config.yaml's data.source says, or use --quantize float16."
        raise CnnSearchError(str(Problem("--quantize int8", rule, advice)))
    weighed = next(rows for part in (VALIDATION, TRAIN) if len(rows := dataset.rows(part)))
    return Calibration(_spread(dataset, dataset.rows(TRAIN), CALIBRATED), _spread(dataset, weighed, WEIGHED))


def one_by_one(images: Images) -> Iterator[list[NDArray[np.float32]]]:
    """The images as LiteRT's converter asks for them: a list of inputs each, of one image."""
    return ([image[None].astype(np.float32)] for image in images)


def noise(shape: Shape) -> Images:
    """Images of noise of all brightnesses and contrasts, the same each time."""
    draw = np.random.default_rng(_SEED)
    base = draw.uniform(0, 255, (CHECKED, 1, 1, shape[2]))
    spread = draw.uniform(0, 128, (CHECKED, 1, 1, 1))
    return np.clip(base + spread * draw.standard_normal((CHECKED, *shape)), 0, 255).astype(np.uint8)


def _spread(dataset: Dataset, rows: NDArray[np.int64], most: int) -> Images:
    """Evenly spaced ones, so that every class is among them: rows lie by their names."""
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64))]
    return np.asarray(dataset.images[chosen])
