"""What the columns of trials are called: no name stands twice, and no heading is another column's name."""

from collections.abc import Collection, Iterable

from cnnsearch.search.records import TrialRecord

HEADINGS = {
    "rank": "#",
    "low": "95 %",
    "mean": "new seeds",
    "seconds": "time",
    "parameters": "weights",
    "status": "ended",
    "score_deviation": "deviation",
}
"""The columns that a person reads under another name."""
_FACTS = (
    *("run", "rank", "trial", "status", "reason", "score", "low", "high", "interval"),
    *("seeds", "mean", "mean_low", "mean_high", "front", "rung", "fidelity", "epochs", "seconds", "parameters"),
    *("latency", "model_size", "score_deviation", "fold_scores", "reduced_batch", "precision", "jit", "data"),
)
TAKEN = frozenset((*_FACTS, *HEADINGS.values(), *(name.replace("_", " ") for name in _FACTS)))
"""What no metric and no parameter is called in any table: neither in its name nor in its heading."""


def metric_column(metric: str) -> str:
    """The column of a metric: its name, or `metric.score` where a fact of every trial has that name."""
    return f"metric.{metric}" if metric in TAKEN else metric


def metric_columns(trials: Iterable[TrialRecord]) -> dict[str, str]:
    """The column of each metric of a best epoch, by the metric."""
    return {name: metric_column(name) for name in sorted({name for trial in trials for name in trial.best_metrics})}


def parameter_columns(trials: Iterable[TrialRecord], metrics: Collection[str]) -> dict[str, str]:
    """The column of each parameter by its path: the path, or `hp.epochs` where something else has that name.

    Paths of a space have several parts and are free; a HyperModel may call its values what it likes.

    Args:
        trials: in the order that the columns shall have.
        metrics: the columns of the metrics.
    """
    paths = dict.fromkeys(name for trial in trials for name in trial.values)
    found: dict[str, str] = {}
    for path in paths:
        column = path
        while column in TAKEN or column in metrics or (column != path and column in paths):
            column = f"hp.{column}"
        found[path] = column
    return found
