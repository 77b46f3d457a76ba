"""Which columns a person means by a word, and what is said where none or several are meant."""

from collections.abc import Sequence

from cnnsearch.reports.ranking.ranking import Ranking
from cnnsearch.reports.vocabulary import Meaning, group_headings, loose, meanings, name_of, vocabulary
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.nearest import nearest


def columns_of(ranking: Ranking, word: str, option: str) -> Meaning:
    """The column that a word names, or the entries of blocks that stand together.

    Args:
        option: where it was written, such as `--where`.

    Raises:
        CnnSearchError: no column has this name, or several parameters end with it.
    """
    known = vocabulary(ranking.columns, ranking.metrics, ranking.parameters)
    found = meanings(known, word)
    if len(found) == 1:
        return found[0]
    if found:
        logged = [f"metric.{word}"] if word in ranking.metrics else []
        rule = f"the end of a parameter's path must be that of one parameter, got {word!r}."
        raise CnnSearchError(str(Problem(option, rule, f"Write {either([*map(name_of, found), *logged])}.")))
    rule = f"a column or a parameter is needed, got {word!r}."
    raise CnnSearchError(str(Problem(option, rule, _advice(ranking, word))))


def told_name(ranking: Ranking, columns: Meaning) -> str:
    """What columns are called; `metric.learning_rate` where the name alone means a parameter."""
    name = name_of(columns)
    known = vocabulary(ranking.columns, ranking.metrics, ranking.parameters)
    return f"metric.{name}" if name in ranking.metrics and meanings(known, name) != [columns] else name


def either(names: Sequence[str]) -> str:
    """`a, b or c`."""
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _advice(ranking: Ranking, word: str) -> str:
    known = list(dict.fromkeys([*ranking.columns, *(path.rpartition(".")[2] for path in ranking.parameters)]))
    known += [name for name in group_headings(ranking.parameters).values() if loose(name) not in known]
    known = [name for name in known if not name.isdecimal()]
    return nearest(word, known).strip() or f"There are {', '.join(ranking.columns)}."
