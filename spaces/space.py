"""A space: everything a search may try, read and checked; and the configurations that come out of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cnnsearch.spaces.document import Configuration, Document
from cnnsearch.spaces.parameters import (
    Condition,
    Parameter,
    count_configurations,
    find_parameters,
    substitute,
)
from cnnsearch.spaces.values import Domain, Scalar, contains_searched, value_of
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
        return self.document.model_dump()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """All searched values, active or not; a parent always before its children."""
        return tuple(find_parameters(self.tree))

    @cached_property
    def is_configuration(self) -> bool:
        """Whether nothing is searched."""
        return not contains_searched(self.tree)

    def active(self, values: Mapping[str, Scalar]) -> tuple[Parameter, ...]:
        """The parameters that exist in a trial with these values."""
        return tuple(parameter for parameter in self.parameters if parameter.is_active(values))

    def configuration(self, values: Mapping[str, Scalar]) -> Configuration:
        """The configuration that the values of the active parameters make; values of inactive ones are left aside.

        Raises:
            ValueError: an active parameter has no value, or one outside its domain.
        """

        def take(name: str, domain: Domain) -> Any:  # noqa: ANN401 - any JSON value
            if name not in values:
                raise ValueError(f"{name} is active and must have a value, got none")
            try:
                return value_of(domain, values[name])
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None

        return Configuration.model_validate(substitute(self.tree, take))

    def without(self, branch: str) -> "Space":
        """The space with one branch, such as `model.vgg16`, dropped out of its choice; the last one left is fixed.

        Raises:
            ValueError: there is no choice with such a branch.
        """
        section, _, name = branch.partition(".")
        choice = self.tree.get(section)
        branches = choice.get("choice") if isinstance(choice, dict) else None
        if not isinstance(branches, dict) or name not in branches:
            raise ValueError(f"only a branch of a choice can be left out, such as model.vgg16, got {branch}")
        left = {key: value for key, value in branches.items() if key != name}
        if not left:
            raise ValueError(f"a choice must keep a branch, got none without {branch}")
        tree = {**self.tree, section: {"choice": left}}
        return Space(self.name, Document.model_validate(tree))

    def to_yaml(self) -> str:
        """The space with every default filled in; it loads back to an equal space."""
        return as_yaml(self.tree)

    def identity(self) -> str:
        """A hash of what makes two runs the same search: all but how long it may take and what stays on disk.

        The images are not in it, either: one folder has many names, and its images may change under the same name.
        """
        tree = {key: value for key, value in self.tree.items() if key != "keep"}
        tree["data"] = {key: value for key, value in tree["data"].items() if key != "source"}
        tree["search"] = {key: value for key, value in tree["search"].items() if key not in ("trials", "time")}
        return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()

    def cardinality(self) -> int | None:
        """How many distinct configurations there are; None where a continuous range makes them uncountable."""
        return count_configurations(self.tree)


def configuration_yaml(configuration: Configuration, comment: str = "") -> str:
    """The configuration as a document of the space language, under a comment; it loads back as a space of one point."""
    return as_yaml(configuration.model_dump(), comment)
