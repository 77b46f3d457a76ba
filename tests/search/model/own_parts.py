"""Functions of somebody's own, as a space may name them."""

from typing import Any

import keras
import keras_tuner


def two_convs(images: Any, width: int, activation: str = "relu") -> Any:
    """A network."""
    maps = keras.layers.Rescaling(1 / 255)(images)
    for number in (1, 2):
        maps = keras.layers.Conv2D(width * number, 3, activation=activation)(maps)
    return maps


def wide_block(maps: Any, block: Any, name: str) -> Any:
    """A block."""
    return keras.layers.Conv2D(2 * block.filters, 1, activation=block.activation, name=f"{name}_wide")(maps)


def flat(images: Any) -> Any:
    """No feature maps."""
    return keras.layers.Flatten()(images)


def broken(images: Any) -> Any:
    """Fails."""
    raise RuntimeError("no such luck")


def build(hp: Any) -> keras.Model:
    """A HyperModel's build, with a condition."""
    layers = [keras.Input((16, 16, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    kind = hp.Choice("kind", ["wide", "deep"], default="deep")
    with hp.conditional_scope("kind", ["wide"]):
        if kind == "wide":
            layers.append(keras.layers.Dense(hp.Int("units", 8, 30, step=8), "relu"))
    with hp.conditional_scope("kind", ["deep"]):
        if kind == "deep":
            layers += [keras.layers.Dense(8, "relu") for _ in range(hp.Int("layers", 1, 2))]
    model = keras.Sequential([*layers, keras.layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.Adam(hp.Float("rate", 1e-4, 1e-2, sampling="log")), "categorical_crossentropy")
    return model


def ranged(hp: Any) -> keras.Model:
    """A HyperModel's build that has two ranges of one name."""
    kind = hp.Choice("kind", ["wide", "deep"])
    units = None
    for name, low in ("wide", 8), ("deep", 2):
        with hp.conditional_scope("kind", [name]):
            units = hp.Int("units", low, 64, sampling="log" if name == "deep" else "linear") or units
    layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(units, name=kind)]
    return keras.Sequential([*layers, keras.layers.Dense(3, "softmax")])


class Sized(keras_tuner.HyperModel):  # type: ignore[misc]
    """A HyperModel that wants to know the images and the classes."""

    def __init__(self, input_shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.input_shape, self.classes = input_shape, classes

    def build(self, hp: Any) -> keras.Model:
        """A model that is not compiled."""
        units = hp.Int("units", 4, 8)
        outputs = keras.layers.Dense(self.classes, "softmax")
        layers = [keras.Input(self.input_shape), keras.layers.Flatten(), keras.layers.Dense(units)]
        return keras.Sequential([*layers, outputs])


THREE = 3
