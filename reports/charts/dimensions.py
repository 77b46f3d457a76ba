"""The parameters of a study as axes: those of its space that trials have values of, with where each value lies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.scales import Categories, Scale, linear_over, log_over, number
from cnnsearch.reports.wording import short_names, value_text
from cnnsearch.search.records import TrialRecord
from cnnsearch.spaces.parameters import Condition
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label, options_of

_LOG_FACTOR = 100
"""Positive numbers that differ by so much are drawn by factors, where no space says how."""


@dataclass(frozen=True)
class Dimension:
    """A parameter that varies.

    Attributes:
        name: its dotted path.
        title: its shortest name that no other has.
        domain: what it may be, with all that was tried.
        conditions: when it exists; none where that is always, or not known.
    """

    name: str
    title: str
    domain: Domain
    conditions: tuple[Condition, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers of a range."""
        return isinstance(self.domain, IntRange | FloatRange)

    @property
    def scale(self) -> Scale:
        """An axis for it, logarithmic where the space draws it so."""
        match self.domain:
            case IntRange(low, high, scale="log") | FloatRange(low, high, scale="log"):
                return log_over((low, high))
            case IntRange(low, high):
                return linear_over((low, high), whole=True)
            case FloatRange(low, high):
                return linear_over((low, high))
        return Categories(tuple(label(option) for option in options_of(self.domain)))

    def active(self, trials: Iterable[TrialRecord]) -> list[TrialRecord]:
        """The trials that have a value of it."""
        return [trial for trial in trials if self.name in trial.values]


def dimensions(results: Results) -> tuple[Dimension, ...]:
    """The parameters with more than one value, in the order of the space."""
    tried: dict[str, dict[Scalar, None]] = {}
    for trial in results.trials:
        for name, value in trial.values.items():
            tried.setdefault(name, {})[value] = None
    known = {parameter.name: parameter for parameter in results.parameters}
    names = [name for name in known if name in tried] + [name for name in tried if name not in known]
    titles = short_names(names)
    found = []
    for name in names:
        domain = _domain(known[name].domain if name in known else None, list(tried[name]))
        conditions = known[name].conditions if name in known else ()
        if _varies(domain):
            found.append(Dimension(name, titles[name], domain, conditions))
    return tuple(found)


def _varies(domain: Domain) -> bool:
    options = options_of(domain)
    return len(options) > 1 and not (isinstance(domain, IntRange | FloatRange) and domain.low == domain.high)


def _domain(known: Domain | None, tried: Sequence[Scalar]) -> Domain:
    """A domain that holds all that was tried: a run may go on with a space whose ranges are others."""
    match known:
        case None:
            return _guessed(tried)
        case Choice() | Branch():
            options = {value_text(label(option)): label(option) for option in options_of(known)}
            return Choice(tuple({**options, **{value_text(value): value for value in tried}}.values()))
    if not all(_is_number(value) for value in tried):
        return Choice(tuple(tried))
    values = [number(value) for value in tried]
    low, high = min(known.low, *values), max(known.high, *values)
    scale = known.scale if low > 0 else "linear"  # a space before this one may have had 0
    if isinstance(known, IntRange):
        return IntRange(round(low), round(high), known.step, scale)
    return FloatRange(low, high, known.step, scale)


def _guessed(tried: Sequence[Scalar]) -> Domain:
    """The domain of values whose space is not known."""
    if not all(_is_number(value) for value in tried):
        return Choice(tuple({value_text(value): value for value in tried}.values()))
    values = [number(value) for value in tried]
    low, high = min(values), max(values)
    if all(isinstance(value, int) for value in tried):
        return IntRange(round(low), round(high))
    return FloatRange(low, high, scale="log" if low > 0 and high / low >= _LOG_FACTOR else "linear")


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
