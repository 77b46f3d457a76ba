"""A first look at a trial's model while its search goes on: what it takes for what, its mistakes, what it was shown.

It is taken where the model is written, which is one of the best then. The best of all is looked at closely once the
search has ended: see explain.py.
"""

import io
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from cnnsearch.search.dataset.dataset import Dataset, open_dataset
from cnnsearch.search.explaining.changes import changes
from cnnsearch.search.explaining.choosing import Predicted, most_wrong
from cnnsearch.search.explaining.confusion import drawn, legend
from cnnsearch.search.explaining.pictures import Pixels, in_colour, resized, save_drawing, save_photo
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.search.trial.batches import evaluation_batch
from cnnsearch.search.trial.course import Stage, TrialJob
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done, Shown, Written
from cnnsearch.search.trial.training import Left, train

_SHARE = 0.02
"""Of the seconds of a training, what its model may be asked for; one batch in any case."""
_BATCH = 32
"""Images that it is asked about at once, unless its trial needed smaller batches."""
_WRONG, _CHANGED = 12, 3
"""Photos that are shown."""
_SIDE = 160


@dataclass(frozen=True, eq=False)
class _Look:
    """What a model says of some images of the part that it was chosen by.

    Attributes:
        stage: of the training.
        dataset: its images.
        rows: those that were asked about, in the order of `asked`.
        asked: what the model says of them.
        total: images of the part.
    """

    stage: Stage
    dataset: Dataset
    rows: Sequence[int]
    asked: Sequence[Predicted]
    total: int


def run_trial_and_show(line: Line, job: TrialJob) -> None:
    """Train one configuration, and tell what the model that is left makes of its images.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    began = time.monotonic()
    left = train(line, job)
    if left is not None and left.stage.validation is not None:
        line.tell(Written())
        for shown in first_look(left, _SHARE * (time.monotonic() - began)):
            line.tell(shown)
    line.tell(Done())


def first_look(left: Left, seconds: float) -> Iterator[Shown]:
    """Pictures of what a model makes of its images, which it is asked about for so long; it never fails."""
    try:
        look = _asked(left, seconds)
    except Exception:  # a courtesy, and the model is written
        logging.getLogger(__name__).exception("this model cannot be looked at")
        return
    for show in _SHOWN:
        try:
            shown = show(look)
        except Exception:
            logging.getLogger(__name__).exception("a picture is left out")
            continue
        if shown is not None:
            yield shown


def _asked(left: Left, seconds: float) -> _Look:
    dataset, part = open_dataset(left.stage.dataset), left.stage.validation or ""
    order = np.random.default_rng(0).permutation(dataset.rows(part))  # the first ones are a fair sample
    until, rows, asked = time.monotonic() + seconds, list[int](), list[Predicted]()
    at_once = min(_BATCH, evaluation_batch(left.stage.configuration))
    for start in range(0, len(order), at_once):
        chosen = np.sort(order[start : start + at_once])
        outputs = left.model(np.asarray(dataset.images[chosen], dtype=np.float32), training=False)
        shares = class_probabilities(keras.ops.convert_to_numpy(outputs).astype(np.float64))
        for row, own in zip(chosen.tolist(), shares, strict=True):
            rows.append(row)
            asked.append(
                Predicted(dataset.names[row], int(dataset.labels[row]), int(own.argmax()), tuple(own.tolist()))
            )
        if time.monotonic() > until:
            break
    return _Look(left.stage, dataset, rows, asked, len(order))


def _confusion(look: _Look) -> Shown | None:
    classes = look.dataset.classes
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for one in look.asked:
        counts[one.label, one.predicted] += 1
    part = f"{len(look.asked)} of {look.total} {look.stage.validation} images"
    told = f"Which class (row) is taken for which (column), of {part}. {legend(classes)}".strip()
    return Shown("confusion_matrix", told, (_file(save_drawing, drawn(counts, classes)),))


def _wrong(look: _Look) -> Shown | None:
    wrong = most_wrong(look.asked, _WRONG)
    if not wrong:
        return None
    rows, classes = dict(zip((one.image for one in look.asked), look.rows, strict=True)), look.dataset.classes
    photos = [resized(in_colour(np.asarray(look.dataset.images[rows[one.image]])), _SIDE) for one in wrong]
    names = (
        f"{one.image}: {classes[one.label]} taken for {classes[one.predicted]} ({one.probability:.2f})" for one in wrong
    )
    told = f"The most confident mistakes: {'; '.join(names)}"
    return Shown("wrong", told, tuple(_file(save_photo, photo) for photo in photos))


def _changed(look: _Look) -> Shown | None:
    configuration = look.stage.configuration
    rows = look.dataset.rows(look.stage.train[0])[:_CHANGED]
    picture = changes(
        [np.asarray(look.dataset.images[row]) for row in rows], configuration.augment, configuration.training.seed
    )
    told = "Photos, and how this training changed them."
    return None if picture is None else Shown("augmented", told, (_file(save_photo, picture),))


_SHOWN: tuple[Callable[[_Look], Shown | None], ...] = (_confusion, _wrong, _changed)


def _file(save: Callable[[io.BytesIO, Pixels], None], pixels: Pixels) -> bytes:
    file = io.BytesIO()
    save(file, pixels)
    return file.getvalue()
