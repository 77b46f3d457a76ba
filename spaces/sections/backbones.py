"""What the language knows of each pretrained network: its settings, its size, its least image, its last feature maps.

A name is that of the function in keras.applications, in lower case. How each is built and where its weights come from
is known where Keras is; here are only facts, so that a space is checked without loading Keras.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

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
    learning_rate: Searched[LearningRate] = 0.0001
    """Where the learning rate starts in this phase, under the same schedule; much less than the head's."""


class Backbone(Section):
    """A pretrained network without its top, under a head of ours."""

    weights: Searched[str | None] = "imagenet"
    """`imagenet`, null for random weights, or the path of a .h5, .weights.h5 or .keras file, from the folder of the
    command on."""
    trainable_from: Searched[Depth] = "none"
    """`none` (all frozen), `all`, the first trainable block (`block5`) or layer, or `{last: 30}`, the last 30 layers.
    `cnnsearch backbones NAME` lists them."""
    fine_tune: Searched[FineTune | None] = None
    """A second phase that trains more of the network, at a smaller learning rate; null for none."""
    batch_norm: Searched[Literal["frozen", "trained"]] = "frozen"
    """What batch norm does in the part that is trained: `frozen` leaves its moments, scale and shift as they came with
    the weights, which a few thousand images would only blur; `trained` trains it, as it always is with random weights.
    """
    features: Literal["float32", "float16"] = "float32"
    """How what the frozen part makes of an image is kept; `float16` takes half the room, and rounds."""


MOBILENET_ALPHAS = (0.25, 0.5, 0.75, 1.0)
MOBILENETV2_ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
MOBILENETV3_ALPHAS = (0.75, 1.0)


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

    alpha: Searched[Annotated[float, AfterValidator(_published(*MOBILENET_ALPHAS))]] = 1.0
    """Scales the filters of every layer: 0.25, 0.5, 0.75 or 1.0."""


class MobileNetV2(Backbone):
    """MobileNetV2, arXiv:1801.04381; `alpha` scales the filters of every layer."""

    alpha: Searched[Annotated[float, AfterValidator(_published(*MOBILENETV2_ALPHAS))]] = 1.0
    """Scales the filters of every layer: 0.35, 0.5, 0.75, 1.0, 1.3 or 1.4."""


class MobileNetV3(Backbone):
    """MobileNetV3, arXiv:1905.02244. ImageNet weights of the minimalistic network were published for alpha 1.0 only."""

    alpha: Searched[Annotated[float, AfterValidator(_published(*MOBILENETV3_ALPHAS))]] = 1.0
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
        settings: those that it has beside every backbone's, with all their values.
        parameters: how many weights it has without its top, at the defaults of its settings.
        layers: how many layers, as Keras lists them.
    """

    smallest: int
    steps: tuple[Step, ...]
    section: type[Backbone] = Backbone
    settings: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    parameters: int = 0
    layers: int = 0

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
_MOBILENETV3 = Facts(32, _CEILING, MobileNetV3, {"alpha": MOBILENETV3_ALPHAS, "minimalistic": (False, True)})
_EFFICIENTNETS = ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7")
_EFFICIENTNETS_V2 = ("b0", "b1", "b2", "b3", "s", "m", "l")

_SHAPES: dict[str, Facts] = {
    "vgg16": _VGG,
    "vgg19": _VGG,
    "mobilenet": Facts(32, (_HALF_UP, *(_HALF_DOWN,) * 4), MobileNet, {"alpha": MOBILENET_ALPHAS}),
    "mobilenetv2": Facts(32, _CEILING, MobileNetV2, {"alpha": MOBILENETV2_ALPHAS}),
    "mobilenetv3small": _MOBILENETV3,
    "mobilenetv3large": _MOBILENETV3,
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
_SIZES = {
    "vgg16": (14_714_688, 19),
    "vgg19": (20_024_384, 22),
    "mobilenet": (3_228_864, 86),
    "mobilenetv2": (2_257_984, 154),
    "mobilenetv3small": (939_120, 157),
    "mobilenetv3large": (2_996_352, 187),
    "resnet50": (23_587_712, 175),
    "resnet101": (42_658_176, 345),
    "resnet152": (58_370_944, 515),
    "resnet50v2": (23_564_800, 190),
    "resnet101v2": (42_626_560, 377),
    "resnet152v2": (58_331_648, 564),
    "efficientnetb0": (4_049_571, 237),
    "efficientnetb1": (6_575_239, 339),
    "efficientnetb2": (7_768_569, 339),
    "efficientnetb3": (10_783_535, 384),
    "efficientnetb4": (17_673_823, 474),
    "efficientnetb5": (28_513_527, 576),
    "efficientnetb6": (40_960_143, 666),
    "efficientnetb7": (64_097_687, 813),
    "efficientnetv2b0": (5_919_312, 270),
    "efficientnetv2b1": (6_931_124, 334),
    "efficientnetv2b2": (8_769_374, 349),
    "efficientnetv2b3": (12_930_622, 409),
    "efficientnetv2s": (20_331_360, 513),
    "efficientnetv2m": (53_150_388, 740),
    "efficientnetv2l": (117_746_848, 1028),
    "convnexttiny": (27_820_128, 133),
    "convnextsmall": (49_454_688, 259),
    "convnextbase": (87_566_464, 259),
    "convnextlarge": (196_230_336, 259),
    "convnextxlarge": (348_147_968, 259),
    "xception": (20_861_480, 132),
    "densenet121": (7_037_504, 427),
    "densenet169": (12_642_880, 595),
    "densenet201": (18_321_984, 707),
    "inceptionv3": (21_802_784, 311),
    "inceptionresnetv2": (54_336_736, 780),
    "nasnetmobile": (4_269_716, 769),
    "nasnetlarge": (84_916_818, 1039),
}
"""(weights, layers) of each without its top."""

BACKBONES = {
    name: replace(facts, parameters=_SIZES[name][0], layers=_SIZES[name][1]) for name, facts in _SHAPES.items()
}
"""The facts of every backbone by its name, in the order in which messages list them."""
