"""What a trained model says of the validation and test images: the only place that reads the test part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.dataset.dataset import DatasetReference, open_dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.search.trial.batches import EVALUATION_BATCH
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done


@dataclass(frozen=True)
class EvaluationJob:
    """What an evaluation's process is told.

    Attributes:
        model: which model.
        dataset: which images.
        parts: which parts of them.
        predictions: where its predictions go.
        seen: by part, the hashes of images to leave out, since the model's training knew them.
    """

    model: Path
    dataset: DatasetReference
    parts: tuple[str, ...]
    predictions: Path
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)


def run_evaluation(line: Line, job: EvaluationJob) -> None:
    """Write `part,image,label,predicted,p:<class>...` for each image of the parts."""
    dataset = open_dataset(job.dataset)
    model = keras.saving.load_model(job.model, compile=False)
    rows: list[list[str]] = []
    for part in job.parts:
        if not len(dataset.rows(part)):
            continue
        batches = Batches(dataset, (part,), EVALUATION_BATCH, shuffle=False)
        probabilities = class_probabilities(np.asarray(model.predict(batches, verbose=0), dtype=np.float32))
        seen = job.seen.get(part, frozenset())
        for row, shares in zip(dataset.rows(part), probabilities, strict=True):
            if dataset.contents[row] in seen:
                continue
            names = (dataset.classes[int(dataset.labels[row])], dataset.classes[int(shares.argmax())])
            rows.append([part, dataset.names[row], *names, *(f"{share:.7g}" for share in shares)])
    header = ["part", "image", "label", "predicted", *(f"p:{name}" for name in dataset.classes)]
    write_rows(job.predictions, header, rows)
    line.tell(Done())
