"""Axes for values of objectives and for costs: their units, and by factors where they differ much."""

from collections.abc import Sequence

from cnnsearch.reports.charts.frame import Axis
from cnnsearch.reports.charts.results import scale_of
from cnnsearch.reports.charts.scales import duration_over, finite, linear_over, log_over
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.spaces.sections.objectives import MEASURES

_FACTOR = 20
"""Costs that differ by so much are drawn by factors."""
_TITLES = {
    "parameters": "parameters (weights)",
    "latency": "latency (ms for one image)",
    "model_size": "model size (MB)",
    "seconds": "seconds of training",
}
_UNITS = {"latency": 1e3, "model_size": 1e-6}


def measure(trial: TrialRecord, name: str) -> float | None:
    """A trial's finite value of a metric or a cost in the unit of its axis: ms, MB; None without one."""
    found = next(iter(finite([trial.seconds])), None) if name == "seconds" else trial.value(name)
    return None if found is None else found * _UNITS.get(name, 1.0)


def axis_of(name: str, values: Sequence[float]) -> Axis:
    """An axis for such values."""
    title = _TITLES.get(name, name)
    if name not in _TITLES and name not in MEASURES:
        return Axis(scale_of(values, Objective.of(name)), title)
    if min(values, default=1.0) > 0 and max(values, default=1.0) / min(values, default=1.0) >= _FACTOR:
        return Axis(log_over(values), title)
    if name == "seconds":
        return Axis(duration_over(values), "time of training")
    return Axis(linear_over(values, least=0.0), title)
