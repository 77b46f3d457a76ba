"""What a person reads of confirming."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console, RenderableType

from cnnsearch.reports.confirmation import confirmation_text, winner_text, write_confirmation_table
from cnnsearch.search.confirmed import Chosen, Confirmation, Retrained
from cnnsearch.search.records import Objective, TrialRecord

SCORES = {7: [0.9107, 0.93, 0.9162], 11: [0.9199, 0.93, 0.9236], 20: [0.9061, 0.9125, None]}
FOUND = Confirmation(
    Objective.of("val_accuracy"),
    top=3,
    seeds=3,
    images=362,
    chosen=(Chosen(7, 0.9355), Chosen(11, 0.9337), Chosen(20, 0.9318)),
    retrained=tuple(
        Retrained(trial, turn, 42, score, 3, 10, 33.0)
        if score is not None
        else Retrained(trial, turn, 42, None, None, 0, 1.0, reason="oom", message="no [red]room\x1b[2J")
        for trial, scores in SCORES.items()
        for turn, score in enumerate(scores, start=1)
    ),
    state="done",
)


def printed(renderable: RenderableType | None, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_best_mean_stands_first_with_its_interval() -> None:
    lines = printed(confirmation_text(FOUND)).splitlines()
    assert lines[0].strip() == "The best 3 trained again with new seeds, by their mean"
    assert lines[2].split() == ["1", "11", "0.9337", "0.9245", "+-", "0.0127", "3", "0.9199", "0.9300", "0.9236"]
    assert [line.split()[1] for line in lines[2:5]] == ["11", "7", "20"]
    assert lines[6] == "The search's score was too good by +0.0165 for its best trial, +0.0161 on average of 3."
    assert lines[7].startswith("362 validation images leave a mean open by 0.0139 more")


def test_a_failure_is_told_and_cannot_steer_the_terminal() -> None:
    assert r"Trial 20 with new seed 3 failed: oom, no [red]room\x1b[2J" in printed(confirmation_text(FOUND))


def test_nothing_is_too_wide_for_80_columns() -> None:
    text = printed(confirmation_text(FOUND), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "0.9236" in text


def test_while_it_goes_on_there_is_no_winner() -> None:
    running = replace(FOUND, state="running")
    assert "new seeds, so far, by their mean" in printed(confirmation_text(running))
    assert winner_text(running, []) is None


def test_what_is_outdated_is_not_shown() -> None:
    assert confirmation_text(replace(FOUND, state="outdated")) is None
    assert confirmation_text(None) is None


def test_the_winner_in_one_line(trial: Callable[..., TrialRecord]) -> None:
    line = winner_text(FOUND, [trial(11, [0.9337])])
    assert line is not None
    assert line.plain == (
        "Best: trial 11, val_accuracy 0.9245 +- 0.0127 over 3 new seeds, whose median model is kept (scratch, blocks 2)"
    )


def test_the_table_has_a_line_for_each_retraining(tmp_path: Path) -> None:
    path = tmp_path / "confirm.csv"
    write_confirmation_table(path, FOUND)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["trial"], row["retraining"]) for row in rows[:4]] == [
        ("11", "1"),
        ("11", "2"),
        ("11", "3"),
        ("7", "1"),
    ]
    assert len(rows) == 9
    assert (rows[0]["search_score"], rows[0]["seed"], rows[0]["score"]) == ("0.9337", "42", "0.9199")
    assert rows[-1]["score"] == ""
