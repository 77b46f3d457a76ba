"""What the data doctor found in a run's images, in its own words; the names behind each finding are folded away."""

from collections.abc import Iterator, Sequence

from cnnsearch.reports.doctor.wording import amount, foremost, named, verdict
from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.page.values import folded, items
from cnnsearch.reports.wording import counted
from cnnsearch.search.doctor.findings import Finding

_MOST, _MOST_IN_SET = 100, 20
"""Groups of one finding that are listed, and how many of a group are named."""


def findings_of(findings: Sequence[Finding]) -> Iterator[Element]:
    """The verdict, then each finding, the worst first."""
    yield element("p", verdict(findings))
    yield from map(_shown, findings)


def _shown(finding: Finding) -> Element:
    trait = finding.trait
    return element(
        "div",
        element("span", trait.severity.value, class_="badge"),
        element("h3", trait.title, " ", element("code", f"{finding.kind}: {amount(finding)}")),
        element("p", f"{trait.meaning} {trait.advice}"),
        folded("Which", items(_names(finding), class_="names")),
        class_=f"card finding {trait.severity.value}",
    )


def _names(finding: Finding) -> Iterator[str]:
    for group in finding.groups[:_MOST]:
        more = len(group) - _MOST_IN_SET
        told = named(finding, foremost(finding, group, _MOST_IN_SET))
        yield f"{told} and {more:,} more" if more > 0 else told
    if len(finding.groups) > _MOST:
        yield f"and {counted(len(finding.groups) - _MOST, 'other')}, all in doctor.json"
