"""The live table of a running search, for a terminal."""

import time

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.confirming_table import confirming_lines
from cnnsearch.progression import Progression, Running, score_text
from cnnsearch.reports.terminal import STATUS_COLOR, safe
from cnnsearch.reports.wording import configuration, count_text, ending, rung_text, time_text
from cnnsearch.search.records import TrialRecord

_ROWS = 12
"""Ended trials in the live table; earlier ones make room."""


class LiveTable:
    """The live table: rendered anew four times a second."""

    def __init__(self, progression: Progression) -> None:
        self._progression = progression

    def __rich__(self) -> RenderableType:
        """The table as it stands now."""
        known = self._progression
        if known.run is None:
            return Text("")
        if known.confirming is None:
            return Group(self._headline(), self._table())
        return Group(self._headline(), *confirming_lines(known.confirming, known.ended, known.run.objective))

    def _headline(self) -> Text:
        known = self._progression
        run = known.run
        if run is None:
            return Text("")
        left = known.confirming.remaining() if known.confirming else known.remaining()
        line = Text.assemble((run.run.path.name, "bold"), f"  {len(known.ended)}/{run.trials} trials")
        if known.best:
            line.append(f"  best {run.objective.metric} ")
            line.append(score_text(known.best.score), style="bold green")
            line.append(f" (trial {known.best.number})")
        line.append(f"  {time_text(known.elapsed)} elapsed")
        return line.append(f"  {time_text(left)} to go" if left is not None else "")

    def _table(self) -> Table:
        known = self._progression
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("trial", "epoch", known.objective.metric if known.objective else "", "best", "time", "weights"):
            table.add_column(name, justify="right", no_wrap=True)
        for name in (
            "configuration",
            "ended",
        ):  # a narrow terminal takes from the columns that may wrap, and only those
            table.add_column(name)
        hidden = len(known.ended) - _ROWS
        if hidden > 0:
            table.add_row("...", *[""] * 5, Text(f"{hidden} earlier trials", style="dim"), "")
        for trial in known.ended[-_ROWS:]:
            table.add_row(*self._ended(trial))
        for running in known.running.values():
            table.add_row(*self._running(running), style="bold")
        return table

    def _ended(self, trial: TrialRecord) -> list[RenderableType]:
        metric = self._progression.objective.metric if self._progression.objective else ""
        last = trial.epochs[-1].metrics.get(metric) if trial.epochs else None
        best = self._progression.best
        leads = best is not None and best.number == trial.number
        return [
            str(trial.number),
            str(len(trial.epochs)),
            score_text(last),
            Text(score_text(trial.score), style="green" if leads else ""),
            time_text(trial.seconds),
            count_text(trial.parameters),
            _cut(safe(configuration(trial.values))),
            _cut(safe(ending(trial), STATUS_COLOR[trial.status])),
        ]

    def _running(self, running: Running) -> list[RenderableType]:
        objective, epochs = self._progression.objective, running.epochs
        rung = epochs[-1].rung if epochs else None
        scores = [
            epoch.metrics[objective.metric]
            for epoch in epochs
            if objective and objective.metric in epoch.metrics and epoch.rung == rung
        ]
        best = (max if objective and objective.direction == "max" else min)(scores, default=None)
        return [
            str(running.started.number),
            f"{len(epochs)}/{running.started.epochs}",
            score_text(scores[-1] if scores else None),
            score_text(best),
            time_text(time.monotonic() - running.began),
            count_text(running.parameters),
            _cut(safe(configuration(running.started.values))),
            _cut(safe(_doing(running), "cyan")),
        ]


def _doing(running: Running) -> str:
    made = "" if running.making is None else f", features {running.making:.0%}"
    rung = running.epochs[-1].rung if running.epochs else None
    return f"on {running.started.slot}{f', {rung_text(rung)}' if rung else ''}{made}"


def _cut(text: Text) -> Text:
    """The text on one line; what has no room is cut off."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
