"""Looks at what only Python and Keras know of a space, in a child process before the first trial.

Are its functions there, what do its HyperModels search, have its backbones the layers that it names, and fit
their weights?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from cnnsearch.search.model.backbones import backbone_network, freeze
from cnnsearch.search.model.custom import Shape, found_hyperparameters, hypermodel_of, load_function
from cnnsearch.search.model.size import outlined
from cnnsearch.search.model.weights_file import misfit
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Discovered, Done
from cnnsearch.spaces.document import Custom
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.sections.backbones import Backbone, Last

_PIXELS = 224
"""Every backbone takes images of this height and width, and its layers bear the same names at any other."""


@dataclass(frozen=True)
class NamedDepth:
    """A depth that a space gives for one branch.

    Attributes:
        where: its dotted name.
        depth: a block's or layer's name, or how many layers from the end.
    """

    where: str
    depth: str | Last


@dataclass(frozen=True)
class Pretrained:
    """What is to be looked at in one branch of the model.

    Attributes:
        kind: of backbone.
        variants: the branch with each combination of the settings that decide which layers there are.
        depths: what its depths may be, without `none` and `all`.
        files: the branch with each combination of what decides its weights' file.
    """

    kind: str
    variants: tuple[Backbone, ...]
    depths: tuple[NamedDepth, ...]
    files: tuple[Backbone, ...]


@dataclass(frozen=True)
class DiscoveryJob:
    """What is looked at.

    Attributes:
        networks: the custom networks by their dotted names; their arguments do not matter.
        blocks: the functions of custom blocks.
        shape: of the images, (height, width, channels).
        classes: how many there are.
        pretrained: its backbones, by the dotted names of their branches.
    """

    networks: dict[str, str]
    blocks: tuple[str, ...]
    shape: Shape
    classes: int
    pretrained: tuple[Pretrained, ...] = ()


def run_discovery(line: Line, job: DiscoveryJob) -> None:
    """Import every function, look into every weights file and for every named layer, and tell what HyperModels search.

    Raises:
        CnnSearchError: a function cannot be imported, or files are damaged or backbones lack layers: all of these.
    """
    for function in job.blocks:
        load_function(function, "model.scratch.custom")
    wrong = [message for each in job.pretrained for message in (*_lacking(each), *_misfits(each))]
    if wrong:
        raise CnnSearchError("\n".join(dict.fromkeys(wrong)))
    found: dict[str, list[dict[str, Any]]] = {}
    for name, function in job.networks.items():
        build = hypermodel_of(Custom(function=function), job.shape, job.classes)
        if build is not None:
            found[name] = found_hyperparameters(build)
    line.tell(Discovered(found))
    line.tell(Done())


def _misfits(branch: Pretrained) -> list[str]:
    """What is wrong with files of weights."""
    return [message for section in branch.files if (message := misfit(branch.kind, section))]


def _lacking(branch: Pretrained) -> list[str]:
    """What is wrong with depths that no variant of the backbone has."""
    if not branch.depths:
        return []
    answers = [_answers(branch.kind, variant, branch.depths) for variant in branch.variants]
    return [each[0] for each in zip(*answers, strict=True) if all(each)]


def _answers(kind: str, section: Backbone, depths: Sequence[NamedDepth]) -> list[str]:
    """For each depth why the backbone has none such; empty where it has."""
    with outlined():
        network = backbone_network(kind, section, (_PIXELS, _PIXELS))
    return [_answer(kind, network, named) for named in depths]


def _answer(kind: str, network: keras.Model, named: NamedDepth) -> str:
    if isinstance(named.depth, Last):
        last, most = named.depth.last, len(network.layers)
        rule = f"{kind} has {most} layers, got the last {last}"
        return "" if last <= most else str(Problem(named.where, rule, f"Write {most} or less, or all."))
    try:
        freeze(kind, network, named.depth)
    except CnnSearchError as error:
        # A configuration knows no branches, and its own depth only.
        return named.where + str(error).removeprefix(f"model.{kind}.trainable_from")
    return ""
