"""Which columns a person means by a word: their names, their headings, the ends of parameters' paths.

The terminal and the page ask the same words, so that a condition keeps the same trials in both.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from cnnsearch.reports.columns import HEADINGS, TAKEN
from cnnsearch.reports.wording import short_names, without_indices

Meaning = tuple[str, ...]
"""A column, or the entries of blocks that stand together under one heading, such as `filters`."""
Vocabulary = Mapping[str, Sequence[Meaning]]
"""What each word may mean; of several meanings a person must name one."""


def vocabulary(columns: Iterable[str], metrics: Collection[str], parameters: Sequence[str]) -> Vocabulary:
    """All words for the columns of a table.

    Facts of every trial come before parameters, and these before metrics: a learning rate is the one that was drawn,
    while `metric.learning_rate` is the one that was logged.
    """
    others = {*metrics, *parameters}
    facts = {column: column for column in columns if column not in others}
    headings = {HEADINGS[column]: column for column in facts if column in HEADINGS}
    found: dict[str, Sequence[Meaning]] = {}
    for words in (facts, {path: path for path in parameters}, headings):
        found |= {word: [(column,)] for word, column in words.items() if word not in found}
    for drawn in (_headings(parameters), _ends(parameters)):
        found |= {word: meant for word, meant in drawn.items() if word not in found}
    found |= {f"metric.{column.removeprefix('metric.')}": [(column,)] for column in metrics}
    found |= {column: [(column,)] for column in metrics if column not in found}
    return _loosely(found) | found


def meanings(known: Vocabulary, word: str) -> Sequence[Meaning]:
    """What a word may mean: as it is written, else without regard to capitals, and with `-` or spaces for `_`."""
    return known.get(word) or known.get(loose(word), ())


def loose(word: str) -> str:
    """A word as it is compared where nothing is called exactly so."""
    return re.sub(r"[\s-]+", "_", word.lower())


def name_of(meaning: Meaning) -> str:
    """What a meaning is called: the column, or for the entries of blocks their path without a number."""
    return meaning[0] if len(meaning) == 1 else without_indices(meaning[0])


def groups_of(parameters: Iterable[str]) -> dict[str, list[str]]:
    """The parameters by their paths without the numbers of blocks, in their order."""
    groups: dict[str, list[str]] = {}
    for path in parameters:
        groups.setdefault(without_indices(path), []).append(path)
    return groups


def group_headings(parameters: Iterable[str]) -> dict[str, str]:
    """The heading of each group of parameters."""
    return short_names(list(groups_of(parameters)), TAKEN)


def _headings(parameters: Sequence[str]) -> dict[str, Sequence[Meaning]]:
    """Those of single parameters, which the page has, and of groups, which the terminal has."""
    single = {short: [(path,)] for path, short in short_names(parameters, TAKEN).items()}
    groups, names = groups_of(parameters), group_headings(parameters)
    return single | {names[group]: [tuple(paths)] for group, paths in groups.items()}


def _ends(parameters: Sequence[str]) -> dict[str, Sequence[Meaning]]:
    found: dict[str, list[Meaning]] = {}
    for group, paths in groups_of(parameters).items():
        for end in _ends_of(group, whole=True):
            found.setdefault(end, []).append(tuple(paths))
    single: dict[str, list[Meaning]] = {}
    for path in parameters:
        for end in _ends_of(path, whole=False):
            single.setdefault(end, []).append((path,))
    return {**single, **found}


def _ends_of(path: str, *, whole: bool) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[start:]) for start in range(0 if whole else 1, len(parts))]


def _loosely(known: Vocabulary) -> dict[str, Sequence[Meaning]]:
    found: dict[str, dict[Meaning, None]] = {}
    for word, meant in known.items():
        found.setdefault(loose(word), {}).update(dict.fromkeys(meant))
    return {word: list(meant) for word, meant in found.items()}
