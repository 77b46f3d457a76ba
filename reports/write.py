"""Writes what explains a run and a model: tables, scores, the confusion matrix, the wrongly predicted images."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from cnnsearch.reports.confirmation import write_confirmation_table
from cnnsearch.reports.model.confusion import write_confusion_matrix
from cnnsearch.reports.model_card import write_model_card
from cnnsearch.reports.predictions import Predictions, read_asked_metrics, read_predictions
from cnnsearch.reports.scores import part_scores
from cnnsearch.reports.tables import write_history_table, write_trials_table
from cnnsearch.search.confirmed import read_confirmation
from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.writing import write_json


def write_run_tables(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> None:
    """Write `trials.csv` and `history.csv` of a finished or running search, and `confirm.csv` where it confirms."""
    write_trials_table(run.trials_table, trials, objective)
    write_history_table(run.history_table, trials)
    confirmation = read_confirmation(run)
    if confirmation:
        write_confirmation_table(run.confirmation_table, confirmation)


def write_model_report(folder: ModelFolder) -> None:
    """Write `metrics.json`, `confusion_matrix.png` and `errors.csv` from the folder's `predictions.csv`.

    And `README.md`, the model card, where none is there yet.

    The score of the model's own training stands in `metrics.json`, too, where the model comes from a search. For a
    trial's own model it is the best of many draws, and therefore optimistic, and so are its values of several
    objectives; `searched` is the search's score where the configuration was trained again by hand.
    `confirmed` says where it is a retraining, which one, and the mean over all seeds. Each part has the metrics that
    the search asked for, without their `val_`. `of` says which file was asked, with its SHA-256: the one that was
    exported, loaded again.

    Raises:
        CnnSearchError: the predictions are absent or damaged.
    """
    predictions, label = read_predictions(folder), ModelLabel.read(folder.classes)
    origin = label.origin
    metrics = {
        "trial": origin.trial if origin else None,
        "epoch": origin.epoch if origin else None,
        "phases": list(origin.phases) if origin else [],
        "objective": origin.objective if origin else None,
        "score": origin.score if origin else None,
        "searched": origin.searched if origin else None,
        "objectives": dict(origin.objectives) if origin else {},
        "confirmed": asdict(origin.confirmed) if origin and origin.confirmed else None,
        "of": asdict(label.weighed) if label.weighed else None,
        "validation": _scores(folder, predictions, "validation"),
        "test": _scores(folder, predictions, "test"),
    }
    write_json(folder.metrics, metrics)
    write_confusion_matrix(folder.confusion_matrix, predictions)
    write_errors(folder.path / "errors.csv", predictions)
    write_model_card(folder)


def _scores(folder: ModelFolder, predictions: Predictions, part: str) -> dict[str, Any] | None:
    """A part's scores, and what else the search asked for; where both know one, the usual way counts."""
    scores = part_scores(predictions, part)
    return None if scores is None else read_asked_metrics(folder, part) | scores


def write_errors(path: Path, predictions: Predictions) -> None:
    """Write the wrongly predicted images, the most confident mistake first.

    Columns: part, image, label, predicted, probability (of what was predicted), label_probability (of the true class).
    """
    wrong = np.flatnonzero(predictions.labels != predictions.predicted)
    confidence = predictions.probabilities[wrong, predictions.predicted[wrong]]
    write_rows(
        path,
        ["part", "image", "label", "predicted", "probability", "label_probability"],
        (_error(predictions, int(row)) for row in wrong[np.argsort(-confidence, kind="stable")]),
    )


def _error(predictions: Predictions, row: int) -> list[object]:
    label, predicted = int(predictions.labels[row]), int(predictions.predicted[row])
    return [
        predictions.parts[row],
        predictions.images[row],
        predictions.classes[label],
        predictions.classes[predicted],
        float(predictions.probabilities[row, predicted]),
        float(predictions.probabilities[row, label]),
    ]
