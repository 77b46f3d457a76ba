"""Where the ImageNet weights of each backbone lie: folder, file, address and checksum, as Keras names them.

Convolutions do not know the image's size: the weights trained at 224 pixels serve every one, so only those are named.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnsearch.spaces.sections.backbones import BACKBONES, Backbone, MobileNet, MobileNetV2, MobileNetV3

_STORE = "https://storage.googleapis.com/tensorflow/keras-applications"
_OLDER_STORE = "https://storage.googleapis.com/keras-applications"
_KERNELS = "weights_tf_dim_ordering_tf_kernels"
_ADDRESSES = {
    "vgg": f"{_STORE}/{{name}}/{{name}}_{_KERNELS}_notop.h5",
    "mobilenetv3": f"{_STORE}/mobilenet_v3/weights_mobilenet_v3_{{rest}}{{variant}}_float_no_top_v2.h5",
    "mobilenetv2": f"{_STORE}/mobilenet_v2/mobilenet_v2_{_KERNELS}{{variant}}_no_top.h5",
    "mobilenet": f"{_STORE}/mobilenet/mobilenet{{variant}}_tf_no_top.h5",
    "resnet": f"{_STORE}/resnet/{{name}}_{_KERNELS}_notop.h5",
    "efficientnetv2": f"{_STORE}/efficientnet_v2/efficientnetv2-{{rest}}_notop.h5",
    "efficientnet": f"{_OLDER_STORE}/{{name}}_notop.h5",
    "convnext": f"{_STORE}/convnext/convnext_{{rest}}_notop.h5",
    "xception": f"{_STORE}/xception/xception_{_KERNELS}_notop.h5",
    "densenet": f"{_STORE}/densenet/{{name}}_{_KERNELS}_notop.h5",
    "inceptionv3": f"{_STORE}/inception_v3/inception_v3_{_KERNELS}_notop.h5",
    "inceptionresnetv2": f"{_STORE}/inception_resnet_v2/inception_resnet_v2_{_KERNELS}_notop.h5",
    "nasnet": f"{_STORE}/nasnet/NASNet-{{rest}}-no-top.h5",
}
"""By what a backbone's name begins with, the longest first; `rest` is what follows it."""
_MOBILENET_WIDTHS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_CHECKSUMS = {
    "vgg16": "6d6bbae143d832006294945121d1f1fc",
    "vgg19": "253f8cb515780f3b799900260a226db6",
    "mobilenetv3small_224_0.75": "ebdb5cc8e0b497cd13a7c275d475c819",
    "mobilenetv3small_224_1.0": "d3e8ec802a04aa4fc771ee12a9a9b836",
    "mobilenetv3small_minimalistic_224_1.0": "cde8136e733e811080d9fcd8a252f7e4",
    "mobilenetv3large_224_0.75": "40af19a13ebea4e2ee0c676887f69a2e",
    "mobilenetv3large_224_1.0": "07fb09a5933dd0c8eaafa16978110389",
    "mobilenetv3large_minimalistic_224_1.0": "ec5221f64a2f6d1ef965a614bdae7973",
    "resnet50": "4d473c1dd8becc155b73f8504c6f6626",
    "resnet101": "88cf7a10940856eca736dc7b7e228a21",
    "resnet152": "ee4c566cf9a93f14d82f913c2dc6dd0c",
    "resnet50v2": "fac2f116257151a9d068a22e544a4917",
    "resnet101v2": "c0ed64b8031c3730f411d2eb4eea35b5",
    "resnet152v2": "ed17cf2e0169df9d443503ef94b23b33",
    "efficientnetb0": "50bc09e76180e00e4465e1a485ddc09d",
    "efficientnetb1": "74c4e6b3e1f6a1eea24c589628592432",
    "efficientnetb2": "111f8e2ac8aa800a7a99e3239f7bfb39",
    "efficientnetb3": "af6d107764bb5b1abb91932881670226",
    "efficientnetb4": "ebc24e6d6c33eaebbd558eafbeedf1ba",
    "efficientnetb5": "38879255a25d3c92d5e44e04ae6cec6f",
    "efficientnetb6": "9ecce42647a20130c1f39a5d4cb75743",
    "efficientnetb7": "cbcfe4450ddf6f3ad90b1b398090fe4a",
    "efficientnetv2b0": "893217f2bb855e2983157299931e43ff",
    "efficientnetv2b1": "0e80663031ca32d657f9caa404b6ec37",
    "efficientnetv2b2": "1dfe2e7a5d45b6632553a8961ea609eb",
    "efficientnetv2b3": "f6abf7b5849ac99a89b50dd3fd532856",
    "efficientnetv2s": "af0682fb74e8c54910f2d4393339c070",
    "efficientnetv2m": "1b8dc055df72dde80d614482840fe342",
    "efficientnetv2l": "b0b66b5c863aef5b46e8608fe1711615",
    "convnexttiny": "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    "convnextsmall": "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
    "convnextbase": "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
    "convnextlarge": "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
    "convnextxlarge": "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
    "xception": "b0042744bf5b25fce3cb969f33bebb97",
    "densenet121": "30ee3e1110167f948a6b9946edeeb738",
    "densenet169": "b8c4d4c20dd625c148057b9ff1c1176b",
    "densenet201": "c13680b51ded0fb44dff2d8f86ac8bb1",
    "inceptionv3": "bcbd6486424b2319ff4ef7d526e38f63",
    "inceptionresnetv2": "d19885ff4a710c122648d3b5c3b684e4",
    "nasnetmobile": "1ed92395b5b598bdda52abe5c0dbfd63",
    "nasnetlarge": "d81d89dc07e6e56530c4e77faddd61b5",
}
"""By the backbone's name, and its variant where it has several; MobileNet's and MobileNetV2's are not published."""


