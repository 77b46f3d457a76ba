"""The ranking for other programs: the very numbers, under stable names."""

import csv
import io
import json
from pathlib import Path

from cnnsearch.reports.ranking.ranking import Ranking
from cnnsearch.reports.ranking.written import as_csv, as_json
from cnnsearch.reports.tables import write_trials_table
from cnnsearch.search.records import Objective, TrialRecord


def test_json_has_raw_values_and_null_for_blanks(ranking: Ranking) -> None:
    best, *_, running = json.loads(as_json(ranking, None))
    assert list(best) == list(ranking.columns) == list(running)
    assert (best["rank"], best["score"], best["optimizer.sgd.learning_rate"]) == (1, 0.75, 0.1)
    assert best["optimizer.adam.learning_rate"] is None
    assert best["model.scratch.batch_norm"] is True
    assert (running["rank"], running["status"], running["score"]) == (None, "running", None)


def test_top_is_how_many(ranking: Ranking) -> None:
    assert [row["trial"] for row in json.loads(as_json(ranking, 2))] == [1, 2]
    assert len(as_csv(ranking, 2).splitlines()) == 3


def test_csv_agrees_with_trials_csv(ranking: Ranking, trials: list[TrialRecord], tmp_path: Path) -> None:
    write_trials_table(tmp_path / "trials.csv", trials, Objective.of("val_accuracy"))
    with (tmp_path / "trials.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    rows = list(csv.DictReader(io.StringIO(as_csv(ranking, None))))
    shared = [name for name in table[0] if name in rows[0]]
    assert len(shared) >= 12
    assert [[row[name] for name in shared] for row in rows] == [[row[name] for name in shared] for row in table]
