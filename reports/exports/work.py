"""What one export's own process does: convert, compare, time. The conversion's memory ends with it."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from cnnsearch.reports.exports.conversion import Material, convert
from cnnsearch.reports.exports.formats import Target
from cnnsearch.reports.exports.parity import parity
from cnnsearch.reports.exports.runtimes import answers, latency, opened
from cnnsearch.reports.exports.samples import CHECKED, CHECKED_ROUGH, Photos, calibration, checked_images
from cnnsearch.reports.inference import load_classifier
from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done
from cnnsearch.search.writing import write_json


@dataclass(frozen=True)
class ExportJob:
    """What the process is told.

    Attributes:
        model: the Keras file, with its classes.json beside it.
        target: what to make of it.
        photos: what to check it on.
        file: where the new model goes.
        result: where its figures go.
    """

    model: Path
    target: Target
    photos: Photos
    file: Path
    result: Path


def run_export(line: Line, job: ExportJob) -> None:
    """Convert a model, compare it with Keras, time it, and write what came out as JSON.

    Raises:
        CnnSearchError: the model cannot be read or converted, or int8 has no photos.
    """
    classifier = load_classifier(job.model)
    dataset = open_dataset(job.photos.reference) if job.photos.reference else None
    calibrated = calibration(dataset, job.photos.lack) if job.target.quantized == "int8" else None
    made = convert(Material(classifier.model, job.model, calibrated), job.target, job.file)
    images, where = checked_images(dataset, classifier.shape, CHECKED_ROUGH if job.target.quantized else CHECKED)
    run = opened(job.target.format, job.file)
    compared = parity(classifier.probabilities(images), class_probabilities(answers(run, images)), job.target.tolerance)
    figures = {
        "parity": {"on": where, **asdict(compared)},
        "latency": latency(run, images[:1].astype(np.float32)),
        **made,
    }
    write_json(job.result, figures)
    line.tell(Done())
