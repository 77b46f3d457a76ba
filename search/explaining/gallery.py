"""The gallery: the photos that a model is most wrong about, and those it is least sure of, in small beside it.

They are written when the model is exported, so that a page shows them when the photos are gone.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnnsearch.search.explaining.choosing import Predicted, least_sure, most_wrong, rows_of
from cnnsearch.search.explaining.photos import Photos
from cnnsearch.search.explaining.pictures import save_photo
from cnnsearch.search.writing import write_json

SIDE = 160
"""Pixels of a picture's longer side."""
_NAMED = 3
"""So many of the most probable classes are named, beside the true one."""


def write_gallery(folder: Path, photos: Photos, part: str, asked: Sequence[Predicted]) -> int:
    """Write the pictures and `gallery.json`, which says what they are; gives how many there are.

    Raises:
        OSError, UnwritableFile: they cannot be written.
    """
    folder.mkdir(exist_ok=True)
    rows = rows_of(photos.dataset.names)
    sets = {"wrong": most_wrong(asked), "unsure": least_sure(asked)}
    told: dict[str, Any] = {"part": part, "images": len(asked), "mistakes": sum(not one.is_right for one in asked)}
    for name, chosen in sets.items():
        told[name] = []
        for number, one in enumerate(chosen, start=1):
            file = f"{name}-{number:02d}.jpg"
            save_photo(folder / file, photos.small(rows[one.image], SIDE))
            told[name].append({"file": file, **described(one, photos.dataset.classes)})
    write_json(folder / "gallery.json", told)
    return sum(map(len, sets.values()))


def described(one: Predicted, classes: Sequence[str]) -> dict[str, Any]:
    """What the model says of a photo, as JSON values: the most probable classes and the true one by their names."""
    named = sorted(range(len(classes)), key=lambda k: -one.shares[k])[:_NAMED]
    shown = named if one.label in named else [*named, one.label]
    return {
        "image": one.image,
        "label": classes[one.label],
        "predicted": classes[one.predicted],
        "probability": one.probability,
        "probabilities": {classes[k]: one.shares[k] for k in shown},
    }
