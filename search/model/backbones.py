"""The pretrained networks a space may name: how each is built, what its input looks like, how deep it is frozen.

Another network of keras.applications is one more entry in `REGISTRY`, and its section in the space document.
VGG16: Simonyan and Zisserman, arXiv:1409.1556. MobileNet: Howard et al., arXiv:1704.04861.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

import keras

from cnnsearch.spaces.document import Backbone, MobileNet
from cnnsearch.spaces.errors import CnnSearchError, Problem

_STORE = "https://storage.googleapis.com/tensorflow/keras-applications"
_IMAGENET_MEAN = (103.939, 116.779, 123.68)
"""Mean blue, green and red of ImageNet, 0-255."""
_ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}


@dataclass(frozen=True)
class WeightsFile:
    """A file of ImageNet weights without the top, as Keras names it.

    Attributes:
        name: its name in the `models` folder of Keras' home.
        url: where it is downloaded from.
        md5: its checksum; None where none is published.
    """

    name: str
    url: str
    md5: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of backbone.

    Attributes:
        build: makes it with random weights and no top, for an input shape (height, width, 3).
        preprocess: brings RGB pixels 0-255 to what its weights were trained on, by Keras' own layers only.
        imagenet: its ImageNet weights.
        minimum: the least height and width of an image, in pixels.
        block: what a block's name is in the names of its layers.
    """

    build: Callable[[tuple[int, int, int], Backbone], keras.Model]
    preprocess: Callable[[keras.KerasTensor], keras.KerasTensor]
    imagenet: Callable[[Backbone], WeightsFile]
    minimum: int
    block: re.Pattern[str]


def _vgg16(shape: tuple[int, int, int], section: Backbone) -> keras.Model:  # noqa: ARG001 - VGG16 has nothing to set
    return keras.applications.VGG16(include_top=False, weights=None, input_shape=shape, name="vgg16")


def _vgg16_weights(section: Backbone) -> WeightsFile:  # noqa: ARG001 - one file for all
    name = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return WeightsFile(name, f"{_STORE}/vgg16/{name}", "6d6bbae143d832006294945121d1f1fc")


def _alpha(section: Backbone) -> float:
    return section.alpha if isinstance(section, MobileNet) else 1.0


def _mobilenet(shape: tuple[int, int, int], section: Backbone) -> keras.Model:
    return keras.applications.MobileNet(
        include_top=False, weights=None, input_shape=shape, alpha=_alpha(section), name="mobilenet"
    )


def _mobilenet_weights(section: Backbone) -> WeightsFile:
    # Convolutions do not know the image's size: the weights trained at 224 pixels serve every one.
    name = f"mobilenet_{_ALPHAS[_alpha(section)]}_224_tf_no_top.h5"
    return WeightsFile(name, f"{_STORE}/mobilenet/{name}")


def _blue_green_red_centred(images: keras.KerasTensor) -> keras.KerasTensor:
    images = keras.ops.flip(images, axis=-1)
    offset = [-mean for mean in _IMAGENET_MEAN]
    return keras.layers.Rescaling([1.0, 1.0, 1.0], offset, name="preprocessing")(images)


def _minus_one_to_one(images: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.Rescaling(1 / 127.5, -1.0, name="preprocessing")(images)


REGISTRY: dict[str, Kind] = {
    "vgg16": Kind(_vgg16, _blue_green_red_centred, _vgg16_weights, 32, re.compile(r"block\d+")),
    "mobilenet": Kind(_mobilenet, _minus_one_to_one, _mobilenet_weights, 32, re.compile(r"conv(_[a-z]+_)?\d+")),
}


def backbone_network(name: str, section: Backbone, image_size: tuple[int, int]) -> keras.Model:
    """A backbone without its top and with random weights, for preprocessed images of (height, width).

    Raises:
        CnnSearchError: the images are smaller than it takes.
    """
    kind = REGISTRY[name]
    if min(image_size) < kind.minimum:
        height, width = image_size
        problem = Problem(
            f"model.{name}",
            f"its images have at least {kind.minimum} x {kind.minimum} pixels, got {height} x {width}.",
            f"Set data.image_size to [{max(height, kind.minimum)}, {max(width, kind.minimum)}] or more.",
        )
        raise CnnSearchError(str(problem))
    return kind.build((*image_size, 3), section)


def backbone_features(name: str, network: keras.Model, images: keras.KerasTensor) -> keras.KerasTensor:
    """Feature maps (batch, rows, columns, filters) of raw images (batch, height, width, 1 or 3), 0-255."""
    if images.shape[-1] == 1:
        images = keras.layers.Concatenate(name="gray_to_rgb")([images, images, images])
    return network(REGISTRY[name].preprocess(images))


def blocks_of(name: str, network: keras.Model) -> list[str]:
    """The names that `trainable_from` takes for a backbone's blocks, from the image on."""
    found = (REGISTRY[name].block.match(layer.name) for layer in network.layers if layer.weights)
    return list(dict.fromkeys(match.group() for match in found if match))


def freeze(name: str, network: keras.Model, trainable_from: str) -> None:
    """Freeze a backbone's layers before `trainable_from`: `none`, `all`, a block's or a layer's name.

    A frozen batch norm keeps its moments and uses them in training too: Keras does so for every frozen one.

    Raises:
        CnnSearchError: no block or layer has that name.
    """
    if trainable_from == "none":
        network.trainable = False
        return
    first = 0 if trainable_from == "all" else _first(name, network, trainable_from)
    for layer in network.layers[:first]:
        layer.trainable = False


def _first(name: str, network: keras.Model, trainable_from: str) -> int:
    for index, layer in enumerate(network.layers):
        if layer.name == trainable_from or layer.name.startswith(f"{trainable_from}_"):
            return index
    blocks = blocks_of(name, network)
    known = ["none", "all", *blocks, *(layer.name for layer in network.layers)]
    nearest = difflib.get_close_matches(trainable_from, known, n=1)
    problem = Problem(
        f"model.{name}.trainable_from",
        f"it is none, all, or the name of a block or layer, got {trainable_from!r}.",
        (f"Did you mean {nearest[0]}? " if nearest else "") + f"The blocks are {', '.join(blocks)}.",
    )
    raise CnnSearchError(str(problem))
