"""Words that the terminal and the pages share: headlines, names with what matters of them, the verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cnnsearch.reports.wording import counted
from cnnsearch.search.doctor.findings import Finding, Group, Subject
from cnnsearch.search.doctor.kinds import Kind, Severity

if TYPE_CHECKING:  # these stand on a decoder of images, which the page of a run does without
    from cnnsearch.search.dataset.survey import Spread
    from cnnsearch.search.doctor.doctor import Examination
    from cnnsearch.search.doctor.figures import Figures

UNSPLIT = "images"
"""The heading over images that are yet to be split."""
_BY_LABEL = (Kind.TWO_LABELS, Kind.NEAR_TWO_LABELS)
_BY_PART = (Kind.LEAK, Kind.NEAR_LEAK)


def headline(examination: "Examination") -> str:
    """`photos.zip: 4,000 images of 2 classes, 32.4 MB`, with how many of them are unreadable."""
    unreadable = sum(file.look is None for file in examination.files)
    told = f", {unreadable:,} unreadable" if unreadable else ""
    images, classes = counted(len(examination.files), "image"), counted(len(examination.counts), "class")
    return f"{examination.source}: {images} of {classes}{told}"


def facts(figures: "Figures") -> Mapping[str, str]:
    """Sizes, formats and modes, each in one line."""
    return {
        "heights": _lengths(figures.heights),
        "widths": _lengths(figures.widths),
        "formats": _shares(figures.formats),
        "modes": _shares(figures.modes),
    }


def _lengths(spread: "Spread | None") -> str:
    if spread is None:
        return "none"
    if spread.least == spread.most:
        return f"{spread.least:,} pixels"
    return f"{spread.least:,} to {spread.most:,} pixels, median {spread.median:,}"


def _shares(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def mark(finding: Finding, subject: Subject) -> str:
    """What tells a member of a set from the others: its label or its part; empty where the name says enough."""
    if finding.kind in _BY_LABEL:
        return subject.class_name
    return subject.part or "" if finding.kind in _BY_PART else ""


def foremost(finding: Finding, group: Group, most: int) -> Group:
    """At most so many of a set, in their order: of a long one the first of each label or part before any other."""
    firsts = {mark(finding, group[place]): place for place in reversed(range(len(group)))}.values()
    places = sorted(range(len(group)), key=lambda place: (place not in firsts, place))[:most]
    return tuple(group[place] for place in sorted(places))


def is_near(finding: Finding) -> bool:
    """Whether its sets are of images that are nearly the same."""
    return finding.kind in (Kind.NEAR_TWO_LABELS, Kind.NEAR_LEAK, Kind.NEAR_DUPLICATES)


def named(finding: Finding, group: Group) -> str:
    """What belongs together in one line: `a.jpg: cat = b.jpg: dog`, with a `~` between what is nearly the same."""
    texts = [": ".join(filter(None, (subject.name, mark(finding, subject), subject.detail))) for subject in group]
    return (" ~ " if is_near(finding) else " = ").join(texts)


def amount(finding: Finding) -> str:
    """`3 files`, `2 sets, 5 files`, `1 class`."""
    about = "class" if finding.kind in _ABOUT_CLASSES else "folder" if finding.kind is Kind.EMPTY_FOLDER else "file"
    subjects = counted(len(finding.subjects), about)
    return f"{counted(len(finding.groups), 'set')}, {subjects}" if finding.in_sets else subjects


_ABOUT_CLASSES = (Kind.SMALL_CLASS, Kind.IMBALANCE, Kind.MISSING_IN_PART, Kind.TWIN_CLASSES)


def verdict(findings: Sequence[Finding]) -> str:
    """One sentence: healthy, or how many findings of each severity."""
    counts = Counter(finding.severity for finding in findings)
    told = [counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    if counts[Severity.ERROR] or counts[Severity.WARNING]:
        return f"Found: {_joined(told)}."
    return "Healthy: no errors, no warnings" + (f", {told[0]}." if told else ".")


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
