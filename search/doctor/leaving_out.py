"""From findings to the files that a training should leave out, each with its reason. Pure.

Certain losses only: what cannot be read, shows nothing, counts twice, has two labels or gives the test away. Near
duplicates under one label stay: they are good images, and the split keeps them together.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from cnnsearch.search.dataset.sources.layout import PARTS, TRAIN
from cnnsearch.search.doctor.findings import Finding, Group
from cnnsearch.search.doctor.kinds import Kind

Reasons = Iterator[tuple[str, str]]
"""Paths, each with a reason."""


def left_out(findings: Sequence[Finding]) -> Mapping[str, str]:
    """The paths that training should leave out, sorted, each with the reason.

    Of equal files the first one stays. Of images in several parts those in test stay, else those in validation. Of
    images under two labels none stays: which label is right nobody knows.
    """
    reasons: dict[str, str] = {}
    for finding in findings:
        rule = _RULES.get(finding.kind)
        for group in finding.groups if rule else ():
            for path, reason in rule(group) if rule else ():
                reasons.setdefault(path, reason)
    return dict(sorted(reasons.items()))


def _unreadable(group: Group) -> Reasons:
    return ((subject.name, subject.detail) for subject in group)


def _blank(group: Group) -> Reasons:
    return ((subject.name, "is blank") for subject in group)


def _two_labels(group: Group) -> Reasons:
    labels = ", ".join(sorted({subject.class_name for subject in group}))
    return ((subject.name, f"is under several labels: {labels}") for subject in group)


def _copies(group: Group) -> Reasons:
    return ((subject.name, f"is a copy of {group[0].name}") for subject in group[1:])


def _leak(group: Group) -> Reasons:
    """Equal files: one stays, in the part that is to be kept clean."""
    ordered = sorted(group, key=lambda subject: -_rank(subject.part))
    return _copies(tuple(ordered))


def _near_leak(group: Group) -> Reasons:
    """Other files of the same picture: all of the clean part stay."""
    kept = max(group, key=lambda subject: _rank(subject.part))
    rest = (subject for subject in group if _rank(subject.part) < _rank(kept.part))
    return ((subject.name, f"is nearly a copy of {kept.name}") for subject in rest)


def _rank(part: str | None) -> int:
    return PARTS.index(part or TRAIN)


_RULES: Mapping[Kind, Callable[[Group], Reasons]] = {
    Kind.EMPTY_FILE: _unreadable,
    Kind.TRUNCATED: _unreadable,
    Kind.UNREADABLE: _unreadable,
    Kind.BLANK: _blank,
    Kind.TWO_LABELS: _two_labels,
    Kind.NEAR_TWO_LABELS: _two_labels,
    Kind.LEAK: _leak,
    Kind.NEAR_LEAK: _near_leak,
    Kind.DUPLICATES: _copies,
}
"""Whom a finding's kind says nothing about stays."""
