"""What all sections of a space document have in common."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from cnnsearch.spaces.searched import broken
from cnnsearch.spaces.values import shown


class Section(BaseModel):
    """What every section has in common: unknown keys and wrong types are errors, and a read section never changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def named_branches(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    """`adam` is short for `{adam: {}}`, a list of names for a mapping of empty branches, null for an empty branch."""
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {} for name in value}
    if isinstance(value, Mapping):
        return {key: {} if branch is None else branch for key, branch in value.items()}
    return value


class Branches(Section):
    """A section of named branches: one of them fixed, or `choice` over several. A branch that is None is not there."""

    @model_validator(mode="before")
    @classmethod
    def _unfold(cls, value: Any) -> Any:  # noqa: ANN401 - before validation, anything
        known = ", ".join(cls.model_fields)
        if isinstance(value, Mapping) and "choice" in value:
            others = [str(key) for key in value if key != "choice"]
            if others:
                raise broken(f"nothing stands beside `choice` here, got {shown(others)}", "Move it into a branch.")
            listed = value["choice"]
            if isinstance(listed, list) and len(set(map(str, listed))) < len(listed):
                raise broken(
                    f"the branches of a choice differ from each other, got {shown(listed)}", "Drop the second one."
                )
            branches = named_branches(listed)
            if not isinstance(branches, Mapping) or not branches:
                raise broken(f"a choice here has one or more branches of {known}, got {shown(listed)}")
            return branches
        branches = named_branches(value)
        # Sections that are there already come from Python, where several of them are a choice.
        if isinstance(branches, Mapping) and len(branches) != 1 and not _are_sections(branches):
            raise broken(
                f"exactly one of {known} stands here, got {shown(list(branches))}",
                "Put several of them under `choice:`.",
            )
        return branches

    @model_serializer(mode="plain")
    def _fold(self) -> dict[str, Any]:
        branches = {name: branch.model_dump() for name, branch in self.branches().items()}
        return branches if len(branches) == 1 else {"choice": branches}

    def branches(self) -> dict[str, Section]:
        """The branches that are there, by name; a configuration has one."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: branch for name, branch in found.items() if branch is not None}


def _are_sections(branches: Mapping[str, object]) -> bool:
    return bool(branches) and all(isinstance(branch, Section) for branch in branches.values())
