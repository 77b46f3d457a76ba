"""The page of an examination: one file that needs no network, with charts and small pictures of what was found."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from cnnsearch.reports.doctor.charts import class_bars, histogram
from cnnsearch.reports.doctor.style import STYLE
from cnnsearch.reports.doctor.wording import amount, facts, foremost, headline, mark, named, verdict
from cnnsearch.reports.markup import Element, element, page
from cnnsearch.reports.thumbnails import pictures_of
from cnnsearch.reports.wording import counted
from cnnsearch.search.dataset.sources.files import Files
from cnnsearch.search.doctor.doctor import Examination
from cnnsearch.search.doctor.examine import Examined
from cnnsearch.search.doctor.figures import figures_of, looks_of
from cnnsearch.search.doctor.findings import Finding, Group, Subject
from cnnsearch.search.doctor.leaving_out import left_out

MOST_PICTURED = 24
"""Pictures of one finding; with 29 kinds of them the page stays under 4 MB."""
MOST_IN_SET = 6
MOST_NAMED = 200
"""Names of a finding that are written out behind its pictures."""
SAMPLED_CLASSES, SAMPLES = 12, 8
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may load: nothing from anywhere."""

Pictures = Mapping[str, str]
"""Data URIs by path."""


def examination_page(examination: Examination, files: Files) -> str:
    """The whole page; `files` are the source's, read again for the pictures."""
    sample = samples(examination.files)
    shown = [subject.name for finding in examination.findings for group in pictured(finding) for subject in group]
    known = {file.image.path for file in examination.files}
    taken = [file.image.path for row in sample.values() for file in row]
    pictures = pictures_of(files, known.intersection([*shown, *taken]))
    return page(_head(examination.source), element("body", _main(examination, sample, pictures)))


def samples(files: Sequence[Examined]) -> Mapping[str, Sequence[Examined]]:
    """Some readable images of each of the first classes, spread evenly over it."""
    by_class: dict[str, list[Examined]] = {}
    for file in files:
        if file.look is not None:
            by_class.setdefault(file.image.class_name, []).append(file)
    return {name: _spread(by_class[name]) for name in sorted(by_class)[:SAMPLED_CLASSES]}


def _spread(files: Sequence[Examined]) -> Sequence[Examined]:
    count = min(SAMPLES, len(files))
    return [files[place * len(files) // count] for place in range(count)]


def pictured(finding: Finding) -> list[Group]:
    """The groups of a finding that are shown with pictures; long ones are cut."""
    left, shown = MOST_PICTURED, []
    for group in finding.groups:
        cut = foremost(finding, group, min(MOST_IN_SET, left))
        if not cut or len(cut) < min(2, len(group)):
            break
        shown.append(cut)
        left -= len(cut)
    return shown


def _head(source: str) -> Element:
    policy = element("meta", content=POLICY)
    policy.set("http-equiv", "Content-Security-Policy")
    style = element("style")
    style.text = STYLE  # with its line ends, which names are never shown with
    return element(
        "head",
        element("meta", charset="utf-8"),
        policy,
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{source}: data doctor"),
        style,
    )


def _main(examination: Examination, sample: Mapping[str, Sequence[Examined]], pictures: Pictures) -> Element:
    good = " good" if examination.is_healthy else ""
    findings = [_finding(finding, pictures) for finding in examination.findings]
    return element(
        "main",
        element("h1", headline(examination)),
        element("p", verdict(examination.findings), class_=f"verdict{good}"),
        _tiles(examination),
        element("h2", "Findings") if findings else None,
        *findings,
        element("h2", "Classes"),
        element("div", class_bars(examination.counts), class_="card"),
        element("h2", "Sizes"),
        _sizes(examination),
        element("h2", "A look at the images"),
        element("div", *_strips(sample, pictures), class_="card"),
        element("footer", "Written by cnnsearch data doctor. Nothing in the source was changed."),
    )


def _tiles(examination: Examination) -> Element:
    excluded = len(left_out(examination.findings))
    unreadable = sum(file.look is None for file in examination.files)
    told = {
        "images": f"{len(examination.files):,}",
        "classes": f"{len(examination.counts):,}",
        "unreadable": f"{unreadable:,}",
        "should be left out": f"{excluded:,}",
        "in all files": _megabytes(figures_of(examination.files).size),
    }
    tiles = (element("div", element("b", value), name, class_="card") for name, value in told.items())
    return element("div", *tiles, class_="tiles")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _sizes(examination: Examination) -> Element:
    looks = looks_of(examination.files)
    lengths = {"Heights": [look.height for look in looks], "Widths": [look.width for look in looks]}
    charts = [histogram(values, title) for title, values in lengths.items() if len(set(values)) > 1]
    rows = [element(*pair) for pair in _pairs(facts(figures_of(examination.files)))]
    rows += [element(*pair) for note in examination.notes for pair in (("dt", "left aside"), ("dd", note))]
    return element(
        "div", element("div", *charts, class_="two") if charts else None, element("dl", *rows), class_="card"
    )


def _pairs(told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in told.items():
        yield "dt", name
        yield "dd", text


def _strips(sample: Mapping[str, Sequence[Examined]], pictures: Pictures) -> Iterator[Element]:
    for name, files in sample.items():
        paths = [file.image.path for file in files]
        images = (element("img", src=pictures[path], alt=path, title=path) for path in paths if path in pictures)
        yield element("div", element("span", name, class_="name"), element("div", *images), class_="strip")


def _finding(finding: Finding, pictures: Pictures) -> Element:
    trait = finding.trait
    return element(
        "section",
        element("span", trait.severity.value, class_="badge"),
        element("h3", trait.title, " ", element("code", f"{finding.kind}: {amount(finding)}")),
        element("p", f"{trait.meaning} {trait.advice}"),
        *_shown(finding, pictures),
        class_=f"card finding {trait.severity.value}",
    )


def _shown(finding: Finding, pictures: Pictures) -> Iterator[Element]:
    """Pictures where there are any, else names; then the names of the others."""
    shown = pictured(finding)
    if any(subject.name in pictures for group in shown for subject in group):
        yield element("div", *(_group(finding, group, pictures) for group in shown), class_="pictures")
    else:
        shown = []
    rest = finding.groups[len(shown) :]
    if rest:
        yield element("ul", *_names(finding, rest), class_="names")


def _group(finding: Finding, group: Group, pictures: Pictures) -> Element:
    shown = [_picture(finding, subject, pictures) for subject in group]
    return element("div", *shown, class_="set") if finding.in_sets else shown[0]


def _picture(finding: Finding, subject: Subject, pictures: Pictures) -> Element:
    uri, told = pictures.get(subject.name), mark(finding, subject)
    image = element("img", src=uri, alt=subject.name) if uri else element("span", "no picture", class_="none")
    return element(
        "div",
        image,
        element("span", told, class_="chip") if told else None,
        element("div", subject.name),
        element("div", subject.detail, class_="dim") if subject.detail else None,
        class_="picture",
    )


def _names(finding: Finding, groups: Iterable[Group]) -> Iterator[Element]:
    told = list(groups)
    for group in islice(told, MOST_NAMED):
        yield element("li", named(finding, group))
    if len(told) > MOST_NAMED:
        yield element("li", f"and {counted(len(told) - MOST_NAMED, 'other')} (--json lists all)")
