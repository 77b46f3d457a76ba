"""The live table of confirming, for a terminal: a line for each trial, with the score of each new seed."""

import time
from collections.abc import Sequence
from statistics import fmean

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.confirming_progress import ConfirmingProgress, RunningRetraining, started_line
from cnnsearch.progression import score_text
from cnnsearch.reports.wording import time_text
from cnnsearch.search.records import Objective, TrialRecord


def confirming_lines(
    known: ConfirmingProgress, trials: Sequence[TrialRecord], objective: Objective
) -> list[RenderableType]:
    """A headline, a table of the trials that are confirmed, and a line for each retraining that runs."""
    head = Text(f"{started_line(known.started)}, {len(known.ended)}/{known.started.retrainings} done")
    return [head, _table(known, trials, objective), *(_running(each) for each in known.running.values())]


def _table(known: ConfirmingProgress, trials: Sequence[TrialRecord], objective: Objective) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("trial", f"search's {objective.metric}", "mean of new seeds"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("their scores")
    searched = {trial.number: trial.score for trial in trials}
    for number in known.started.trials:
        table.add_row(*_row(number, searched.get(number), known))
    return table


def _row(number: int, score: float | None, known: ConfirmingProgress) -> list[str]:
    scores = [each.score for each in known.ended if each.trial == number and each.score is not None]
    mean = fmean(scores) if scores else None
    return [str(number), score_text(score), score_text(mean), " ".join(map(score_text, scores))]


def _running(each: RunningRetraining) -> Text:
    started = each.started
    epochs = f"epoch {len(each.epochs)}/{started.epochs}"
    line = f"trial {started.number} with new seed {started.turn}: {epochs}, {time_text(time.monotonic() - each.began)}"
    return Text.assemble((line, "bold"), (f"  on {started.slot}", "cyan"))
