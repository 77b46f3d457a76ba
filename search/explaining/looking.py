"""Pictures of where a model looks: some photos that it is right about and some that it is wrong about, under heat."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.explaining.choosing import Predicted, most_wrong, rows_of, surely_right
from cnnsearch.search.explaining.gallery import described
from cnnsearch.search.explaining.grad_cam import heat, place_to_look_at
from cnnsearch.search.explaining.pictures import grid, heated, in_colour, resized, save_photo
from cnnsearch.spaces.errors import CnnSearchError

SHOWN = 6
"""Photos of each kind."""
_SIDE = 160


def write_heat(folder: Path, model: keras.Model, dataset: Dataset, asked: Sequence[Predicted]) -> dict[str, Any]:
    """Write a strip for each photo: as the model sees it, what speaks for its answer, and for the truth if it errs.

    Gives what they are, as JSON values.

    Raises:
        CnnSearchError: the network has no maps, or the backend no gradients that are known here.
    """
    place = place_to_look_at(model)
    if place is None:
        raise CnnSearchError("the network has no layer with maps of rows and columns that all goes through")
    chosen = [*surely_right(asked, SHOWN), *most_wrong(asked, SHOWN)]
    if not chosen:
        return {"layer": place.layer, "maps": list(place.shape), "photos": []}
    rows = rows_of(dataset.names)
    images = np.stack([dataset.images[rows[one.image]] for one in chosen])
    answers = heat(model, place, images, [one.predicted for one in chosen])
    truths = heat(model, place, images, [one.label for one in chosen])
    photos = []
    for number, (one, image, answer, truth) in enumerate(zip(chosen, images, answers, truths, strict=True), start=1):
        photo = resized(in_colour(image), _SIDE)
        strip = [photo, heated(photo, answer)] + ([] if one.is_right else [heated(photo, truth)])
        file = f"grad-cam-{number:02d}.jpg"
        save_photo(folder / file, grid(strip, len(strip)))
        photos.append({"file": file, "right": one.is_right, **described(one, dataset.classes)})
    return {"layer": place.layer, "maps": list(place.shape), "photos": photos}
