"""A space: everything a search may try, read and checked; and the configurations that come out of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnsearch.spaces.counting import count_configurations
from cnnsearch.spaces.document import Configuration, Document
from cnnsearch.spaces.leaves import without_leaf, without_option
from cnnsearch.spaces.parameters import Condition, Parameter, find_parameters, own_conditions
from cnnsearch.spaces.sections.data import IMAGES
from cnnsearch.spaces.sections.search import EFFORT
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.substitution import substitute
from cnnsearch.spaces.values import Scalar, contains_searched, label, value_of
from cnnsearch.spaces.written import as_yaml

__all__ = ["Condition", "Parameter", "Space", "configuration_yaml"]


@dataclass(frozen=True)
class Space:
    """A checked space document. Two spaces are equal where name and document are.

    Attributes:
        name: the stem of its file; runs are named after it.
        document: its sections, in which values may be searched.
    """

    name: str
    document: Document

    def __hash__(self) -> int:
        return hash((self.name, self.identity()))

    @cached_property
    def tree(self) -> dict[str, Any]:
        """The document as plain mappings, lists and scalars, every default filled in. Not to be changed."""
        tree: dict[str, Any] = plain(self.document)
        return tree

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All searched values, active or not; a parent always before its children."""
        return find_parameters(self.tree)

    @cached_property
    def plan(self) -> tuple[tuple[Parameter, tuple[Condition, ...]], ...]:
        """The parameters in their order, each with the conditions that its active parents leave open."""
        return own_conditions(self.parameters)

    @cached_property
    def is_configuration(self) -> bool:
        """Whether nothing is searched."""
        return not contains_searched(self.tree)

    def active(self, values: Mapping[str, Scalar]) -> tuple[Parameter, ...]:
        """The parameters that exist in a trial with these values."""
        found: list[Parameter] = []
        taken: dict[str, Scalar] = {}
        for parameter, conditions in self.plan:
            for condition in conditions:
                if not condition.holds(taken):
                    break
            else:
                found.append(parameter)
                if parameter.name in values:
                    taken[parameter.name] = values[parameter.name]
        return tuple(found)

    def configuration(self, values: Mapping[str, Scalar]) -> Configuration:
        """The configuration that the values of the active parameters make; values of inactive ones are left aside.

        Raises:
            ValueError: an active parameter has no value, or one outside its domain.
        """

        active = {}
        for parameter in self.active(values):
            if parameter.name not in values:
                raise ValueError(f"{parameter.name} is active and must have a value, got none")
            try:
                active[parameter.name] = value_of(parameter.domain, values[parameter.name])
            except ValueError as error:
                raise ValueError(f"{parameter.name} {error}") from None
        tree = substitute(self.tree, active)
        tree["search"] = {**tree["search"], "start_from": []}  # a configuration is where its own training starts
        return Configuration.model_validate(tree)

    def fingerprint(self, values: Mapping[str, Scalar]) -> str:
        """A hash of the active values: two draws have the same one where these are the same.

        Raises:
            ValueError: a value is outside its domain.
        """
        known = [parameter for parameter in self.active(values) if parameter.name in values]
        active = {p.name: label(value_of(p.domain, values[p.name])) for p in known}  # 3.0 is 3 in an int range
        return hashlib.sha256(json.dumps(active, sort_keys=True).encode()).hexdigest()

    def without(self, branch: str) -> "Space":
        """The space with one branch, such as `model.vgg16`, dropped out of its choice.

        Raises:
            ValueError: there is no choice with such a branch.
        """
        return Space(self.name, Document.model_validate(without_leaf(self.tree, branch)))

    def without_option(self, name: str, option: Scalar) -> "Space":
        """The space with one option dropped out of a choice between values, such as `sigmoid` out of `head.output`.

        Raises:
            ValueError: there is no such option, or it is the only one.
        """
        return Space(self.name, Document.model_validate(without_option(self.tree, name, option)))

    def to_yaml(self) -> str:
        """The space with every default filled in; it loads back to an equal space."""
        return as_yaml(self.tree)

    def identity(self) -> str:
        """A hash of what makes two runs the same search: all but how long it may take and what stays on disk.

        The images and their split are not in it, either: one folder has many names, its images may change under the
        same name, and what changed there is told image by image.
        """
        tree = {key: value for key, value in self.tree.items() if key != "keep"}
        tree["data"] = {key: value for key, value in tree["data"].items() if key not in IMAGES}
        tree["search"] = {key: value for key, value in tree["search"].items() if key not in EFFORT}
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()

    def cardinality(self) -> int | None:
        """How many distinct configurations there are; None where a continuous range makes them uncountable."""
        return count_configurations(self.parameters)


def configuration_yaml(configuration: Configuration, comment: str = "") -> str:
    """The configuration as a document of the space language, under a comment; it loads back as a space of one point."""
    return as_yaml(plain(configuration), comment)
