"""How a notebook shows a run: the best of its trials as a table."""

from collections.abc import Sequence
from html import escape

from cnnsearch.reports.inert import visible
from cnnsearch.reports.wording import configuration, count_text, ending, time_text, value_with_unit
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord

_SHOWN = 10
"""Trials."""


def run_html(title: str, ranked: Sequence[TrialRecord], objectives: Objectives) -> str:
    """A table of the best trials, best first; whatever names and messages hold, it is text."""
    heads = ["trial", *objectives.names, "ended", "weights", "time", "configuration"]
    rows = "".join(_row(_cells(trial, objectives), "td") for trial in ranked[:_SHOWN])
    more = f"<p>and {len(ranked) - _SHOWN} more in run.ranked</p>" if len(ranked) > _SHOWN else ""
    table = f"<table><thead>{_row(heads, 'th')}</thead><tbody>{rows}</tbody></table>" if ranked else ""
    return f"<div><p>{_text(title.strip('<>'))}</p>{table}{more}</div>"


def _cells(trial: TrialRecord, objectives: Objectives) -> list[str]:
    values = trial.objective_values or (trial.score,)
    return [
        str(trial.number),
        *(value_with_unit(name, value) for name, value in zip(objectives.names, values, strict=False)),
        ending(trial),
        count_text(trial.parameters),
        time_text(trial.seconds),
        configuration(trial.values),
    ]


def _row(cells: Sequence[str], kind: str) -> str:
    return "<tr>" + "".join(f'<{kind} style="text-align: left">{_text(cell)}</{kind}>' for cell in cells) + "</tr>"


def _text(text: str) -> str:
    return escape(visible(text))
