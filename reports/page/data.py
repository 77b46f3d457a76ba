"""The part of the page on the images: what a run's files know of them, without decoding any of them again."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from cnnsearch.reports.doctor.charts import class_bars
from cnnsearch.reports.inert import visible
from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.findings import findings_of
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.page.values import folded, items, pairs

_MOST = 100
"""Names of one kind that are listed."""
_SMALL, _IMBALANCE = 10, 10
"""What the data doctor calls a small class, and by how many times one is larger than another."""


def data(facts: Facts) -> Section | None:
    """The images; None where nothing is known of them."""
    known = facts.dataset
    counts = known.get("counts")
    if not isinstance(counts, dict) or not counts:
        return None
    card = element("div", pairs(_told(known)), class_bars(counts), class_="card")
    return Section(
        "data", "Data", (card, *_noticed(facts), *_left_out(known), element("p", _advice(facts), class_="dim"))
    )


def _noticed(facts: Facts) -> Iterator[Element]:
    """What the data doctor found; where it was not asked, what the numbers say."""
    if facts.findings is not None:
        yield element("h3", "What the data doctor found")
        yield from findings_of(facts.findings)
        return
    findings = list(_findings(facts.dataset))
    yield element("h3", "What is noticed") if findings else element("p", "Nothing is noticed in these numbers.")
    yield from findings


def _advice(facts: Facts) -> str:
    command = f"cnnsearch data doctor {visible(str(facts.dataset.get('source', 'SOURCE')))}"
    if facts.findings is None:
        return f"The images themselves are not examined: {command} does it."
    return f"{command} --html FILE shows pictures of all this."


def _told(known: Mapping[str, Any]) -> dict[str, str]:
    shape, split = known.get("image_shape", ()), known.get("split", {})
    folds = known.get("folds")
    told = {
        "source": visible(str(known.get("source", ""))),
        "images": f"{known.get('images', 0):,} of {len(known['counts']):,} classes",
        "shown to networks as": f"{' x '.join(map(str, shape))} (height, width, channels), {known.get('resize', '')}",
        "split": ", ".join(f"{name} {value}" for name, value in split.items()) if isinstance(split, dict) else "",
        "folds": str(folds) if folds else "",
        "fingerprint": visible(str(known.get("fingerprint", ""))),
    }
    return {name: text for name, text in told.items() if text}


def _findings(known: Mapping[str, Any]) -> Iterator[Element]:
    """What a person should look at, the worst first."""
    twins = _twins(known.get("files", {}))
    apart = [paths for paths in twins if len({part for part, _ in paths}) > 1]
    yield from _listed("images lie in several parts, byte for byte", [_same(paths) for paths in apart])
    yield from _listed("files could not be read", _skipped(known))
    yield from _listed("images lie there several times", [_same(paths) for paths in twins if paths not in apart])
    yield from _listed("classes are small or outnumbered", list(_uneven(known["counts"])))


def _left_out(known: Mapping[str, Any]) -> Iterator[Element]:
    """What is told of any source."""
    yield from _listed("images were left out by data.exclude", [str(name) for name in known.get("excluded", ())])
    yield from _listed("notes on the source", [str(note) for note in known.get("notes", ())])


def _skipped(known: Mapping[str, Any]) -> list[str]:
    return [f"{each['name']}: {each['reason']}" for each in known.get("skipped", ())]


def _listed(what: str, names: list[str]) -> Iterator[Element]:
    if names:
        more = [f"and {len(names) - _MOST:,} more"] if len(names) > _MOST else []
        yield folded(f"{len(names):,} {what}", items([*names[:_MOST], *more], class_="names"))


def _twins(files: Mapping[str, Mapping[str, Mapping[str, str]]]) -> list[list[tuple[str, str]]]:
    """Sets of (part, path) with the same bytes."""
    by_hash: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for part, classes in files.items():
        for paths in classes.values():
            for path, content in paths.items():
                by_hash[content].append((part, path))
    return [paths for paths in by_hash.values() if len(paths) > 1]


def _same(paths: list[tuple[str, str]]) -> str:
    return " = ".join(f"{path} ({part})" for part, path in paths)


def _uneven(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    totals = {name: sum(by_part.values()) for name, by_part in counts.items()}
    most = max(totals.values())
    for name, total in totals.items():
        if total < _SMALL or total * _IMBALANCE < most:
            yield f"{name}: {total:,} images, the largest class has {most:,}"
