"""Small real models that tell dark from bright images, for tests of commands that ask a model."""

import json
from pathlib import Path

import numpy as np
from PIL import Image


def brightness_model(folder: Path, classes: tuple[str, str] = ("dark", "bright")) -> Path:
    """Make a model folder: images brighter than 128 are of the second class."""
    import keras

    pixels = keras.Input((6, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    shifted = keras.layers.Rescaling(1 / 64, offset=-2.0)(mean)
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(pixels, dense(shifted))
    dense.set_weights([np.ones((3, 1)), np.zeros(1)])
    folder.mkdir(parents=True)
    model.save(folder / "model.keras")
    (folder / "classes.json").write_text(json.dumps({"classes": list(classes), "shape": [6, 8, 3]}))
    return folder


def photo(path: Path, level: int) -> Path:
    """An even photo of this brightness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((12, 16, 3), level, np.uint8)).save(path)
    return path
