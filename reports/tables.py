"""The tidy tables of a run: one line for each trial, and one line for each epoch of each trial."""

from collections.abc import Sequence
from pathlib import Path

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.records import Epoch, Objective, TrialRecord, rank

_TRIAL = ("trial", "status", "reason", "score", "epochs", "seconds", "parameters")


def in_order(trials: Sequence[TrialRecord], objective: Objective) -> list[TrialRecord]:
    """All trials: the scored ones best first, then the others by number."""
    ranked = rank(list(trials), objective)
    scored = {trial.number for trial in ranked}
    return ranked + sorted((t for t in trials if t.number not in scored), key=lambda t: t.number)


def write_trials_table(path: Path, trials: Sequence[TrialRecord], objective: Objective) -> None:
    """Write `trials.csv`: the trial, the metrics of its best epoch, and its parameters by dotted path.

    A metric or parameter that a trial does not have is an empty cell. Times are seconds.
    """
    metrics = sorted({name for trial in trials for name in trial.best_metrics})
    by_number = sorted(trials, key=lambda t: t.number)
    paths = list(dict.fromkeys(name for trial in by_number for name in trial.values))
    write_rows(
        path,
        [*_TRIAL, *metrics, *paths],
        (
            [*_facts(t), *map(t.best_metrics.get, metrics), *map(t.values.get, paths)]
            for t in in_order(trials, objective)
        ),
    )


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
    """Write `history.csv`: every finished epoch with its metrics and its wall time in seconds."""
    by_number = sorted(trials, key=lambda t: t.number)
    metrics = sorted({name for trial in trials for epoch in trial.epochs for name in epoch.metrics})
    write_rows(
        path,
        ["trial", "epoch", *metrics, "seconds"],
        (_line(trial.number, epoch, metrics) for trial in by_number for epoch in trial.epochs),
    )


def _line(trial: int, epoch: Epoch, metrics: Sequence[str]) -> list[object]:
    return [trial, epoch.number, *map(epoch.metrics.get, metrics), epoch.seconds]
