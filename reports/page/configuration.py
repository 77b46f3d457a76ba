"""The part of the page on the winning configuration: what differs from the defaults, and all of it."""

from collections.abc import Iterator, Mapping
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
    searched = facts.winner.values if facts.winner else {}
    rows = [
        (path, text, "searched" if path in searched else "")
        for path, text in changed_values(facts.config, str(facts.run.best.config))
    ]
    if not rows:
        return Section("configuration", "Winning configuration", (whole,))
    intro = element("p", "Everything that is not the default of the space language.", class_="dim")
    table = grid(("key", "value", ""), rows, "what differs from the defaults")
    return Section("configuration", "Winning configuration", (intro, table, whole))


def changed_values(text: str, name: str) -> list[tuple[str, str]]:
    """Dotted paths and values that differ from the defaults; none where the file is of another version or damaged."""
    try:
        document = loads_space(text, name, allow_code=True).document
    except CnnSearchError:
        return []
    return [found for part in _PARTS for found in _changed(getattr(document, part), part)]


def _changed(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any value of a section
    if isinstance(value, Branches):
        yield path, value.kind
        yield from _changed(getattr(value, value.kind), f"{path}.{value.kind}")
    elif isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            own = getattr(value, name)
            if field.is_required() or own != field.get_default(call_default_factory=True):
                yield from _changed(own, f"{path}.{name}")
    elif isinstance(value, list | tuple) and any(isinstance(entry, Part) for entry in value):
        for place, entry in enumerate(value):
            yield from _changed(entry, f"{path}.{place}")
    else:
        yield path, visible(_in_words(plain(value)))


def _in_words(value: Any) -> str:  # noqa: ANN401 - plain values
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_in_words(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_words, value))
    return value_text(value) if isinstance(value, Scalar) else str(value)
