"""A finding: something that a person should know of their images before a training, with all files it is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from cnnsearch.search.doctor.kinds import TRAITS, Kind, Severity, Trait

VERSION = 1
"""Of findings as JSON: raised when a key changes its meaning or goes."""


@dataclass(frozen=True)
class Subject:
    """One file, folder or class that a finding is about.

    Attributes:
        name: a path relative to the source, or a class's name.
        detail: what holds of it alone, such as `3 x 2 pixels`; may be empty.
        class_name: the file's class; empty for what has none.
        part: the part that the layout puts the file in; None where it leaves that open.
    """

    name: str
    detail: str = ""
    class_name: str = ""
    part: str | None = None


Group = tuple[Subject, ...]
"""What belongs together, such as the copies of one image; most groups have one member."""


@dataclass(frozen=True)
class Finding:
    """Everything of one kind in a source."""

    kind: Kind
    groups: tuple[Group, ...]

    @property
    def trait(self) -> Trait:
        """What it means and what to do."""
        return TRAITS[self.kind]

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.trait.severity

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """All that it is about, group after group."""
        return tuple(subject for group in self.groups for subject in group)

    @property
    def in_sets(self) -> bool:
        """Whether its subjects come in sets, such as copies of each other."""
        return any(len(group) > 1 for group in self.groups)


def found(pairs: Iterable[tuple[Kind, Group]]) -> tuple[Finding, ...]:
    """One finding for each kind that occurs, in the kinds' own order, the worst first."""
    by_kind: dict[Kind, list[Group]] = {}
    for kind, group in pairs:
        by_kind.setdefault(kind, []).append(group)
    return tuple(Finding(kind, tuple(by_kind[kind])) for kind in TRAITS if kind in by_kind)
