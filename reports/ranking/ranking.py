"""The trials of one or several runs as one table of raw values, with stable names for its columns."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cnnsearch.reports.columns import metric_columns, parameter_columns
from cnnsearch.reports.intervals import Interval, score_interval
from cnnsearch.search.confirmed import Confirmation, Confirmed
from cnnsearch.search.ranking import Objectives, front_of, places
from cnnsearch.search.records import TrialRecord
from cnnsearch.spaces.errors import CnnSearchError, Problem

Value = str | int | float | bool | None
"""A cell; None where the trial has no such value: a parameter of another branch, a score that it never got."""
FACTS = ("run", "rank", "trial", "status", "reason", "score", "low", "high", "interval")
"""The first columns: `low` and `high` are the ends of the score's 95 % interval, `interval` what it allows for."""
_OPTIONAL = ("seeds", "mean", "mean_low", "mean_high", "front", "fidelity")
_COSTS = ("epochs", "seconds", "parameters")
_MEASURES = ("latency", "model_size")


@dataclass(frozen=True)
class RankedRun:
    """A run, as far as a ranking needs it.

    Attributes:
        name: what the column `run` says.
        trials: all of them.
        objectives: what they are ranked by.
        images: how many images each score is of, by the fingerprint of the data.
        confirmation: what the retrainings of the best came to, where there are any.
    """

    name: str
    trials: Sequence[TrialRecord]
    objectives: Objectives
    images: Mapping[str, int] = field(default_factory=dict)
    confirmation: Confirmation | None = None


@dataclass(frozen=True)
class Line:
    """A trial in the table.

    Attributes:
        run: the name of its run.
        rank: its place, which trials as good as each other share; None without a score.
        trial: the trial.
        values: its raw values by column; a column that is absent here is blank.
        on_front: whether it is on the Pareto front of all trials; of none where one metric is all they are ranked by.
    """

    run: str
    rank: int | None
    trial: TrialRecord
    values: Mapping[str, Value]
    on_front: bool = False


@dataclass(frozen=True)
class Ranking:
    """A table of trials.

    Attributes:
        lines: the best first, at the end those without a score.
        columns: what every line may have a value of, in their order.
        parameters: those of the columns that are parameters: dotted paths, or `hp.epochs` for one that has a fact's
            name.
        metrics: those that are metrics of the best epoch.
        objectives: what the ranks are by; of several runs with different ones, the first run's.
        runs: the names of the runs.
        front: how many trials are on the Pareto front, whichever of them the lines are.
    """

    lines: tuple[Line, ...]
    columns: tuple[str, ...]
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    objectives: Objectives
    runs: tuple[str, ...]
    front: int = 0


def ranking_of(runs: Sequence[RankedRun]) -> Ranking:
    """The trials of all runs in one table.

    Raises:
        CnnSearchError: the runs are ranked by different things.
    """
    objectives = runs[0].objectives
    _check_alike(runs)
    pairs = [(run, trial) for run in runs for trial in run.trials]
    trials = [trial for _, trial in pairs]
    metrics = metric_columns(trials)
    parameters = parameter_columns([trial for run in runs for trial in _by_number(run)], metrics.values())
    front = set() if objectives.is_plain else {id(trial) for trial in front_of(trials, objectives)}
    confirmed = {run.name: _confirmed(run.confirmation) for run in runs}
    lines = [
        Line(
            run.name,
            rank,
            trial,
            _searched(trial, parameters, metrics)
            | _values(run, rank, trial, confirmed[run.name].get(trial.number))
            | _of_front(trial, objectives, id(trial) in front),
            id(trial) in front,
        )
        for (run, trial), rank in zip(pairs, places(trials, objectives), strict=True)
    ]
    lines.sort(key=_order)
    columns = (*_known(lines), *metrics.values(), *parameters.values())
    names = tuple(run.name for run in runs)
    drawn, logged = tuple(parameters.values()), tuple(metrics.values())
    return Ranking(tuple(lines), columns, drawn, logged, objectives, names, sum(line.on_front for line in lines))


def _known(lines: Sequence[Line]) -> tuple[str, ...]:
    """The facts that stand in every table, and those of the others that a line has."""
    known = {name for line in lines for name, value in line.values.items() if value is not None}
    optional = [name for name in _OPTIONAL if name in known]
    return (*FACTS, *optional, *_COSTS, *(name for name in _MEASURES if name in known))


def _check_alike(runs: Sequence[RankedRun]) -> None:
    asked = {run.objectives.all: run for run in reversed(runs)}
    if len(asked) > 1:
        told = " and ".join(f"{' and '.join(r.objectives.names)} ({r.name})" for r in reversed(asked.values()))
        rule = f"runs in one ranking must have one objective, got {told}."
        raise CnnSearchError(str(Problem("RUN", rule, "Report each of them alone, or cnnsearch compare two.")))


def _by_number(run: RankedRun) -> Iterable[TrialRecord]:
    return sorted(run.trials, key=lambda trial: trial.number)


def _order(line: Line) -> tuple[bool, int, int]:
    """Of equally good trials the smaller model comes first; those without a score stand at the end, by number."""
    if line.rank is None:
        return True, 0, line.trial.number
    return False, line.rank, line.trial.parameters or 0


def _confirmed(found: Confirmation | None) -> dict[int, Confirmed]:
    shown = found is not None and found.state in ("running", "done")
    return {each.chosen.trial: each for each in found.ranked} if found and shown else {}


def _values(run: RankedRun, rank: int | None, trial: TrialRecord, confirmed: Confirmed | None) -> dict[str, Value]:
    images = run.images.get(trial.fingerprint)
    return {
        "run": run.name,
        "rank": rank,
        "trial": trial.number,
        "status": trial.status.value,
        "reason": trial.reason,
        "score": trial.score,
        **_interval(score_interval(trial, run.objectives.epoch.metric, images)),
        **_of_seeds(confirmed),
        "fidelity": trial.rung.fidelity if trial.rung else None,
        "epochs": len(trial.epochs),
        "seconds": trial.seconds,
        "parameters": trial.parameters,
        "latency": trial.latency,
        "model_size": trial.model_size,
    }


def _searched(trial: TrialRecord, parameters: Mapping[str, str], metrics: Mapping[str, str]) -> dict[str, Value]:
    """What was drawn and what came of it, by column."""
    logged = {metrics[name]: value for name, value in trial.best_metrics.items() if math.isfinite(value)}
    return {parameters[path]: value for path, value in trial.values.items()} | logged


def _of_front(trial: TrialRecord, objectives: Objectives, on_front: bool) -> dict[str, Value]:
    """1 on the Pareto front of several objectives, 0 for the others that are ranked: as `trials.csv` has it."""
    return {"front": int(on_front)} if len(objectives.all) > 1 and trial.objective_values else {}


def _interval(found: Interval | None) -> dict[str, Value]:
    return {"low": found.low, "high": found.high, "interval": found.of} if found else {}


def _of_seeds(confirmed: Confirmed | None) -> dict[str, Value]:
    """The mean over new seeds with its 95 % interval, which a single one does not have."""
    if confirmed is None:
        return {}
    mean, error = confirmed.mean, confirmed.error
    ends: dict[str, Value] = {} if error is None else {"mean_low": mean - error, "mean_high": mean + error}
    return {"seeds": len(confirmed.retrained), "mean": mean, **ends}
