"""What one phase of a training runs through which model: images through all of it, or kept features through its end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.feeding.at_once import Fed, fed_for_evaluation, fed_for_training
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.features.features import Features, Viewed
from cnnsearch.search.features.feeding import EveryView, OneView
from cnnsearch.search.features.store import BATCH, features_of
from cnnsearch.search.model.build import compile_model
from cnnsearch.search.model.copies import copies_of, is_random
from cnnsearch.search.model.loss import loss_and_metric
from cnnsearch.search.model.metrics import asked_metrics
from cnnsearch.search.model.views import View, mean_over_views, seen_through, views_of
from cnnsearch.search.trial.batches import in_parts, training_batches, validation_batches
from cnnsearch.search.trial.messages import KnownBackbone, Making, Noted
from cnnsearch.search.trial.whole import Parts, Whole
from cnnsearch.spaces.document import Backbone, Configuration, branch_of

Tell = Callable[[Noted | Making | KnownBackbone], None]
"""Says something to the parent."""
_EVERY = 0.5
"""Seconds between two words on how many features are made."""
_AT_ONCE = 128
"""Steps on features that are made in one call of the backend: each takes less time than a call from Python."""


@dataclass(frozen=True, eq=False)
class Material:
    """What a phase is trained on and measured on.

    Attributes:
        trained: the model that learns, compiled.
        train: what it learns from.
        fed: the same as `fit` takes it.
        validated: the model that is measured after each epoch, compiled; it has the same weights after `follow`.
        validation: what it is measured on, as `evaluate` takes it; None for no measuring.
        making: seconds that the frozen part of the network took for the validation images; 0 where their features were
            kept already.
        follow: gives the model that is measured the weights of the one that learns, where it does not share them.
    """

    trained: keras.Model
    train: Batches
    fed: Fed
    validated: keras.Model
    validation: Any
    making: float = 0.0
    follow: Callable[[], None] = lambda: None


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a phase asks for.

    Attributes:
        configuration: of this phase.
        dataset: the images, without those of the test part.
        train: the parts that are trained on.
        validation: the part measured after each epoch; None for none.
        seed: of the images' order.
        begun: how many epochs of it are done already.
    """

    configuration: Configuration
    dataset: Dataset
    train: tuple[str, ...]
    validation: str | None
    seed: int
    begun: int = 0

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.dataset.classes)


def material_of(wanted: Wanted, whole: Whole, tell: Tell) -> Material:
    """What a phase is trained on, and the models that learn and are measured, for the `whole` network.

    Where the frozen part of a backbone makes the same of an image in every epoch, that is computed once, kept, and fed
    to the rest of the model. Where it cannot be kept, the whole model runs in every epoch, and a warning says why.

    Raises:
        CnnSearchError: the output does not fit the classes.
    """
    if whole.parts is not None:
        if whole.found is not None:
            tell(whole.found)
        try:
            return _kept(wanted, whole.parts, tell)
        except DataError as error:
            tell(Making(0, 0))
            tell(Noted(f"every epoch runs the whole network, since features cannot be kept: {error}", is_doubt=True))
    return _images(wanted, whole)


def _kept(wanted: Wanted, parts: Parts, tell: Tell) -> Material:
    """Features in the place of images.

    Raises:
        DataError: they cannot be kept.
    """
    configuration, dataset, seed = wanted.configuration, wanted.dataset, wanted.seed
    copies, views = copies_of(configuration.augment, dataset.shape), views_of(configuration.evaluation)
    make = _Maker(wanted, parts, tell)
    learned = make.features(copies, wanted.train)
    inputs = OneView(learned, seed)
    train = training_batches(configuration, dataset, wanted.train, seed, inputs)
    train.epoch = wanted.begun
    in_whole = configuration.training.accumulate == 1
    fed = fed_for_training(train, configuration.training.epochs) if in_whole else Fed(in_parts(configuration, train))
    # What is fed without an end between two epochs has its end after as many steps as are made in one call.
    compile_model(parts.rest, configuration, wanted.classes, len(train), fed.steps or _AT_ONCE)
    if wanted.validation is None:
        return Material(parts.rest, train, fed, parts.rest, None)
    every = EveryView(make.features(views, (wanted.validation,)))
    validation = validation_batches(configuration, dataset, wanted.validation, inputs=every)
    looking = parts.rest if len(views) == 1 else mean_over_views(parts.rest, len(views))
    looking = _compiled_for_validation(looking, wanted, _AT_ONCE)
    making = make.seconds(len(dataset.rows(wanted.validation)) * len(views))
    return Material(parts.rest, train, fed, looking, fed_for_evaluation(validation), making)


