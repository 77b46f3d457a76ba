"""What confirming came to: the table that a person reads after a run, and `confirm.csv`."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.inert import visible
from cnnsearch.reports.terminal import safe
from cnnsearch.reports.wording import configuration
from cnnsearch.search.confirmed import Confirmation, Confirmed
from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.records import TrialRecord

_SHOWN = ("running", "done")


def confirmation_text(found: Confirmation | None) -> RenderableType | None:
    """The table of confirmed trials with what it means; None where nothing is confirmed."""
    if found is None or found.state not in _SHOWN or not found.counted:
        return None
    lines = [*_means(found), *_optimism(found), *_images(found), *_failed(found)]
    return Group(_table(found), *lines)


def _table(found: Confirmation) -> Table:
    so_far = "" if found.is_done else ", so far"
    title = safe(f"The best {len(found.chosen)} trained again with new seeds{so_far}, by their mean", "bold")
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.header_style = "dim"
    for name in ("#", "trial", "search's score", "mean of new seeds", "seeds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("their scores", overflow="fold")
    for place, each in enumerate(found.ranked, start=1):
        table.add_row(*_cells(place, each), style="bold" if place == 1 and found.is_done else "")
    return table


def _cells(place: int, each: Confirmed) -> list[str]:
    chosen, scores = each.chosen, " ".join(f"{score:.4f}" for score in each.scores)
    return [str(place), str(chosen.trial), f"{chosen.score:.4f}", mean_text(each), str(len(each.scores)), scores]


def mean_text(each: Confirmed) -> str:
    """`0.9123 +- 0.0101`, the mean with half of its 95 % interval; without it for a single seed."""
    return f"{each.mean:.4f}" if each.error is None else f"{each.mean:.4f} +- {each.error:.4f}"


def _means(found: Confirmation) -> list[Text]:
    told = any(each.error is not None for each in found.ranked)
    return [Text("+-: 95 % interval of the mean over seeds, by Student's t.", style="dim")] if told else []


def _optimism(found: Confirmation) -> list[Text]:
    """By how much the search's scores were too good."""
    first, mean = found.optimism()
    if mean is None:
        return []
    compared = sum(each.chosen.comparable for each in found.ranked)
    line = Text("The search's score was too good by ")
    if first is not None:
        line.append(f"{first:+.4f}", style="bold").append(" for its best trial")
    if first is not None and compared > 1:
        line.append(", ")
    if first is None or compared > 1:
        line.append(f"{mean:+.4f}", style="bold").append(f" on average of {compared}")
    return [line.append(".")]


def _images(found: Confirmation) -> list[Text]:
    error = found.image_error
    if error is None:
        return []
    told = f"{found.images} validation images leave a mean open by {error:.4f} more (one standard error)."
    return [Text(f"{told} All seeds saw the same.", style="dim")]


def _failed(found: Confirmation) -> list[Text]:
    return [
        safe(f"Trial {r.trial} with new seed {r.turn} failed: {r.reason}{f', {r.message}' if r.message else ''}", "red")
        for r in found.failed
    ]


def winner_text(found: Confirmation | None, trials: Sequence[TrialRecord]) -> Text | None:
    """The confirmed winner in one line; None where there is none."""
    winner = found.winner if found else None
    if found is None or winner is None:
        return None
    values = next((trial.values for trial in trials if trial.number == winner.chosen.trial), {})
    line = Text.assemble("Best: trial ", (str(winner.chosen.trial), "bold"), f", {visible(found.objective.metric)} ")
    line.append(mean_text(winner), style="bold green")
    seeds = "1 new seed" if len(winner.scores) == 1 else f"{len(winner.scores)} new seeds, whose median model is kept"
    return line.append(f" over {seeds} ({visible(configuration(values))})")


def write_confirmation_table(path: Path, found: Confirmation) -> None:
    """Write `confirm.csv`: every retraining of the confirmed trials, in the order of their means.

    Columns: trial, retraining (from 1), search_score, seed, score, epoch (its best), epochs, seconds, reason, message
    (a failure's), data (the stamp of its images). One that failed has no score.
    """
    places = {each.chosen.trial: place for place, each in enumerate(found.ranked)}
    searched = {each.trial: each.score for each in found.chosen}
    retrained = sorted(found.counted, key=lambda each: places.get(each.trial, len(places)))
    facts = ("seed", "score", "epoch", "epochs", "seconds", "reason", "message", "data")
    write_rows(
        path,
        ["trial", "retraining", "search_score", *facts],
        ([each.trial, each.turn, searched[each.trial], *(getattr(each, fact) for fact in facts)] for each in retrained),
    )
