"""Makes the hyperparameters of a HyperModel that a space names a part of the space, before the first trial.

The same child process looks whether the backbones have the layers from which on they shall be trained.
"""

import itertools
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.trial.discovery import DiscoveryJob, NamedLayers, run_discovery
from cnnsearch.search.trial.messages import Discovered, Message
from cnnsearch.spaces.document import Custom, Document, Scratch
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.leaves import leaves, with_leaf
from cnnsearch.spaces.sections.backbones import Backbone
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import all_values, is_searched


def with_discovered(space: Space, classes: int) -> Space:
    """The space with every hyperparameter of its HyperModels that it does not fix or search itself.

    Raises:
        CnnSearchError: a function of one's own cannot be imported, a HyperModel fails to build, or a backbone has no
            block or layer of a name that is given for it.
    """
    sections = list(leaves(space.document.model, "model"))
    networks = {name: section for name, _, section in sections if isinstance(section, Custom)}
    blocks = {text for _, _, section in sections if isinstance(section, Scratch) for text in _functions(section.custom)}
    layers = tuple(
        NamedLayers(kind, _variants(section), names)
        for _, kind, section in sections
        if isinstance(section, Backbone) and (names := _layer_names(section))
    )
    if not networks and not blocks and not layers:
        return space
    functions = {name: section.function for name, section in networks.items()}
    found = _discovered(DiscoveryJob(functions, tuple(sorted(blocks)), _shape(space), classes, layers))
    tree = dict(space.tree)
    for name, parameters in found.items():
        section = plain(networks[name])
        section["arguments"] = {**_arguments(name, parameters), **section["arguments"]}
        tree = with_leaf(tree, name, section)
    return Space(space.name, Document.model_validate(tree))


def _functions(node: Any) -> Iterable[str]:  # noqa: ANN401 - one value, a list of them, or a searched one
    entries = node if isinstance(node, list) else [node]
    return [value for entry in entries for value in all_values(entry) if value is not None]


def _layer_names(section: Backbone) -> tuple[str, ...]:
    """The blocks and layers that a branch may be trained from."""
    return tuple(name for name in dict.fromkeys(all_values(section.trainable_from)) if name not in ("none", "all"))


def _variants(section: Backbone) -> tuple[Backbone, ...]:
    """A branch with each combination of its switches; its numbers, such as alpha, change no layer's name."""
    keys = [key for key in type(section).model_fields if key not in Backbone.model_fields]
    options = [all_values(getattr(section, key)) for key in keys]
    kept = [each if isinstance(each[0], bool) else each[:1] for each in options]
    return tuple(section.model_copy(update=dict(zip(keys, values, strict=True))) for values in itertools.product(*kept))


def _shape(space: Space) -> tuple[int, int, int]:
    """(height, width, channels) of the images, at the first of their sizes."""
    data = space.document.data
    size = all_values(data.image_size)[0]
    height, width = size if isinstance(size, list) else (size, size)
    return height, width, data.channels


def _discovered(job: DiscoveryJob) -> dict[str, list[dict[str, Any]]]:
    answers: list[Discovered] = []

    def answer(message: Message) -> None:
        if isinstance(message, Discovered):
            answers.append(message)

    with tempfile.TemporaryDirectory(prefix="cnnsearch-") as folder:
        broken = run_in_child(Work(run_discovery, job, Path(folder) / "log.txt", CPU.environment), answer)
    if broken:
        raise CnnSearchError(broken.message)
    return answers[0].parameters


def _arguments(name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """The arguments in the space language; a hyperparameter that stands in several scopes exists in all of them."""
    arguments: dict[str, Any] = {}
    for parameter in parameters:
        when = {f"{name}.arguments.{parent}": values for parent, values in parameter["when"].items()}
        node = parameter["node"]
        if when and is_searched(node):
            node = {**node, "when": when}
        known = arguments.get(parameter["name"])
        if known is not None and is_searched(node):
            node = {key: value for key, value in node.items() if key != "when"}
        arguments[parameter["name"]] = node
    return arguments
