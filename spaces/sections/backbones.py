"""What the language knows of each pretrained network: its settings, its least image, the size of its last feature maps.

A name is that of the function in keras.applications, in lower case. How each is built and where its weights come from
is known where Keras is; here are only facts, so that a space is checked without loading Keras.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Tag

from cnnsearch.spaces.sections.numbers import Positive
from cnnsearch.spaces.sections.optimizers import LearningRate
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Section


class Last(Section):
    """The end of a network, by the number of its layers."""

    last: Searched[Positive]
    """How many layers are trained, counted from the end as Keras lists them: `network.layers[-30:]`."""


def _depth_form(value: object) -> str:
    return "<layers>" if isinstance(value, dict | Last) else "<word>"


Depth = Annotated[Annotated[str, Tag("<word>")] | Annotated[Last, Tag("<layers>")], Discriminator(_depth_form)]


def _some(depth: str | Last) -> str | Last:
    if depth == "none":
        raise broken("fine-tuning trains a part of the network, got none", "Set fine_tune to null for no such phase.")
    return depth


class FineTune(Section):
    """A second phase of the training: once the head is trained, the end of the backbone is trained with it."""

    trainable_from: Searched[Annotated[Depth, AfterValidator(_some)]] = "all"
    """From where on: `all`, the first trainable block (`block5`) or layer, or `{last: 30}`."""
    epochs: Searched[Positive] = 5
    """At most so many, after those of `training`."""
    learning_rate: Searched[LearningRate] = 0.00001
    """Where the learning rate starts in this phase, under the same schedule; much less than the head's."""


class Backbone(Section):
    """A pretrained network without its top, under a head of ours."""

    weights: Searched[str | None] = "imagenet"
    """`imagenet`, the path of a weights file, or null for random weights."""
    trainable_from: Searched[Depth] = "none"
    """`none` (all frozen), `all`, the first trainable block (`block5`) or layer, or `{last: 30}`, the last 30 layers.
    `cnnsearch backbones NAME` lists them."""
    fine_tune: Searched[FineTune | None] = None
    """A second phase that trains more of the network, at a smaller learning rate; null for none."""
    features: Literal["float32", "float16"] = "float32"
    """How what the frozen part makes of an image is kept; `float16` takes half the room, and rounds."""


def _published(*alphas: float) -> Callable[[float], float]:
    """A validator that takes only the widths for which weights were published."""
    known = f"{', '.join(map(str, alphas[:-1]))} or {alphas[-1]}"

    def check(value: float) -> float:
        if value not in alphas:
            raise broken(f"weights were published for an alpha of {known}, got {value}")
        return value

    return check


class MobileNet(Backbone):
    """MobileNet (v1), arXiv:1704.04861; `alpha` scales the filters of every layer."""

    alpha: Searched[Annotated[float, AfterValidator(_published(0.25, 0.5, 0.75, 1.0))]] = 1.0
    """Scales the filters of every layer: 0.25, 0.5, 0.75 or 1.0."""


class MobileNetV2(Backbone):
    """MobileNetV2, arXiv:1801.04381; `alpha` scales the filters of every layer."""

    alpha: Searched[Annotated[float, AfterValidator(_published(0.35, 0.5, 0.75, 1.0, 1.3, 1.4))]] = 1.0
    """Scales the filters of every layer: 0.35, 0.5, 0.75, 1.0, 1.3 or 1.4."""


class MobileNetV3(Backbone):
    """MobileNetV3, arXiv:1905.02244. ImageNet weights of the minimalistic network were published for alpha 1.0 only."""

    alpha: Searched[Annotated[float, AfterValidator(_published(0.75, 1.0))]] = 1.0
    """Scales the filters of every layer: 0.75 or 1.0."""
    minimalistic: Searched[bool] = False
    """Without squeeze-excite, hard swish and 5 x 5 convolutions, none of which every device runs fast."""


Step = tuple[int, int]
"""(window, stride) of a layer that makes maps smaller: n pixels become (n - window) // stride + 1.

A layer with padding `same` is one with a window of 1; an own padding makes the window smaller by as much.
"""


@dataclass(frozen=True)
class Facts:
    """What is known of a backbone without building it.

    Attributes:
        smallest: the least height and width in pixels that Keras takes.
        steps: what makes its maps smaller, from the image on.
        section: its settings in the language.
    """

    smallest: int
    steps: tuple[Step, ...]
    section: type[Backbone] = Backbone

    def last_maps(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) in pixels of the last feature maps for an image of (height, width)."""
        return self._shrunk(height), self._shrunk(width)

    def _shrunk(self, pixels: int) -> int:
        for window, stride in self.steps:
            pixels = (pixels - window) // stride + 1
        return pixels


_HALF_UP, _HALF_DOWN = (1, 2), (2, 2)
_CEILING = (_HALF_UP,) * 5
_INCEPTION = ((3, 2), (3, 1), (3, 2), (3, 1), (3, 2), (3, 2), (3, 2))
_VGG = Facts(32, (_HALF_DOWN,) * 5)
_RESNET = _EFFICIENTNET = Facts(32, _CEILING)
_DENSENET = Facts(32, (*(_HALF_UP,) * 2, *(_HALF_DOWN,) * 3))
_CONVNEXT = Facts(32, ((4, 4), *(_HALF_DOWN,) * 3))
_NASNET = Facts(32, ((3, 2), *(_HALF_UP,) * 4))
_EFFICIENTNETS = ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7")
_EFFICIENTNETS_V2 = ("b0", "b1", "b2", "b3", "s", "m", "l")

BACKBONES: dict[str, Facts] = {
    "vgg16": _VGG,
    "vgg19": _VGG,
    "mobilenet": Facts(32, (_HALF_UP, *(_HALF_DOWN,) * 4), MobileNet),
    "mobilenetv2": Facts(32, _CEILING, MobileNetV2),
    "mobilenetv3small": Facts(32, _CEILING, MobileNetV3),
    "mobilenetv3large": Facts(32, _CEILING, MobileNetV3),
    **{f"resnet{depth}{version}": _RESNET for version in ("", "v2") for depth in (50, 101, 152)},
    **{f"efficientnet{variant}": _EFFICIENTNET for variant in _EFFICIENTNETS},
    **{f"efficientnetv2{variant}": _EFFICIENTNET for variant in _EFFICIENTNETS_V2},
    **{f"convnext{size}": _CONVNEXT for size in ("tiny", "small", "base", "large", "xlarge")},
    "xception": Facts(71, ((3, 2), (3, 1), *(_HALF_UP,) * 4)),
    **{f"densenet{depth}": _DENSENET for depth in (121, 169, 201)},
    "inceptionv3": Facts(75, _INCEPTION),
    "inceptionresnetv2": Facts(75, _INCEPTION),
    "nasnetmobile": _NASNET,
    "nasnetlarge": _NASNET,
}
"""The facts of every backbone by its name, in the order in which messages list them."""
