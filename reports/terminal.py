"""What a person reads in the terminal after a run: the ranked trials, the best one, what failed, where the files are.

All text from data and messages goes in as `Text`, so rich's markup in a class name or an exception stays plain text.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.inert import visible
from cnnsearch.reports.wording import configuration, counted, status_name, value_with_unit
from cnnsearch.search.json_file import read_object
from cnnsearch.search.ranking import Objectives, complaints_of, rank
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder

STATUS_COLOR = {
    Status.COMPLETED: "green",
    Status.STOPPED_EARLY: "green",
    Status.PRUNED: "yellow",
    Status.INFEASIBLE: "yellow",
    Status.FAILED: "red",
}


def safe(text: object, style: str = "") -> Text:
    """Text from anywhere: without markup, control characters written out."""
    return Text(visible(str(text)), style=style)


def summary(
    trials: Sequence[TrialRecord], objective: Objective | Objectives, run: RunFolder, winner: Text | None = None
) -> RenderableType:
    """Counts by status, the best trial, why the failed ones failed, and the files that exist.

    Args:
        winner: what is said of the best trial where it was confirmed.
    """
    first = next((trial.number for trial in rank(list(trials), objective)), None)
    told = (
        counts(trials),
        winner or best(trials, objective),
        *model_scores(run.best, None if winner else first),
        *mixed_data(trials),
        *infeasible(trials),
        *failures(trials),
    )
    return Group(*told, Text(), files(run))


def mixed_data(trials: Sequence[TrialRecord]) -> list[Text]:
    """A line where trials were trained on different images, whose scores are therefore not of one kind."""
    images = Counter(trial.fingerprint for trial in trials if trial.data and trial.score is not None)
    if len(images) < 2:
        return []
    shares = " and ".join(str(count) for count in images.values())
    line = f"Scores of {len(images)} data sets are mixed ({shares} trials; column data of trials.csv)."
    return [Text(line, style="yellow")]


def counts(trials: Sequence[TrialRecord]) -> Text:
    """`20 trials: 12 completed, 5 pruned, 3 failed (2 oom, 1 nan)`."""
    by_status = Counter(trial.status for trial in trials)
    line = Text(counted(len(trials), "trial"))
    for index, status in enumerate(status for status in Status if by_status[status]):
        line.append(": " if index == 0 else ", ")
        line.append(f"{by_status[status]} {status_name(status)}", style=STATUS_COLOR.get(status, ""))
        if status is Status.FAILED:
            reasons = Counter(t.reason for t in trials if t.status is Status.FAILED).most_common()
            line.append(visible(f" ({', '.join(f'{count} {reason}' for reason, count in reasons)})"))
    return line


def best(trials: Sequence[TrialRecord], objective: Objective | Objectives) -> Text:
    """The best trial with its score, epoch and configuration; says so where no trial has a score."""
    ranked = rank(list(trials), objective)
    if not ranked:
        beside = any(trial.status is Status.INFEASIBLE for trial in trials)
        why = "No trial with a score keeps to all constraints." if beside else "No trial has a score yet."
        return Text(why, style="yellow")
    winner, objectives = ranked[0], Objectives.around(objective)
    if not objectives.is_plain:
        return _best_of_several(winner, objectives)
    epoch = f" in epoch {winner.best_epoch}" if winner.best_epoch is not None else ""
    line = Text.assemble("Best: trial ", (str(winner.number), "bold"), f", {visible(objectives.epoch.metric)} ")
    line.append(f"{winner.score:.4f}", style="bold green")
    if winner.deviation is not None:
        line.append(f" +- {winner.deviation:.4f} over {len(winner.folds)} folds")
        epoch = ""
    return line.append(f"{epoch} ({visible(configuration(winner.values))})")


def _best_of_several(winner: TrialRecord, objectives: Objectives) -> Text:
    """The best trial by its first objective, with all of its objectives."""
    named = objectives.named_values(winner)
    values = ", ".join(f"{name} {value_with_unit(name, value)}" for name, value in named.items())
    line = Text.assemble("Best" if len(named) == 1 else f"Best by {objectives.names[0]}", ": trial ")
    line.append(str(winner.number), style="bold").append(", ").append(visible(values), style="bold green")
    return line.append(f" ({visible(configuration(winner.values))})")


def infeasible(trials: Sequence[TrialRecord]) -> list[Text]:
    """A line on the trials that break constraints: how many break which, and one example."""
    found = [trial for trial in trials if trial.status is Status.INFEASIBLE]
    if not found:
        return []
    broken = Counter(name for trial in found for name in complaints_of(trial))
    kinds = ", ".join(f"{count} break {name}" for name, count in broken.most_common())
    last = found[-1]
    return [safe(f"Infeasible: {kinds}; such as trial {last.number}, {last.reason}.", "yellow")]


def model_scores(folder: ModelFolder, told: int | None = None) -> list[Text]:
    """The kept model's accuracy on each part with its 95 % interval; nothing where it is not scored yet.

    Args:
        told: the trial that was named as the best one; where the model is another's, that is said.
    """
    metrics = read_object(folder.metrics)
    kept = metrics.get("trial")
    whose = "Its model" if told is None or kept in (told, None) else f"The model in best/, trial {kept}'s,"
    try:
        parts = [(name, metrics[name]) for name in ("validation", "test") if metrics[name] is not None]
        return [_part_line(whose, name, scores) for name, scores in parts]
    except (KeyError, TypeError, ValueError):
        return []


def _part_line(whose: str, name: str, scores: Mapping[str, Any]) -> Text:
    low, high = scores["interval"]
    line = Text.assemble(f"{whose} on the {name} part: accuracy ", (f"{scores['accuracy']:.4f}", "bold"))
    line.append(f" (95 %: {low:.4f} to {high:.4f}, {scores['images']} images)")
    return line if name == "test" else line.append(", which chose it: optimistic")


def failures(trials: Sequence[TrialRecord], limit: int = 5) -> list[Text]:
    """One line for each of the first failed trials: its number, why, and its message."""
    failed = sorted((t for t in trials if t.status is Status.FAILED), key=lambda t: t.number)
    lines = [
        safe(f"Trial {t.number} failed: {t.reason}{f', {t.message}' if t.message else ''}", "red")
        for t in failed[:limit]
    ]
    if len(failed) > limit:
        lines.append(Text(f"{len(failed) - limit} more failed: trials.csv", style="red"))
    return lines


def files(run: RunFolder) -> Table:
    """The files a person looks for next, as far as they exist."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    rows: list[tuple[str, Path]] = [
        ("all in one page", run.page),
        ("its pictures", run.pictures),
        ("all trials", run.trials_table),
        ("all epochs", run.history_table),
        ("all retrainings", run.confirmation_table),
        ("best model", run.best.model),
        ("its configuration", run.best.config),
        ("its scores", run.best.metrics),
        ("its confusion matrix", run.best.confusion_matrix),
        ("TensorBoard logs", run.tensorboard),
    ]
    for name, path in rows:
        if path.exists():
            table.add_row(name, safe(path, "cyan"))
    return table
