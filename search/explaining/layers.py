"""What a model's first layer looks for, and what its layers make of one photo."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.explaining.pictures import Pixels, grid, resized, save_drawing, stretched
from cnnsearch.search.model.places import Place, graph_of, maps_at, places_of
from cnnsearch.spaces.errors import CnnSearchError

_FILTERS, _COLUMNS, _FILTER_SIDE = 64, 16, 36
_LAYERS, _MAPS, _MAP_SIDE = 4, 16, 64
_KERNEL = "kernel"


def write_filters(folder: Path, model: keras.Model) -> dict[str, Any]:
    """Write the filters of the first convolution as a picture, and give what it is as JSON values.

    Each filter is stretched over the whole range by itself.

    Raises:
        CnnSearchError: no convolution looks at the image itself.
    """
    layer = _first_convolution(model)
    if layer is None:
        raise CnnSearchError("no convolution of the network looks at one or three channels")
    kernel = np.asarray(next(weight for weight in layer.weights if weight.name == _KERNEL), dtype=np.float32)
    filters = [kernel[..., number] for number in range(min(_FILTERS, kernel.shape[-1]))]
    tiles = [resized(_seen(stretched(each)), _FILTER_SIDE, smooth=False) for each in filters]
    save_drawing(folder / "filters.png", grid(tiles, _COLUMNS))
    rows, columns, channels, count = kernel.shape
    size = {"rows": rows, "columns": columns, "channels": channels, "filters": count, "shown": len(filters)}
    return {"file": "filters.png", "layer": layer.name, **size}


def _seen(pixels: Pixels) -> Pixels:
    """With three channels: one is grey."""
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _first_convolution(model: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """The first layer with a kernel (rows, columns, 1 or 3, filters), within a backbone, too."""
    for layer in graph_of(model).layers if graph_of(model) is not None else ():
        found = _first_convolution(layer) if graph_of(layer) is not None else None
        kernels = [weight for weight in layer.weights if weight.name == _KERNEL and len(weight.shape) == 4]
        if found is not None:
            return found
        if kernels and graph_of(layer) is None and kernels[0].shape[2] in (1, 3):
            return layer
    return None


def write_maps(folder: Path, model: keras.Model, image: NDArray[np.uint8]) -> list[dict[str, Any]]:
    """Write what some layers make of an image (height, width, channels), early ones and late ones; gives what they are.

    Of each layer those filters are shown whose answer differs most over the image.

    Raises:
        CnnSearchError: the network has no maps.
    """
    places = chosen_places(places_of(model))
    if not places:
        raise CnnSearchError("the network has no layers with maps of rows and columns")
    told = []
    for number, place in enumerate(places, start=1):
        made = maps_at(model, [place])(image[None].astype(np.float32), training=False)
        maps = np.asarray(made, dtype=np.float32)[0]
        liveliest = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:_MAPS]
        tiles = [resized(stretched(maps[..., k]), _MAP_SIDE, smooth=False) for k in liveliest]
        file = f"maps-{number}.png"
        save_drawing(folder / file, grid(tiles, _MAPS // 2, ground=0))
        told.append({"file": file, "layer": place.layer, "maps": list(place.shape), "shown": len(tiles)})
    return told


def chosen_places(places: Sequence[Place]) -> list[Place]:
    """At most four places: the last one before each change of the maps' size, evenly from the first to the last."""
    last = {place.shape[:2]: place for place in places}
    ends = list(last.values())
    if len(ends) <= _LAYERS:
        return ends
    return [ends[round(k * (len(ends) - 1) / (_LAYERS - 1))] for k in range(_LAYERS)]
