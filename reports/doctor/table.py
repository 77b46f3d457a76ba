"""What a person reads in the terminal of an examination: the classes, what the images are like, the findings.

All text from data goes in as `Text`, with control characters spelled out.
"""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.doctor.wording import UNSPLIT, amount, facts, foremost, headline, is_near, mark, verdict
from cnnsearch.reports.terminal import safe
from cnnsearch.search.doctor.balance import Counts
from cnnsearch.search.doctor.doctor import Examination
from cnnsearch.search.doctor.figures import figures_of
from cnnsearch.search.doctor.findings import Finding
from cnnsearch.search.doctor.findings import Group as Subjects
from cnnsearch.search.doctor.kinds import Severity

MOST_CLASSES = 20
MOST_LISTED = 5
"""Groups of a finding that are shown; a hundred of them would push the others off the screen."""
MOST_IN_SET = 6
STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def examination_text(examination: Examination) -> RenderableType:
    """The whole examination, its verdict last."""
    parts: list[RenderableType] = [safe(headline(examination), "bold"), Text(), *_classes(examination.counts)]
    parts += [Text(), _facts(examination), Text()]
    for finding in examination.findings:
        parts += [*_finding(finding), Text()]
    return Group(*parts, safe(verdict(examination.findings), "bold green" if examination.is_healthy else "bold"))


def _classes(counts: Counts) -> Iterator[RenderableType]:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("class", overflow="fold")
    for part in next(iter(counts.values()), {}):
        table.add_column(part or UNSPLIT, justify="right", no_wrap=True)
    for name, by_part in list(counts.items())[:MOST_CLASSES]:
        table.add_row(safe(name), *(f"{count:,}" for count in by_part.values()))
    yield table
    if len(counts) > MOST_CLASSES:
        yield _more(len(counts) - MOST_CLASSES)


def _facts(examination: Examination) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in facts(figures_of(examination.files)).items():
        grid.add_row(name, safe(text))
    for note in examination.notes:
        grid.add_row("left aside", safe(note))
    return grid


def _finding(finding: Finding) -> Iterator[RenderableType]:
    trait = finding.trait
    told = (f"{finding.kind}: {amount(finding)}", "dim")
    yield Text.assemble((trait.severity.value, STYLES[trait.severity]), "  ", (trait.title, "bold"), "  ", told)
    yield Padding(Text(f"{trait.meaning} {trait.advice}"), (0, 0, 0, 2), expand=False)
    yield from _lines(finding)


def _lines(finding: Finding) -> Iterator[RenderableType]:
    shown = finding.groups[:MOST_LISTED]
    lines = (_set(finding, group) if finding.in_sets else _single(group) for group in shown)
    yield from (Padding(line, (0, 0, 0, 4), expand=False) for line in lines)
    if len(finding.groups) > MOST_LISTED:
        yield Padding(_more(len(finding.groups) - MOST_LISTED), (0, 0, 0, 4), expand=False)


def _single(group: Subjects) -> Text:
    (subject,) = group
    return safe(subject.name).append_text(safe(f"  {subject.detail}" if subject.detail else "", "dim"))


def _set(finding: Finding, group: Subjects) -> Text:
    """`cat/1.jpg (cat) = dog/7.jpg (dog)`; images that are nearly the same have a `~` between them."""
    names = []
    for subject in foremost(finding, group, MOST_IN_SET):
        told = mark(finding, subject) or subject.detail
        names.append(safe(subject.name).append_text(safe(f" ({told})" if told else "", "dim")))
    line = Text(" ~ " if is_near(finding) else " = ").join(names)
    return line.append(f" and {len(group) - MOST_IN_SET:,} more") if len(group) > MOST_IN_SET else line


def _more(count: int) -> Text:
    return Text(f"and {count:,} more (--json lists all)", "dim")
