"""The part of the page on the winning configuration: what differs from the defaults, and all of it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cnnsearch.reports.inert import visible
from cnnsearch.reports.markup import element
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.page.values import folded, grid, verbatim
from cnnsearch.reports.wording import value_text
from cnnsearch.spaces.document import Branches
from cnnsearch.spaces.document import Section as Part
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.values import Scalar

_PARTS = ("data", "augment", "model", "head", "optimizer", "training", "evaluation")
"""The sections that a model is made from; the others are the search's."""


def winning_configuration(facts: Facts) -> Section | None:
    """What the kept model was trained from; None where there is none yet."""
    if not facts.config:
        return None
    whole = folded("The whole configuration, best/config.yaml", verbatim(facts.config))
    searched = tuple(facts.winner.values) if facts.winner else ()
    rows = [
        (path, text, "searched" if _was_searched(path, searched) else "")
        for path, text in told_values(facts.config, searched)
    ]
    if not rows:
        return Section("configuration", "Winning configuration", (whole,))
    intro = element("p", "What was searched, and whatever is not the default of the space language.", class_="dim")
    table = grid(("key", "value", ""), rows, "what was searched or differs from the defaults")
    return Section("configuration", "Winning configuration", (intro, table, whole))


def told_values(text: str, searched: Collection[str] = ()) -> list[tuple[str, str]]:
    """Dotted paths and values that differ from the defaults or were searched.

    None where the file is of another version of the language, or damaged.
    """
    try:
        document = loads_space(text, "config", allow_code=True).document
    except CnnSearchError:
        return []
    return [found for part in _PARTS for found in _told(getattr(document, part), part, searched)]


def _told(value: Any, path: str, searched: Collection[str]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - of a section
    if isinstance(value, Branches):
        yield path, value.kind
        yield from _told(getattr(value, value.kind), f"{path}.{value.kind}", searched)
    elif isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            own, where = getattr(value, name), f"{path}.{name}"
            if field.is_required() or own != field.get_default(call_default_factory=True) or _is_among(where, searched):
                yield from _told(own, where, searched)
    elif isinstance(value, list | tuple) and any(isinstance(entry, Part) for entry in value):
        for place, entry in enumerate(value):
            yield from _told(entry, f"{path}.{place}", searched)
    else:
        yield path, visible(_in_words(plain(value)))


def _is_among(path: str, searched: Collection[str]) -> bool:
    """Whether something was searched there, or below it."""
    return any(each == path or each.startswith(f"{path}.") for each in searched)


def _was_searched(path: str, searched: Collection[str]) -> bool:
    """Whether a value was searched, or an entry of it, such as that of one block."""
    return any(each == path or (each.startswith(f"{path}.") and each[len(path) + 1].isdigit()) for each in searched)


def _in_words(value: Any) -> str:  # noqa: ANN401 - plain values
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_in_words(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return value_text(value) if isinstance(value, Scalar) else str(value)
