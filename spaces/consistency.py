"""The rules that look at more than one value of a document: conditions, first configurations, what fits together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnnsearch.spaces.document import Augment, Custom, Document, EarlyStopping, Scratch
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.listing import continuous, listed
from cnnsearch.spaces.parameters import NOWHERE, UnknownReference, find_value
from cnnsearch.spaces.phases import most_epochs
from cnnsearch.spaces.points import NotInSpace, values_of
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.shapes import ON_COLOUR, impossible_branches
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import all_values, contains_searched, describe, domain_of, has, is_searched, shown

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Inconsistency:
    """Values that do not go together, at one of them."""

    place: Place
    rule: str
    advice: str = ""
    at_key: bool = False


def inconsistencies(document: Document, *, allow_code: bool, settled: bool = False) -> Iterator[Inconsistency]:
    """Everything in a document that its sections, each for itself, could not know to be wrong.

    Args:
        allow_code: functions of one's own are accepted.
        settled: values were set from outside, which may have taken away what a `when` looks at.
    """
    yield from _code(document, allowed=allow_code)
    for name, rule in impossible_branches(document).items():
        advice = "Use larger images (data.image_size), fewer blocks, or padding: same."
        yield Inconsistency(tuple(name.split(".")), rule, advice, at_key=True)
    yield from _colourless(document)
    yield from _incomparable(document)
    yield from _unwatched(document)
    yield from _clipped_twice(document)
    yield from _together(document)
    yield from _misfitting_fidelity(document)
    space = Space("checked", document)
    wrong = [*_without_otherwise(document, ()), *_conditions(space, settled=settled)]
    yield from wrong
    if not wrong:
        yield from _starts(space)
        yield from _endless_grid(space)


def _code(document: Document, *, allowed: bool) -> Iterator[Inconsistency]:
    if allowed:
        return
    for name, _, section in leaves(document.model, "model"):
        key = "function" if isinstance(section, Custom) else "custom"
        if isinstance(section, Custom) or (isinstance(section, Scratch) and section.custom is not None):
            rule = "a file may run Python code only where that is asked for, got a function of one's own"
            advice = "Read that function; then say --allow-code on the command line."
            yield Inconsistency((*name.split("."), key), rule, advice)


def _colourless(document: Document) -> Iterator[Inconsistency]:
    if document.data.color != "gray" or not isinstance(document.augment, Augment):
        return
    for name in ON_COLOUR:
        if min(all_values(getattr(document.augment, name))) > 0:
            rule = "it changes colours, got data.color gray, which has none"
            yield Inconsistency(("augment", name), rule, "Set it to 0, or use data.color: rgb.")


def _incomparable(document: Document) -> Iterator[Inconsistency]:
    if "val_loss" not in document.search.metrics:
        return
    penalties = [(f"{name}.l2", getattr(section, "l2", None)) for name, _, section in _sections(document)]
    for name, node in [("training.loss", document.training.loss), *penalties]:
        if is_searched(node):
            rule = "trials are ranked by val_loss, which compares only trials of one loss, got a search over it"
            yield Inconsistency(tuple(name.split(".")), rule, "Fix it, or use objective: val_accuracy.")


def _unwatched(document: Document) -> Iterator[Inconsistency]:
    """A monitor that no epoch is measured by: only what is asked for is computed."""
    known = ("val_loss", "val_accuracy", *document.search.metrics)
    for place, rule in _early_stopping(document.training.early_stopping, ("training", "early_stopping")):
        if rule.monitor not in known:
            told = f"it watches what epochs are measured by ({', '.join(dict.fromkeys(known))}), got {rule.monitor}"
            advice = f"Name {rule.monitor} in search.objective or search.constraints, too."
            yield Inconsistency((*place, "monitor"), told, advice)


def _early_stopping(node: Any, place: Place) -> Iterator[tuple[Place, EarlyStopping]]:  # noqa: ANN401 - any node
    """The rules that may hold, with their places."""
    if isinstance(node, EarlyStopping):
        yield place, node
    elif isinstance(node, Mapping):
        options = node.get("choice", {})
        named = options.items() if isinstance(options, Mapping) else ()
        for name, option in named:
            yield from _early_stopping(option, (*place, name))


def _endless_grid(space: Space) -> Iterator[Inconsistency]:
    names = continuous(space.parameters) if space.document.search.sampler.grid else []
    if names:
        rule = f"a grid lists every value, got {listed(names)} without steps"
        yield Inconsistency(("search", "sampler"), rule, "Give each a `step` or a `choice`, or take another sampler.")


def _sections(document: Document) -> Iterator[tuple[str, str, Section]]:
    yield from leaves(document.model, "model")
    yield from leaves(document.head, "head")


def _clipped_twice(document: Document) -> Iterator[Inconsistency]:
    training = document.training
    if isinstance(training.clip_norm, float | int) and isinstance(training.clip_value, float | int):
        rule = "gradients are clipped by norm or by value, got both"
        yield Inconsistency(("training", "clip_value"), rule, "Leave one of them out.", at_key=True)


def _together(document: Document) -> Iterator[Inconsistency]:
    search = document.search
    if search.strategy == "data_parallel" and search.per_device not in (1, "auto"):
        rule = f"data_parallel runs one trial at a time on all devices, got {search.per_device} on each"
        yield Inconsistency(("search", "per_device"), rule, "Leave it out, or use strategy: trials.")


def _misfitting_fidelity(document: Document) -> Iterator[Inconsistency]:
    search = document.search
    if search.fidelity is None:
        return
    place = ("search", "fidelity", search.fidelity.kind)
    (pruner,) = search.pruner.taken().values()
    if search.pruner.none is not None:
        rule = "a fidelity is what a pruner compares trials at, got pruner none"
        yield Inconsistency(place, rule, "Take another pruner, such as asha, or leave fidelity out.", at_key=True)
    elif pruner.first is not None:
        rule = f"a fidelity says itself when trials are compared, got {search.pruner.kind}.first {pruner.first}, too"
        yield Inconsistency(place, rule, "Leave one of them out.", at_key=True)
    yield from _not_the_last(document, place)


def _not_the_last(document: Document, place: Place) -> Iterator[Inconsistency]:
    """Where the highest fidelity is not what the space trains."""
    fidelity, size = document.search.fidelity, document.data.image_size
    if fidelity is not None and fidelity.epochs is not None and fidelity.epochs[1] != most_epochs(document):
        most = most_epochs(document)
        rule = f"the last epoch is the last that a trial can train, {most} here, got {fidelity.epochs[1]}"
        yield Inconsistency((*place, 1), rule, f"Write {most}, or change training.epochs.")
    if fidelity is None or fidelity.image_size is None:
        return
    if is_searched(size):
        rule = "image sizes are rungs of a trial or searched, got a search over data.image_size, too"
        yield Inconsistency(place, rule, "Fix data.image_size, or leave fidelity out.", at_key=True)
    elif fidelity.image_size[-1] != size:
        rule = f"the last size is that of data.image_size, {shown(size)} here, got {shown(fidelity.image_size[-1])}"
        yield Inconsistency((*place, len(fidelity.image_size) - 1), rule, "Make the two the same.")


def _without_otherwise(node: Any, place: Place) -> Iterator[Inconsistency]:  # noqa: ANN401 - any node
    """The conditional values that have nothing to fall back on where their `when` does not hold.

    Sections have filled in their defaults. An argument of a function of one's own may be left out.
    """
    children: Iterable[tuple[str | int, Any]] = ()
    if isinstance(node, Section):
        children = node
    elif is_searched(node):
        children = node["choice"].items() if isinstance(node.get("choice"), Mapping) else ()
    elif isinstance(node, Mapping):
        children = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    optional = isinstance(node, Mapping) and not is_searched(node)
    for key, child in children:
        if is_searched(child) and "when" in child and "otherwise" not in child and not optional:
            rule = "a value with `when` that has no default needs one for where `when` does not hold, got none"
            yield Inconsistency((*place, key), rule, "Add `otherwise:` with a fixed value.")
        yield from _without_otherwise(child, (*place, key))


def _conditions(space: Space, *, settled: bool) -> Iterator[Inconsistency]:
    try:
        space.parameters  # noqa: B018 - finding them follows every reference
    except UnknownReference as error:
        yield Inconsistency(error.path, error.rule, error.advice, at_key="when" in error.path)
        return
    for place, name, values in _whens(space.tree, ()):
        target, _ = find_value(space.tree, name, place)
        if target == NOWHERE and not settled:
            rule = f"`when` names a value of this space by its dotted name, got {name}, of a kind that it does not have"
            advice = "A kind under a name of the file's own is found under it, such as model.small.scratch.blocks."
            yield Inconsistency((*place, "when", name), rule, advice, at_key=True)
        if not is_searched(target):
            continue
        domain = domain_of(target)
        for index, value in enumerate(values):
            if not has(domain, value):
                rule = f"`when` names values that {name} can have ({describe(domain)}), got {shown(value)}"
                yield Inconsistency((*place, "when", name, index), rule)


def _whens(node: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, list[Any]]]:  # noqa: ANN401
    """Every condition of a tree: where its node stands, the name it looks at, the values."""
    if is_searched(node):
        for name, values in node.get("when", {}).items():
            yield place, name, values
        node = node["choice"] if isinstance(node.get("choice"), Mapping) else None
    if isinstance(node, Mapping) and contains_searched(node):
        for key, child in node.items():
            yield from _whens(child, (*place, str(key)))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _whens(child, (*place, str(index)))


def with_fitting_starts(document: Document) -> Document:
    """The document without the configurations to start from that its other values rule out.

    For values given on the command line: `--set model.scratch.kernel_size=3` means just that, whatever a start says.
    """
    space = Space("checked", document)
    try:
        lost = {inconsistency.place[2] for inconsistency in _starts(space)}
    except UnknownReference:  # told with the other inconsistencies
        return document
    kept = [start for index, start in enumerate(document.search.start_from) if index not in lost]
    return document.model_copy(update={"search": document.search.model_copy(update={"start_from": kept})})


def _starts(space: Space) -> Iterator[Inconsistency]:
    for index, start in enumerate(space.document.search.start_from):
        try:
            values_of(space, start)
        except NotInSpace as error:
            place = tuple(int(part) if part.isdecimal() else part for part in error.path)
            yield Inconsistency(("search", "start_from", index, *place), error.rule, error.advice)