class _Maker:
    """Asks for the features of the images that a phase needs."""

    def __init__(self, wanted: Wanted, parts: Parts, tell: Tell) -> None:
        self._wanted, self._parts, self._tell = wanted, parts, tell
        self._said = 0.0
        _, section = branch_of(wanted.configuration.model)
        self._precision = section.features if isinstance(section, Backbone) else "float32"
        self._seconds, self._images = 0.0, 0

    def features(self, views: Sequence[View], parts: Sequence[str]) -> Features:
        """The features of these parts in these views; of all that is not tested, where the views are not random.

        So the folds of a trial, its training and its validation share them, those of other splits of the same images
        into both, and all rungs that train on a share of them.
        """
        dataset = self._wanted.dataset
        asked = parts if any(is_random(view.name) for view in views) else ("train", "validation")
        rows = np.sort(np.concatenate([dataset.whole(part) for part in asked]))
        root = Path(dataset.reference().cache).parent
        viewed = [Viewed(view.name, partial(self._computed, view)) for view in views]
        batch = max(1, BATCH // self._wanted.configuration.training.accumulate)
        return features_of(
            self._parts.frozen,
            viewed,
            dataset,
            rows,
            self._precision,
            root,
            progress=self._made,
            told=lambda text: self._tell(Noted(text)),
            batch=batch,
        )

    def _made(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said > _EVERY or done == total:
            self._said = 0.0 if done == total else now  # whoever waits for other features then says so at once
            self._tell(Making(done, total))

    def _computed(self, view: View, images: NDArray[np.uint8]) -> NDArray[Any]:
        network = self._parts.network()
        began = time.monotonic()
        features = np.asarray(network.predict_on_batch(view.apply(images)))
        self._seconds += time.monotonic() - began
        self._images += len(images)
        return features

    def seconds(self, images: int) -> float:
        """Seconds that so many images take, as far as some were made; 0 where all features were kept already."""
        return images * self._seconds / max(1, self._images)


def _images(wanted: Wanted, whole: Whole) -> Material:
    configuration, dataset, model = wanted.configuration, wanted.dataset, whole.on_images
    train = training_batches(configuration, dataset, wanted.train, wanted.seed)
    train.epoch = wanted.begun
    validation = validation_batches(configuration, dataset, wanted.validation) if wanted.validation else None
    compile_model(model, configuration, wanted.classes, len(train))
    validated = _compiled_for_validation(seen_through(whole.model, configuration.evaluation), wanted)
    return Material(model, train, Fed(in_parts(configuration, train)), validated, validation, follow=whole.follow)


def _compiled_for_validation(model: keras.Model, wanted: Wanted, at_once: int = 1) -> keras.Model:
    asked = asked_metrics(wanted.configuration.search.metrics, wanted.classes)
    if asked and model.compiled:  # training is not measured by them: a model of the same weights is
        model = keras.Model(model.inputs, model.outputs)
    if not model.compiled:
        loss, accuracy = loss_and_metric(wanted.configuration, wanted.classes)
        metrics, jit = [accuracy, *asked], wanted.configuration.training.jit
        model.compile(loss=loss, metrics=metrics, steps_per_execution=at_once, jit_compile=jit)
    return model
