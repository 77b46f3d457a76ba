"""The tidy tables of a run: one line for each trial, and one line for each epoch of each trial."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.reports.columns import metric_columns, parameter_columns
from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.history_file import place_of, places_of
from cnnsearch.search.ranking import Objectives, front_of, rank
from cnnsearch.search.records import Epoch, Objective, TrialRecord

_TRIAL = ("trial", "status", "reason", "score", "epochs", "seconds", "parameters")
_RUNGS = ("rung", "fidelity")
_FOLDS = ("score_deviation", "fold_scores")


def in_order(trials: Sequence[TrialRecord], objective: Objective | Objectives) -> list[TrialRecord]:
    """All trials: the scored ones best first, then the others by number."""
    ranked = rank(list(trials), objective)
    scored = {trial.number for trial in ranked}
    return ranked + sorted((t for t in trials if t.number not in scored), key=lambda t: t.number)


@dataclass(frozen=True)
class TrialsTable:
    """What `trials.csv` holds, and the page's leaderboard.

    Attributes:
        columns: names, none of them twice.
        metrics: those of them that are metrics of a trial's best epoch.
        parameters: those of them that are parameters: dotted paths, or `hp.epochs` for one that has a fact's name.
        rows: one for each trial, in the order of `in_order`; None where a trial has no such value.
    """

    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    parameters: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def trials_table(trials: Sequence[TrialRecord], objective: Objective | Objectives) -> TrialsTable:
    """All trials: the trial, the metrics of its best epoch, and its parameters by dotted path.

    Times are seconds. The last column is the stamp of the images that a trial was trained on; before it stand
    `precision` and `jit`, what the device was asked for; with rungs, `rung` and `fidelity` of the highest one, which
    the score is of; with folds, `score_deviation` and `fold_scores`; and where memory was too small for some batches,
    `reduced_batch`, the images that went through the network at once.
    With several objectives `front` is 1 for the trials of the Pareto front, and 0 for the others that are ranked; what
    is ranked or limited beside metrics and parameters has a column, too: `latency` in seconds, `model_size` in bytes.
    """
    objectives = Objectives.around(objective)
    rungs = any(trial.rung for trial in trials)
    folds = any(trial.folds for trial in trials)
    reduced = ["reduced_batch"] if any(trial.reduced_batch for trial in trials) else []
    climbed, folded = _RUNGS if rungs else (), _FOLDS if folds else ()
    run_as = ["precision", "jit"] if any(trial.precision for trial in trials) else []
    data = ["data"] if any(trial.data for trial in trials) else []
    front = {trial.number for trial in front_of(trials, objectives)} if len(objectives.all) > 1 else set()
    asked = {*objectives.names, *(limit.name for limit in objectives.limits)}
    more = ["front"] * (len(objectives.all) > 1) + [name for name in ("latency", "model_size") if name in asked]
    best = {trial.number: trial.best_metrics for trial in trials}
    metrics = metric_columns(trials)
    paths = parameter_columns(sorted(trials, key=lambda t: t.number), metrics.values())
    rows = (
        (
            *_facts(t),
            *(_more(t, name, front) for name in more),
            *map(best[t.number].get, metrics),
            *map(t.values.get, paths),
            *_of_rungs(t, rungs),
            *_of_folds(t, folds),
            *(t.reduced_batch for _ in reduced),
            *((t.precision, t.jit) if run_as else ()),
            *(t.data for _ in data),
        )
        for t in in_order(trials, objective)
    )
    names, drawn = tuple(metrics.values()), tuple(paths.values())
    columns = (*_TRIAL, *more, *names, *drawn, *climbed, *folded, *reduced, *run_as, *data)
    return TrialsTable(columns, names, drawn, tuple(rows))


def write_trials_table(path: Path, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> None:
    """Write `trials.csv`: `trials_table`, where a metric or parameter that a trial does not have is an empty cell."""
    table = trials_table(trials, objective)
    write_rows(path, table.columns, table.rows)


def _more(trial: TrialRecord, name: str, front: Set[int]) -> object:
    """A cell that only some searches have."""
    if name == "front":
        return int(trial.number in front) if trial.objective_values else None
    return trial.value(name)


def _of_rungs(trial: TrialRecord, rungs: bool) -> list[object]:
    if not rungs:
        return []
    return [trial.rung.number, trial.rung.fidelity] if trial.rung else [None, None]


def _of_folds(trial: TrialRecord, folds: bool) -> list[object]:
    return [trial.deviation, " ".join(map(str, trial.fold_scores))] if folds else []


def _facts(trial: TrialRecord) -> list[object]:
    return [
        trial.number,
        trial.status.value,
        trial.reason,
        trial.score,
        len(trial.epochs),
        trial.seconds,
        trial.parameters,
    ]


def write_history_table(path: Path, trials: Sequence[TrialRecord]) -> None:
    """Write `history.csv`: every finished epoch, on its rung and in its fold if there are any, with its metrics and its
    seconds."""
    by_number = sorted(trials, key=lambda t: t.number)
    metrics = sorted({name for trial in trials for epoch in trial.epochs for name in epoch.metrics})
    places = places_of([epoch for trial in trials for epoch in trial.epochs])
    write_rows(
        path,
        ["trial", *places, "epoch", *metrics, "seconds"],
        (_line(trial.number, epoch, places, metrics) for trial in by_number for epoch in trial.epochs),
        texts=bool(places),
    )


def _line(trial: int, epoch: Epoch, places: Sequence[str], metrics: Sequence[str]) -> list[object]:
    return [trial, *place_of(epoch, places), epoch.number, *map(epoch.metrics.get, metrics), epoch.seconds]
