"""Explains a model once, when it is exported and was asked about photos: pictures and facts beside it.

Nothing here decides anything: where one of the pictures cannot be made, a line says why, and the others are there.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from cnnsearch.search.dataset.dataset import Dataset, open_dataset
from cnnsearch.search.explaining.architecture import architecture
from cnnsearch.search.explaining.changes import write_changes
from cnnsearch.search.explaining.choosing import Predicted, read_predicted, rows_of, surely_right
from cnnsearch.search.explaining.embeddings import write_embeddings
from cnnsearch.search.explaining.gallery import write_gallery
from cnnsearch.search.explaining.layers import write_filters, write_maps
from cnnsearch.search.explaining.looking import write_heat
from cnnsearch.search.explaining.photos import Photos
from cnnsearch.search.model.places import one_view
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.trial.evaluation import EvaluationJob, evaluate
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done, Evaluated, Noted
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.load import load_space

_CHANGED = 3
"""So many photos are shown as a training changes them."""


@dataclass(frozen=True, eq=False)
class _Subject:
    """What is explained: a model, and what it was asked about in one part."""

    folder: ModelFolder
    model: keras.Model
    dataset: Dataset
    part: str
    asked: Sequence[Predicted]

    @property
    def shown(self) -> list[int]:
        """The rows of some photos that the model is right about and sure of, or of any."""
        rows = rows_of(self.dataset.names)
        chosen = surely_right(self.asked, _CHANGED) or list(self.asked[:_CHANGED])
        return [rows[one.image] for one in chosen]


def run_evaluation_and_explain(line: Line, job: EvaluationJob) -> None:
    """Ask a model about photos, and then explain it; tells when the first is done, and what could not be shown."""
    model = keras.saving.load_model(job.model, compile=False)
    evaluate(model, job)
    line.tell(Evaluated())
    began = time.monotonic()
    for text in explain(model, job):
        line.tell(Noted(text, is_doubt=True))
    line.tell(
        Noted(f"gallery of mistakes and pictures of what the model looks at, in {time.monotonic() - began:.1f} s")
    )
    line.tell(Done())


def explain(model: keras.Model, job: EvaluationJob) -> list[str]:
    """Explain a model that is at hand, in the folder of its predictions; gives in one line each what is left out.

    It never fails: what is shown of a model is a courtesy.
    """
    try:
        subject = _subject(model, job)
        left_out = _show(subject)
    except Exception as error:  # noqa: BLE001 - any network, any photo, any disk
        return [f"what the model looks at cannot be shown: {_reason(error)}"]
    return [f"{_NAMES[name]} cannot be shown: {reason}" for name, reason in left_out.items()]


def _subject(model: keras.Model, job: EvaluationJob) -> _Subject:
    dataset, folder = open_dataset(job.dataset), ModelFolder(job.predictions.parent)
    part, asked = read_predicted(folder.predictions, dataset.classes)
    return _Subject(folder, one_view(model), dataset, part, asked)


def _show(subject: _Subject) -> dict[str, str]:
    """Write all there is to show; gives why some of it is left out, by its name."""
    subject.folder.explained.mkdir(exist_ok=True)
    told: dict[str, Any] = {"part": subject.part}
    left_out: dict[str, str] = {}
    for name, show in _SHOWN.items():
        try:
            told[name] = show(subject)
        except Exception as error:  # noqa: BLE001 - the others are shown all the same
            left_out[name] = _reason(error)
    write_json(subject.folder.explained / "explained.json", {**told, "left_out": left_out})
    return left_out


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _gallery(subject: _Subject) -> int:
    photos = Photos.of(subject.dataset)
    return write_gallery(subject.folder.gallery, photos, subject.part, subject.asked)


def _architecture(subject: _Subject) -> str:
    write_json(subject.folder.architecture, architecture(subject.model))
    return subject.folder.architecture.name


def _heat(subject: _Subject) -> dict[str, Any]:
    return write_heat(subject.folder.explained, subject.model, subject.dataset, subject.asked)


def _filters(subject: _Subject) -> dict[str, Any]:
    return write_filters(subject.folder.explained, subject.model)


def _maps(subject: _Subject) -> dict[str, Any]:
    row = subject.shown[0]
    layers = write_maps(subject.folder.explained, subject.model, subject.dataset.images[row])
    return {"image": subject.dataset.names[row], "layers": layers}


def _changes(subject: _Subject) -> dict[str, Any] | None:
    configuration = load_space(subject.folder.config, allow_code=True).configuration({})  # read: none of it runs
    images = [subject.dataset.images[row] for row in subject.shown]
    return write_changes(subject.folder.explained, images, configuration.augment, configuration.training.seed)


def _embeddings(subject: _Subject) -> dict[str, Any]:
    return write_embeddings(subject.folder.explained / "embeddings", subject.model, subject.dataset, subject.asked)


_SHOWN: dict[str, Callable[[_Subject], Any]] = {
    "gallery": _gallery,
    "architecture": _architecture,
    "grad_cam": _heat,
    "filters": _filters,
    "maps": _maps,
    "augmented": _changes,
    "embeddings": _embeddings,
}
_NAMES = {
    "gallery": "the model's mistakes and doubts",
    "architecture": "the model's layers",
    "grad_cam": "where the model looks (Grad-CAM)",
    "filters": "the model's first filters",
    "maps": "the model's feature maps",
    "augmented": "photos as the training changed them",
    "embeddings": "where the images lie for the model (embeddings)",
}
