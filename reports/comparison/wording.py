"""What a comparison says, in sentences: the terminal and the page say the same."""

from collections.abc import Sequence
from typing import Any

from cnnsearch.reports.comparison.comparison import Comparison, PartCompared, Score
from cnnsearch.reports.comparison.mcnemar import McNemar
from cnnsearch.reports.comparison.sides import Side
from cnnsearch.reports.intervals import score_interval
from cnnsearch.reports.wording import count_text, ending, time_text, value_text

Row = tuple[str, str, str]


def parameter_rows(comparison: Comparison) -> list[Row]:
    """Name, and what either side has there."""
    return [(each.name, _value(each.first), _value(each.second)) for each in comparison.parameters or ()]


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value in words: numbers with four digits, lists as the space file writes them."""
    if value is None:
        return "-"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else value_text(value)


def parameters_told(comparison: Comparison) -> str:
    """What there is to say in place of the rows; empty where there are some."""
    if comparison.parameters is None:
        absent = [side.name for side in comparison.sides if not side.config.is_file()]
        return f"{' and '.join(absent)}: no config.yaml is left, so nobody knows what differs."
    return "" if comparison.parameters else "They have the same parameters; only their seeds may differ."


def score_rows(comparison: Comparison) -> list[Row]:
    """What is measured, and what came out on either side; rows that neither side knows are left out."""
    first, second = comparison.sides
    rows = [
        (_objective(comparison.sides), _search_score(first), _search_score(second)),
        *((f"{part} accuracy", *map(_accuracy, pair)) for part, pair in comparison.scores.items()),
        ("epochs", *(str(len(side.epochs)) if side.epochs else "-" for side in comparison.sides)),
        ("time", *(time_text(side.trial.seconds) if side.trial else "-" for side in comparison.sides)),
        ("weights", *(count_text(side.trial.parameters) if side.trial else "-" for side in comparison.sides)),
        ("ended", *(ending(side.trial) if side.trial else "-" for side in comparison.sides)),
    ]
    return [(name, one, other) for name, one, other in rows if (one, other) != ("-", "-")]


def _objective(sides: Sequence[Side]) -> str:
    names = dict.fromkeys(side.objectives.epoch.metric for side in sides if side.objectives)
    return f"{' or '.join(names)} in the search"


def _search_score(side: Side) -> str:
    if side.trial is None or side.trial.score is None or side.objectives is None:
        return "-"
    interval = score_interval(side.trial, side.objectives.epoch.metric, side.images)
    return f"{side.trial.score:.4f}" + (f" ({interval.low:.4f} to {interval.high:.4f})" if interval else "")


def _accuracy(score: Score | None) -> str:
    return "-" if score is None else f"{score.accuracy:.4f} ({score.low:.4f} to {score.high:.4f})"


def part_told(part: PartCompared, first: str, second: str) -> list[str]:
    """What both get right, what only one does, and what McNemar's test says of it."""
    test = part.test
    counted = (
        f"Of {part.images} {part.part} images both get {part.both} right and neither {part.neither}; "
        f"only {first} gets {test.only_first} right, only {second} {test.only_second}."
    )
    optimistic = "" if part.part == "test" else " These images chose the models, so the difference is optimistic."
    return [counted, f"{verdict(test, first, second)}{optimistic}"]


def verdict(test: McNemar, first: str, second: str) -> str:
    """The test in words: `A is better than B: ... (McNemar's test, exact binomial: p = 0.012).`"""
    how = f"McNemar's test, {test.method}: {_p(test.p)}"
    if not test.only_first + test.only_second:
        return "They get the same images right: nothing tells them apart."
    if not test.is_significant:
        return f"That is too little to call one better: equally good models often differ as much ({how})."
    better, worse = (first, second) if test.only_first > test.only_second else (second, first)
    return f"{better} is better than {worse}: equally good models seldom differ as much ({how})."


def _p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def missing_told(comparison: Comparison) -> list[str]:
    """Why images cannot be compared, and what to do; nothing where they are."""
    if comparison.parts:
        return []
    lines = [f"{side.name}: {side.missing}." for side in comparison.sides if side.predictions is None]
    return lines or ["They have no predictions of the same images: they were trained on different data or splits."]
