"""How runs stand, from `status.json` alone: it costs a search nothing to be asked, on this machine or another one."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from cnnsearch.reports.terminal import safe
from cnnsearch.reports.wording import status_name, time_text
from cnnsearch.search.records import Status
from cnnsearch.search.run_state import RunState
from cnnsearch.search.standing import Standing

_STYLES = {
    RunState.RUNNING: "cyan",
    RunState.PAUSED: "yellow",
    RunState.FINISHED: "green",
    RunState.FAILED: "red",
    RunState.KILLED: "yellow",
}


def standing_table(standings: Sequence[Standing]) -> Table:
    """One line for each run: its trials, the best of them, the time spent."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("run", "state", "trials", "best", "spent", ""):
        table.add_column(column, justify="right" if column in ("trials", "best", "spent") else "left")
    for each in standings:
        table.add_row(
            safe(each.run.path),
            safe(each.state, _STYLES.get(each.state, "")),
            _trials(each.told),
            _best(each.told),
            time_text(each.told.get("seconds")),
            safe(_more(each)),
        )
    return table


def _of(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _trials(told: Mapping[str, Any]) -> str:
    trials = _of(told, "trials")
    ended = sum(count for status in Status if status.ended and isinstance(count := trials.get(status), int))
    budget = trials.get("budget")
    return f"{ended:,}/{budget:,}" if isinstance(budget, int) else f"{ended:,}"


def _best(told: Mapping[str, Any]) -> str:
    best = _of(told, "best")
    score = best.get("score")
    return f"{score:.4f} (trial {best.get('trial')})" if isinstance(score, int | float) else ""


def _more(each: Standing) -> str:
    """What else is worth a word: endings beside completed, what runs now, why it ended."""
    trials = _of(each.told, "trials")
    rare = [status for status in Status if status.ended and status is not Status.COMPLETED and trials.get(status)]
    words = [f"{trials[status]} {status_name(status)}" for status in rare]
    if each.state in (RunState.RUNNING, RunState.PAUSED):
        running = _of(trials, "running")
        words += [f"trial {number} in epoch {int(epoch) + 1}" for number, epoch in running.items()]
    if each.state is RunState.KILLED:
        words.append("the same command goes on")
    elif reason := each.told.get("reason"):
        words.append(str(reason))
    return ", ".join(words)
