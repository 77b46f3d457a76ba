"""Makes the hyperparameters of a HyperModel that a space names a part of the space, before the first trial.

The same child process looks whether the backbones have the layers from which on they shall be trained, and whether the
files of their weights fit them.
"""

import itertools
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.model.weights import draws_of
from cnnsearch.search.trial.discovery import DiscoveryJob, NamedDepth, Pretrained, run_discovery
from cnnsearch.search.trial.messages import Discovered, Message
from cnnsearch.spaces.document import Custom, Document, Scratch
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.leaves import leaves, with_leaf
from cnnsearch.spaces.phases import tunings
from cnnsearch.spaces.sections.backbones import Backbone, Last
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import IntRange, all_values, describe, domain_of, is_searched, shown


def with_discovered(space: Space, classes: int) -> Space:
    """The space with every hyperparameter of its HyperModels that it does not fix or search itself.

    Raises:
        CnnSearchError: a function of one's own cannot be imported, a HyperModel fails to build, a backbone has no block
            or layer of a name that is given for it or fewer layers than are, or a file of weights does not fit.
    """
    sections = list(leaves(space.document.model, "model"))
    networks = {name: section for name, _, section in sections if isinstance(section, Custom)}
    blocks = {text for _, _, section in sections if isinstance(section, Scratch) for text in _functions(section.custom)}
    backbones = tuple(
        _pretrained(name, kind, section) for name, kind, section in sections if isinstance(section, Backbone)
    )
    looked_at = tuple(each for each in backbones if each.depths or each.files)
    if not networks and not blocks and not looked_at:
        return space
    functions = {name: section.function for name, section in networks.items()}
    found = _discovered(DiscoveryJob(functions, tuple(sorted(blocks)), _shape(space), classes, looked_at))
    tree = dict(space.tree)
    for name, parameters in found.items():
        section = plain(networks[name])
        given = section["arguments"]
        section["arguments"] = {**_arguments(name, [each for each in parameters if each["name"] not in given]), **given}
        tree = with_leaf(tree, name, section)
    return Space(space.name, Document.model_validate(tree))


def _functions(node: Any) -> Iterable[str]:  # noqa: ANN401 - one value, a list of them, or a searched one
    entries = node if isinstance(node, list) else [node]
    return [value for entry in entries for value in all_values(entry) if value is not None]


def _pretrained(name: str, kind: str, section: Backbone) -> Pretrained:
    depths = [("trainable_from", section.trainable_from)]
    depths += [("fine_tune.trainable_from", tuning.trainable_from) for tuning in tunings(section)]
    named = [NamedDepth(f"{name}.{where}", depth) for where, node in depths for depth in _depths(node)]
    return Pretrained(kind, _variants(section), tuple(dict.fromkeys(named)), tuple(draws_of(section)))


def _depths(node: Any) -> list[str | Last]:  # noqa: ANN401 - a depth, or a searched one
    """The depths that a node may be, `none` and `all` left out; of a range of layers, the most."""
    if isinstance(node, Last):
        return [Last(last=_most(node.last))]
    if not is_searched(node):
        return [] if node in (None, "none", "all") else [node]
    options = node["choice"].values() if isinstance(node["choice"], Mapping) else node["choice"]
    return [depth for option in [*options, node.get("otherwise")] for depth in _depths(option)]


def _most(node: Any) -> int:  # noqa: ANN401 - a number or a searched one
    domain = domain_of(node) if is_searched(node) else None
    known = [node.get("otherwise")] if domain else [node]
    known += [domain.high] if isinstance(domain, IntRange) else all_values(node)  # a range may be too long to list
    return max(int(value) for value in known if value is not None)


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
    """The arguments in the space language; a hyperparameter that stands in several scopes exists in all of them.

    Raises:
        CnnSearchError: it has other values in another scope.
    """
    arguments: dict[str, Any] = {}
    for parameter in parameters:
        when = {f"{name}.arguments.{parent}": values for parent, values in parameter["when"].items()}
        node = parameter["node"]
        if when and is_searched(node):
            node = {**node, "when": when}
        known = arguments.get(parameter["name"])
        if known is not None and _values(known) != _values(node):
            rule = f"a hyperparameter has the same values in all scopes, got {_values(known)}, and {_values(node)}"
            advice = "Say in `arguments` what it may be, give each a name, or hand the HyperModel to cnnsearch.run."
            raise CnnSearchError(str(Problem(f"{name}.arguments.{parameter['name']}", rule, advice)))
        if known is not None and is_searched(node):
            node = {key: value for key, value in node.items() if key != "when"}
        arguments[parameter["name"]] = node
    return arguments


def _values(node: Any) -> str:  # noqa: ANN401 - a fixed value or a searched node
    """What an argument may be, in words."""
    return describe(domain_of(node)) if is_searched(node) else shown(node)
