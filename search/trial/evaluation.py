"""What a trained model says of the validation and test images: the only place where the test part is weighed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.dataset.dataset import DatasetReference, open_dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.model.metrics import asked_metrics
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.trial.batches import EVALUATION_BATCH
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done
from cnnsearch.search.writing import write_json


@dataclass(frozen=True)
class EvaluationJob:
    """What an evaluation's process is told.

    Attributes:
        model: which model.
        dataset: which images.
        parts: which parts of them.
        predictions: where its predictions go.
        seen: by part, the hashes of images to leave out, since the model's training knew them.
        metrics: what each part is measured by beside its predictions, such as `val_precision`.
        batch: how many images go through the model at once.
    """

    model: Path
    dataset: DatasetReference
    parts: tuple[str, ...]
    predictions: Path
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    batch: int = EVALUATION_BATCH


def run_evaluation(line: Line, job: EvaluationJob) -> None:
    """Ask a model about photos, in a process of its own."""
    evaluate(keras.saving.load_model(job.model, compile=False), job)
    line.tell(Done())


def evaluate(model: keras.Model, job: EvaluationJob) -> None:
    """Write `part,image,label,predicted,p:<class>...` for each image of the parts.

    Where metrics are asked for, their values go into `asked_metrics.json` beside: by part, without `val_`.
    """
    dataset = open_dataset(job.dataset)
    rows: list[list[str]] = []
    measured: dict[str, dict[str, float]] = {}
    for part in job.parts:
        if not len(dataset.rows(part)):
            continue
        batches = Batches(dataset, (part,), job.batch, shuffle=False)
        probabilities = class_probabilities(np.asarray(model.predict(batches, verbose=0), dtype=np.float32))
        seen = job.seen.get(part, frozenset())
        unseen = [k for k, row in enumerate(dataset.rows(part)) if dataset.contents[row] not in seen]
        measured[part] = _measured(job.metrics, dataset.labels[dataset.rows(part)][unseen], probabilities[unseen])
        for row, shares in zip(dataset.rows(part)[unseen], probabilities[unseen], strict=True):
            names = (dataset.classes[int(dataset.labels[row])], dataset.classes[int(shares.argmax())])
            rows.append([part, dataset.names[row], *names, *(f"{share:.7g}" for share in shares)])
    header = ["part", "image", "label", "predicted", *(f"p:{name}" for name in dataset.classes)]
    write_rows(job.predictions, header, rows)
    if any(measured.values()):
        write_json(ModelFolder(job.predictions.parent).asked_metrics, measured)


def _measured(names: tuple[str, ...], labels: NDArray[Any], probabilities: NDArray[np.float32]) -> dict[str, float]:
    """The values of metrics by their names without `val_`; none where there is no image."""
    found: dict[str, float] = {}
    for metric in asked_metrics(names, probabilities.shape[1]) if len(labels) else ():
        metric.update_state(np.asarray(labels, np.int32), probabilities)
        found[metric.name] = float(metric.result())
    return found
