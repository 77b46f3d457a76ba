"""Where the images lie for a model: what it knows of each before it decides, few numbers each, with a sprite of them.

TensorBoard's projector reads these files: vectors and labels as tab-separated text, and one picture with all images.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.explaining.choosing import Predicted, rows_of
from cnnsearch.search.explaining.pictures import Pixels, in_colour, resized
from cnnsearch.search.model.places import graph_of
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.errors import CnnSearchError

MOST = 1000
"""So many images are placed, spread evenly over the part."""
_NUMBERS = 64
"""So many numbers each: the directions in which the images differ most."""
_SIDE = 40
"""Pixels of an image in the sprite."""


def write_embeddings(folder: Path, model: keras.Model, dataset: Dataset, asked: Sequence[Predicted]) -> dict[str, Any]:
    """Write `vectors.tsv`, `labels.tsv`, `sprite.png` and `embeddings.json`; gives what they are as JSON values.

    Raises:
        CnnSearchError: the model has no layer to decide with, or was asked about nothing.
    """
    inner = _before_decision(model)
    if inner is None or len(asked) < 2:
        raise CnnSearchError("the network must be a graph with a dense layer at its end, and know two images")
    folder.mkdir(exist_ok=True)
    shown = [asked[k] for k in np.linspace(0, len(asked) - 1, min(MOST, len(asked))).round().astype(int)]
    rows = rows_of(dataset.names)
    images = np.stack([dataset.images[rows[one.image]] for one in shown])
    known = np.asarray(inner.predict(images, batch_size=64, verbose=0), dtype=np.float32).reshape(len(shown), -1)
    _write_table(folder / "vectors.tsv", [[f"{number:.5g}" for number in row] for row in reduced(known)])
    _write_table(folder / "labels.tsv", _labels(shown, dataset.classes))
    height, width = _write_sprite(folder / "sprite.png", images)
    about = {"images": len(shown), "numbers": int(known.shape[1]), "width": width, "height": height}
    write_json(folder / "embeddings.json", about)
    return about


def _before_decision(model: keras.Model) -> keras.Model | None:
    """From images to what goes into the last dense layer; None in a network without one."""
    graph = graph_of(model)
    dense = [layer for layer in graph.layers if isinstance(layer, keras.layers.Dense)] if graph is not None else []
    return keras.Model(graph.inputs, dense[-1].input) if dense else None


def reduced(vectors: NDArray[np.float32], most: int = _NUMBERS) -> NDArray[np.float32]:
    """The vectors (images, numbers) in the directions in which they differ most: their principal components."""
    centred = vectors - vectors.mean(axis=0)
    if vectors.shape[1] <= most:
        return np.asarray(centred, dtype=np.float32)
    sizes, directions = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    kept = slice(None, -most - 1, -1)
    return np.asarray(directions[:, kept] * np.sqrt(np.maximum(sizes[kept], 0)), dtype=np.float32)


def _labels(shown: Sequence[Predicted], classes: Sequence[str]) -> list[list[str]]:
    lines = [["image", "class", "predicted", "probability", "right"]]
    for one in shown:
        right = "yes" if one.is_right else "no"
        lines.append([one.image, classes[one.label], classes[one.predicted], f"{one.probability:.4f}", right])
    return lines


def _write_table(path: Path, lines: Sequence[Sequence[str]]) -> None:
    """Tab-separated text; a tab or a line end in a name becomes a space."""
    told = ("\t".join(" ".join(cell.split()) for cell in line) for line in lines)
    path.write_text("\n".join(told) + "\n", encoding="utf-8", errors="backslashreplace")


def _write_sprite(path: Path, images: NDArray[np.uint8]) -> tuple[int, int]:
    """One picture with all images in rows, as many as columns, without gaps; gives height and width of each."""
    from PIL import Image

    tiles: list[Pixels] = [resized(in_colour(image), _SIDE) for image in images]
    height, width = tiles[0].shape[:2]
    columns = math.ceil(math.sqrt(len(tiles)))
    whole = np.full((columns * height, columns * width, 3), 255, dtype=np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        whole[top : top + height, left : left + width] = tile
    Image.fromarray(whole).save(path, format="PNG")
    return height, width
