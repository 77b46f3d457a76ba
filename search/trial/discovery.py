"""Looks at what only Python and Keras know of a space, in a child process before the first trial.

Are its functions there, what do its HyperModels search, have its backbones the layers that it names?
"""

from dataclasses import dataclass
from typing import Any

from cnnsearch.search.model.backbones import backbone_network, freeze
from cnnsearch.search.model.custom import Shape, found_hyperparameters, hypermodel_of, load_function
from cnnsearch.search.model.size import outlined
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Discovered, Done
from cnnsearch.spaces.document import Custom
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.backbones import Backbone

_PIXELS = 224
"""Every backbone takes images of this height and width, and its layers bear the same names at any other."""


@dataclass(frozen=True)
class NamedLayers:
    """The names of blocks or layers that a space gives for one branch.

    Attributes:
        kind: of backbone.
        variants: the branch with each combination of the settings that decide which layers there are.
        names: what `trainable_from` may be, without `none` and `all`.
    """

    kind: str
    variants: tuple[Backbone, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class DiscoveryJob:
    """What is looked at.

    Attributes:
        networks: the custom networks by their dotted names; their arguments do not matter.
        blocks: the functions of custom blocks.
        shape: of the images, (height, width, channels).
        classes: how many there are.
        layers: which blocks and layers of backbones it names.
    """

    networks: dict[str, str]
    blocks: tuple[str, ...]
    shape: Shape
    classes: int
    layers: tuple[NamedLayers, ...] = ()


def run_discovery(line: Line, job: DiscoveryJob) -> None:
    """Import every function, look for every named layer, and tell the hyperparameters of each HyperModel.

    Raises:
        CnnSearchError: a function cannot be imported, or backbones lack layers: then all of these.
    """
    for function in job.blocks:
        load_function(function, "model.scratch.custom")
    lacking = [message for named in job.layers for message in _lacking(named)]
    if lacking:
        raise CnnSearchError("\n".join(lacking))
    found: dict[str, list[dict[str, Any]]] = {}
    for name, function in job.networks.items():
        build = hypermodel_of(Custom(function=function), job.shape, job.classes)
        if build is not None:
            found[name] = found_hyperparameters(build)
    line.tell(Discovered(found))
    line.tell(Done())


def _lacking(named: NamedLayers) -> list[str]:
    """What is wrong with names that no variant of the backbone has."""
    answers = [_answers(named.kind, variant, named.names) for variant in named.variants]
    return [each[0] for each in zip(*answers, strict=True) if all(each)]


def _answers(kind: str, section: Backbone, names: tuple[str, ...]) -> list[str]:
    """For each name why the backbone has no such layer; empty where it has one."""
    with outlined():
        network = backbone_network(kind, section, (_PIXELS, _PIXELS))
    answers = []
    for name in names:
        try:
            freeze(kind, network, name)
            answers.append("")
        except CnnSearchError as error:
            answers.append(str(error))
    return answers