@dataclass(frozen=True)
class WeightsFile:
    """A file of ImageNet weights without the top, as Keras names it.

    Attributes:
        name: its name in the `models` folder of Keras' home.
        url: where it is downloaded from.
        checksum: its md5 or sha256; None where none is published.
    """

    name: str
    url: str
    checksum: str | None = None


def models_folder() -> Path:
    """Where Keras keeps downloaded weights: `models` in $KERAS_HOME, by default ~/.keras."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser() / "models"


def imagenet_files(name: str) -> Iterator[tuple[dict[str, Any], WeightsFile]]:
    """Every file of ImageNet weights that was published for a backbone, with the settings that it is for."""
    facts = BACKBONES[name]
    for values in itertools.product(*facts.settings.values()):
        settings = dict(zip(facts.settings, values, strict=True))
        file = imagenet_file(name, facts.section(**settings))
        if file is not None:
            yield settings, file


def imagenet_file(name: str, section: Backbone) -> WeightsFile | None:
    """The file with the ImageNet weights of a backbone with these settings; None where none were published."""
    variant = _variant(section)
    checksum = _CHECKSUMS.get(name + variant)
    if isinstance(section, MobileNetV3) and checksum is None:
        return None
    family = next(prefix for prefix in _ADDRESSES if name.startswith(prefix))
    url = _ADDRESSES[family].format(name=name, rest=name.removeprefix(family), variant=variant)
    file = url.rpartition("/")[2]
    # Keras keeps this family's files under names other than those it downloads.
    return WeightsFile(file.lower().replace("-", "_") if family == "nasnet" else file, url, checksum)


def _variant(section: Backbone) -> str:
    """What tells apart the files of one network with several settings; empty for those without."""
    match section:
        case MobileNet(alpha=alpha):
            return f"_{_MOBILENET_WIDTHS[alpha]}_224"
        case MobileNetV2(alpha=alpha):
            return f"_{float(alpha)}_224"
        case MobileNetV3(alpha=alpha, minimalistic=minimalistic):
            return f"{'_minimalistic' if minimalistic else ''}_224_{float(alpha)}"
    return ""
