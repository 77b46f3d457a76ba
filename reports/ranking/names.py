"""Which column a person means: its whole name, the unambiguous end of a parameter's path, or the name in the table."""

from collections.abc import Sequence

from cnnsearch.reports.ranking.ranking import Ranking
from cnnsearch.reports.wording import short_names
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.nearest import nearest


def column_of(ranking: Ranking, word: str, option: str) -> str:
    """The column that a word names.

    Args:
        option: where it was written, such as `--where`.

    Raises:
        CnnSearchError: no column has this name, or several parameters end with it.
    """
    if word in ranking.columns:
        return word
    found = [path for path in ranking.parameters if path.endswith(f".{word}")]
    found = found or [path for path, short in short_names(ranking.parameters).items() if short == word]
    if len(found) == 1:
        return found[0]
    if found:
        rule = f"the end of a parameter's path must be that of one parameter, got {word!r}."
        raise CnnSearchError(str(Problem(option, rule, f"Write {_or(found)}.")))
    rule = f"a column or a parameter is needed, got {word!r}."
    raise CnnSearchError(str(Problem(option, rule, _advice(ranking, word))))


def _advice(ranking: Ranking, word: str) -> str:
    known = list(dict.fromkeys([*ranking.columns, *(path.rpartition(".")[2] for path in ranking.parameters)]))
    known = [name for name in known if not name.isdecimal()]
    return nearest(word, known).strip() or f"There are {', '.join(ranking.columns)}."


def _or(names: Sequence[str]) -> str:
    return " or ".join((", ".join(names[:-1]), names[-1]))
