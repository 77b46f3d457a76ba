"""How good a model is on labelled images of any source: asked image by image, in constant memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.inference import Classifier, ask
from cnnsearch.reports.predictions import Predictions
from cnnsearch.reports.scores import part_scores
from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import LabelledImage, listed
from cnnsearch.search.dataset.sources.source import Source
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.run_status import trained_contents
from cnnsearch.spaces.nearest import nearest

_PART = "given"


@dataclass(frozen=True)
class Watch:
    """Notices images that the model was trained on.

    Attributes:
        trained: the hashes of their contents.
        met: the names of those that came along.
    """

    trained: frozenset[str] = frozenset()
    met: list[str] = field(default_factory=list)

    def look(self, name: str, content: bytes) -> bytes:
        """The content, looked at; threads may call it."""
        if self.trained and content_hash(content) in self.trained:
            self.met.append(name)
        return content


@dataclass(frozen=True)
class Labelled:
    """An image of a source, and its label.

    Attributes:
        source: where it lies.
        image: which it is.
        label: the place of its class among the model's.
        watch: looks at what is read.
    """

    source: Source
    image: LabelledImage
    label: int
    watch: Watch

    @property
    def name(self) -> str:
        """Its path in the source."""
        return self.image.path

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            UnreadableImage: it cannot be read.
        """
        return self.watch.look(self.name, self.source.read(self.image))


def watch_of(folder: ModelFolder) -> Watch:
    """What a model was trained on, where its run's description of the images tells it."""
    return Watch(trained_contents(folder))


def labelled_images(source: Source, classes: tuple[str, ...], watch: Watch, part: str | None = None) -> list[Labelled]:
    """A source's images with the model's labels, all of them or those of one of its own parts.

    Raises:
        DataError: a class that the model does not know, or no image in this part.
    """
    images = [image for image in source.images if part in (None, image.part)]
    if not images:
        parts = sorted({image.part for image in source.images if image.part})
        rule = f"the source's folders must make the part {part}, got {', '.join(parts) or 'no such folders'}."
        raise DataError(source.name, rule, "Leave --part out, or name one of them.")
    labels = {name: label for label, name in enumerate(classes)}
    unknown = {image.class_name for image in images} - set(labels)
    if unknown:
        rule = f"the model must know every class of the images, got {listed(unknown)}; it knows {listed(classes, 20)}."
        advice = nearest(min(unknown), classes).strip() or "Rename or leave out their folders."
        raise DataError(source.name, rule, advice)
    return [Labelled(source, image, labels[image.class_name], watch) for image in images]


def answered(
    classifier: Classifier,
    images: Sequence[Labelled],
    on_unreadable: Callable[[Labelled, str], None],
    advance: Callable[[], None] = lambda: None,
) -> Predictions:
    """What the model says of each readable image.

    Raises:
        DataError: not one can be read.
    """
    names: list[str] = []
    labels: list[int] = []
    rows: list[NDArray[np.float64]] = []
    for image, row in ask(classifier, images, on_unreadable):
        names.append(image.name)
        labels.append(image.label)
        rows.append(row)
        advance()
    if not rows:
        rule = f"some of the images must be readable, got none of {len(images)}."
        raise DataError(images[0].source.name, rule, "The warnings say what is wrong with them.")
    probabilities = np.stack(rows)
    predicted = probabilities.argmax(axis=1)
    parts = (_PART,) * len(names)
    return Predictions(classifier.classes, parts, tuple(names), np.array(labels), predicted, probabilities)


def scores(predictions: Predictions) -> dict[str, Any]:
    """As `part_scores`, with `confusion`: for each true class how often each class was predicted."""
    count = len(predictions.classes)
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (predictions.labels, predictions.predicted), 1)
    return {**(part_scores(predictions, _PART) or {}), "confusion": confusion.tolist()}
