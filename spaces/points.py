"""Which values of a space's parameters make a given configuration, whole or in part: the way back from it."""

from collections.abc import Callable, Mapping
from typing import Any

from cnnsearch.spaces.matching import NotInSpace, Way, ways
from cnnsearch.spaces.sections.data import IMAGES
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar, Stack, shown

__all__ = ["NotInSpace", "point_of", "values_of"]

_NOT_TRAINED = ("version", "search", "keep")
"""Sections that say nothing of what a trial trains."""


def values_of(space: Space, given: Mapping[str, Any]) -> dict[str, Scalar]:
    """The values of the parameters that a part of a configuration fixes; short forms of the language may stand in it.

    Raises:
        NotInSpace: the space fixes another value, or has no such value.
    """
    known = {parameter.name for parameter in space.parameters}
    return {name: value for name, value in ways(space.tree, given, ())[0].items() if name in known}


def first_trials(space: Space) -> list[dict[str, Scalar]]:
    """What a search tries first: `search.start_from`, completed by the priors; with no such list, the priors alone.

    Values of parameters that turn out not to be active are among them.
    """
    priors: dict[str, Scalar] = {p.name: p.prior for p in space.parameters if p.has_prior}
    starts = [{**priors, **values_of(space, start)} for start in space.document.search.start_from]
    return starts or ([priors] if priors else [])


def point_of(space: Space, configuration: Mapping[str, Any]) -> dict[str, Scalar]:
    """The values that make this whole configuration; what does not concern its training is left aside.

    Where no draw is written like it, one is taken that says the same: a list of equal filters for one number.

    Raises:
        NotInSpace: no draw of the space makes it.
    """
    given = _training_part(configuration)
    found = ways(space.tree, given, ())
    refusal: NotInSpace | None = None
    for form in (_as_written, _spread):
        for way in found:
            try:
                return _made_by(space, way, given, form)
            except NotInSpace as error:
                refusal = refusal or error
    raise refusal or NotInSpace((), "no draw of this space makes it")


def _made_by(space: Space, way: Way, given: Mapping[str, Any], form: Callable[[Any], Any]) -> dict[str, Scalar]:
    """The active ones of these values.

    Raises:
        NotInSpace: they make another configuration.
    """
    active = {p.name: way[p.name] for p in space.active(way) if p.name in way}
    try:
        made = _training_part(plain(space.configuration(active)))
    except ValueError as error:
        raise NotInSpace((), str(error)) from None
    for name, section in made.items():
        if form(section) != form(given.get(name)):
            rule = f"it is {shown(section)} in every draw with these values, got {shown(given.get(name))}"
            raise NotInSpace((name,), rule)
    return active


def _as_written(node: Any) -> Any:  # noqa: ANN401 - any part of a configuration
    return node


def _spread(node: Any) -> Any:  # noqa: ANN401 - any part of a configuration
    """The same with a list for what a stack says once for all of its entries: two ways of writing one network."""
    if isinstance(node, Stack):
        alone = {key for key, value in node.items() if not isinstance(value, list | Mapping) and key != node.count}
        return {key: [value] * node[node.count] if key in alone else value for key, value in node.items()}
    return {key: _spread(child) for key, child in node.items()} if isinstance(node, Mapping) else node


def _training_part(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """The sections that decide a training, without which images there are and without the trial's own seed."""
    part = {name: section for name, section in configuration.items() if name not in _NOT_TRAINED}
    part["data"] = {key: value for key, value in part.get("data", {}).items() if key not in IMAGES}
    part["training"] = {key: value for key, value in part.get("training", {}).items() if key != "seed"}
    return part
