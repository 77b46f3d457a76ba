"""The section that names the network under the head: every kind that the language knows."""

from cnnsearch.spaces.sections.backbones import Backbone, MobileNet, MobileNetV2, MobileNetV3
from cnnsearch.spaces.sections.own_code import Custom
from cnnsearch.spaces.sections.scratch import Scratch
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Branches


class Model(Branches):
    """The network under the head: one of these kinds, or a choice over several."""

    scratch: Searched[Scratch] | None = None
    custom: Searched[Custom] | None = None
    vgg16: Searched[Backbone] | None = None
    vgg19: Searched[Backbone] | None = None
    mobilenet: Searched[MobileNet] | None = None
    mobilenetv2: Searched[MobileNetV2] | None = None
    mobilenetv3small: Searched[MobileNetV3] | None = None
    mobilenetv3large: Searched[MobileNetV3] | None = None
    resnet50: Searched[Backbone] | None = None
    resnet101: Searched[Backbone] | None = None
    resnet152: Searched[Backbone] | None = None
    resnet50v2: Searched[Backbone] | None = None
    resnet101v2: Searched[Backbone] | None = None
    resnet152v2: Searched[Backbone] | None = None
    efficientnetb0: Searched[Backbone] | None = None
    efficientnetb1: Searched[Backbone] | None = None
    efficientnetb2: Searched[Backbone] | None = None
    efficientnetb3: Searched[Backbone] | None = None
    efficientnetb4: Searched[Backbone] | None = None
    efficientnetb5: Searched[Backbone] | None = None
    efficientnetb6: Searched[Backbone] | None = None
    efficientnetb7: Searched[Backbone] | None = None
    efficientnetv2b0: Searched[Backbone] | None = None
    efficientnetv2b1: Searched[Backbone] | None = None
    efficientnetv2b2: Searched[Backbone] | None = None
    efficientnetv2b3: Searched[Backbone] | None = None
    efficientnetv2s: Searched[Backbone] | None = None
    efficientnetv2m: Searched[Backbone] | None = None
    efficientnetv2l: Searched[Backbone] | None = None
    convnexttiny: Searched[Backbone] | None = None
    convnextsmall: Searched[Backbone] | None = None
    convnextbase: Searched[Backbone] | None = None
    convnextlarge: Searched[Backbone] | None = None
    convnextxlarge: Searched[Backbone] | None = None
    xception: Searched[Backbone] | None = None
    densenet121: Searched[Backbone] | None = None
    densenet169: Searched[Backbone] | None = None
    densenet201: Searched[Backbone] | None = None
    inceptionv3: Searched[Backbone] | None = None
    inceptionresnetv2: Searched[Backbone] | None = None
    nasnetmobile: Searched[Backbone] | None = None
    nasnetlarge: Searched[Backbone] | None = None
