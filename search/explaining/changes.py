"""The same photos several times as a training sees them: changed at random by the model's own first layers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.explaining.pictures import Pixels, grid, in_colour, resized, save_photo
from cnnsearch.search.model.augment import augmented
from cnnsearch.search.model.build import seeded
from cnnsearch.spaces.document import Augment

TIMES = 7
"""How often each photo is changed; before these stands the photo itself."""
_SIDE = 112


def write_changes(
    folder: Path, images: Sequence[NDArray[np.uint8]], augment: Augment, seed: int | None
) -> dict[str, Any] | None:
    """Write them as a picture; None where a training leaves photos as they are."""
    picture = changes(images, augment, seed)
    if picture is None:
        return None
    save_photo(folder / "augmented.jpg", picture)
    strengths = {name: value for name, value in augment.model_dump().items() if value}
    return {"file": "augmented.jpg", "photos": len(images), "times": TIMES, "augment": strengths}


def changes(images: Sequence[NDArray[np.uint8]], augment: Augment, seed: int | None) -> Pixels | None:
    """A row for each photo (height, width, channels); None where a training leaves photos as they are.

    The layers are built anew from the configuration: some of a loaded model no longer change as they did.
    """
    change = _changing(images[0].shape, augment, seed)
    if change is None:
        return None
    tiles = []
    for image in images:
        drawn = np.asarray(change(np.repeat(image[None], TIMES, axis=0).astype(np.float32), training=True))
        seen = [image, *np.clip(drawn, 0, 255).round().astype(np.uint8)]
        tiles += [resized(in_colour(each), _SIDE) for each in seen]
    return grid(tiles, 1 + TIMES)


def _changing(shape: tuple[int, ...], augment: Augment, seed: int | None) -> keras.Model | None:
    images = keras.Input(shape)
    with seeded(seed):
        changed = augmented(images, augment)
    if changed is images:
        return None
    return keras.Model(images, changed)
