"""The pretrained networks a space may name: every classification network of keras.applications, built and frozen.

A name is that of the function in keras.applications, in lower case. What the language knows of each stands in
`cnnsearch.spaces.sections.backbones`, its weights in `imagenet`, what its input looks like in `preprocessing`, how its
blocks are called in `block_names`.
"""

import difflib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from cnnsearch.search.model.block_names import blocks_of_layers, is_numbered_by_keras
from cnnsearch.search.model.preprocessing import preprocessed
from cnnsearch.spaces.document import Configuration, branch_of
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.sections.backbones import Backbone, Last


def application(name: str) -> Callable[..., keras.Model]:
    """The function of keras.applications that builds the backbone of this name."""
    for theirs, builder in vars(keras.applications).items():
        if theirs.lower() == name and inspect.isfunction(builder):
            return builder
    raise KeyError(f"keras.applications builds no {name}")


def own_settings(section: Backbone) -> dict[str, Any]:
    """The settings that only this kind of backbone has, such as `alpha`, as its function takes them."""
    return {key: getattr(section, key) for key in type(section).model_fields if key not in Backbone.model_fields}


def without_weights(configuration: Configuration) -> Configuration:
    """The configuration with random weights in its backbone: sizes and times are the same, and no file is needed."""
    name, section = branch_of(configuration.model)
    if getattr(section, "weights", None) is None:
        return configuration
    model = configuration.model.model_copy(update={name: section.model_copy(update={"weights": None})})
    return configuration.model_copy(update={"model": model})


def backbone_network(name: str, section: Backbone, image_size: tuple[int, int]) -> keras.Model:
    """A backbone without its top and with random weights, for preprocessed images of (height, width)."""
    settings = own_settings(section)
    built = application(name)(include_top=False, weights=None, input_shape=(*image_size, 3), **settings)
    # Some functions choose the preprocessing and the names of layers by the network's name, so it changes only now.
    return keras.Model(built.input, built.output, name=name)


def backbone_features(name: str, network: keras.Model, images: keras.KerasTensor) -> keras.KerasTensor:
    """Feature maps (batch, rows, columns, filters) of raw images (batch, height, width, 1 or 3), 0-255."""
    if images.shape[-1] == 1:
        images = keras.layers.Concatenate(name="gray_to_rgb")([images, images, images])
    return network(preprocessed(name, images, network))


def blocks_of(name: str, network: keras.Model) -> list[str]:
    """The names that `trainable_from` takes for a backbone's blocks, from the image on."""
    blocks = zip(blocks_of_layers(name, network.layers), network.layers, strict=True)
    return list(dict.fromkeys(block for block, layer in blocks if layer.weights))


def freeze(name: str, network: keras.Model, trainable_from: str | Last) -> None:
    """Freeze a backbone's layers before `trainable_from`: `none`, `all`, a block's or a layer's name, the last layers.

    `Last(last=30)` leaves exactly `network.layers[-30:]` trainable, and all of them where there are no more. A block's
    name may be cut short before an underscore: `block17` is the first of `block17_1`, `block17_2`. A frozen batch norm
    keeps its moments and uses them in training too: Keras does so for every frozen one. A frozen dropout drops nothing,
    which Keras does not see to.

    Raises:
        CnnSearchError: no block or layer has that name.
    """
    for layer in _frozen(name, network, trainable_from):
        layer.trainable = False
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0


def freeze_batch_norm(network: keras.Model) -> None:
    """Leave a backbone's batch norm as it came with the weights, in the part that is trained, too.

    Its moments are those of a million images then, in training as well, as Keras' guide to transfer learning advises.
    In one run each, MobileNet fine-tuned from conv_dw_6 on 2,800 photos of cats and dogs erred on 2.3 % of 1,200 others
    so, and on 3.3 % with batch norm trained (standard error 0.5 %).
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def _frozen(name: str, network: keras.Model, trainable_from: str | Last) -> list[keras.layers.Layer]:
    if isinstance(trainable_from, Last):
        return list(network.layers[: -trainable_from.last])
    if trainable_from in ("none", "all"):
        return list(network.layers) if trainable_from == "none" else []
    return _before(name, network, trainable_from)


def _before(name: str, network: keras.Model, trainable_from: str) -> list[keras.layers.Layer]:
    """The layers before a block or layer. Cells may overlap in the order of layers, hence by block, not by place."""
    blocks = blocks_of_layers(name, network.layers)
    order = list(dict.fromkeys(blocks))
    first = _position(trainable_from, order)
    if first is not None:
        return [layer for block, layer in zip(blocks, network.layers, strict=True) if order.index(block) < first]
    # A name that Keras numbers is another one in every process: it would freeze another depth when trained again.
    known = [None if is_numbered_by_keras(layer) else layer.name for layer in network.layers]
    first = _position(trainable_from, known)
    if first is None:
        raise _unknown(name, trainable_from, blocks_of(name, network), [layer for layer in known if layer])
    return list(network.layers[:first])


def _position(wanted: str, names: Sequence[str | None]) -> int | None:
    if wanted in names:
        return names.index(wanted)
    return next((index for index, name in enumerate(names) if name and name.startswith(f"{wanted}_")), None)


def _unknown(name: str, trainable_from: str, blocks: list[str], layers: list[str]) -> CnnSearchError:
    nearest = difflib.get_close_matches(trainable_from, ["none", "all", *blocks, *layers], n=1)
    problem = Problem(
        f"model.{name}.trainable_from",
        f"it is none, all, or the name of a block or layer, got {trainable_from!r}.",
        (f"Did you mean {nearest[0]}? " if nearest else "") + f"The blocks are {', '.join(blocks)}.",
    )
    return CnnSearchError(str(problem))
