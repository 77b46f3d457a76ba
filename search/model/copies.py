"""The changed copies of training images that are made in advance: see `augment.views` in the language."""

from hashlib import blake2b

import keras

from cnnsearch.search.model.augment import augmented
from cnnsearch.search.model.build import seeded
from cnnsearch.search.model.views import View, views_of
from cnnsearch.spaces.document import Augment, Backbone, Configuration, Evaluation, branch_of

_FLIPS = frozenset(("horizontal_flip", "vertical_flip"))
_COPY = "copy:"
_MIXING = ("mixup", "cutmix")


def has_lasting_features(configuration: Configuration) -> bool:
    """Whether what the frozen part makes of images can be kept for a whole training, instead of made in each epoch.

    A part must be frozen, and the images must be the same in all epochs: unchanged, or changed in advance. Whether
    keeping it is worth anything is seen when the network is there: see `cut`.
    """
    _, section = branch_of(configuration.model)
    if not isinstance(section, Backbone) or section.trainable_from == "all":
        return False
    augment = configuration.augment
    if any(getattr(augment, name) for name in _MIXING):  # blends two images' pixels, drawn anew for each batch
        return False
    return augment.views > 0 or not _changes(augment)


def copies_of(augment: Augment, shape: tuple[int, int, int]) -> tuple[View, ...]:
    """The ways to look at a training image of (height, width, channels), of which every epoch takes one by chance.

    Where images are only flipped there are two or four ways, and all of them count alike; at most `views` are taken.
    Else there are `views` random ones, each drawn for itself and the same in every process.
    """
    if _changes(augment).keys() <= _FLIPS:
        return _flips(augment)
    return tuple(_copy(augment, shape, name, number) for number, name in enumerate(copy_names(augment)))


def copy_names(augment: Augment) -> tuple[str, ...]:
    """The names of these copies, without making any."""
    changes = _changes(augment)
    if changes.keys() <= _FLIPS:
        return tuple(view.name for view in _flips(augment))
    drawn = blake2b(repr(sorted(changes.items())).encode(), digest_size=6).hexdigest()
    return tuple(f"{_COPY}{drawn}:{number}" for number in range(augment.views))


def _flips(augment: Augment) -> tuple[View, ...]:
    """Each way to flip or not; `plain` and `flip` are those of the evaluation, so their features are made once."""
    plain, flip = views_of(Evaluation(flip=True))
    found = [plain, flip] if augment.horizontal_flip else [plain]
    found += [_upside_down(view) for view in found] if augment.vertical_flip else []
    return tuple(found[: max(1, augment.views)])


def _upside_down(view: View) -> View:
    return View(f"{view.name}+vertical_flip", lambda images: keras.ops.flip(view.apply(images), axis=1))


def is_random(name: str) -> bool:
    """Whether chance made the way of this name to look at an image, so that it is a training's own."""
    return name.startswith(_COPY)


def _changes(augment: Augment) -> dict[str, object]:
    """What is done to single images, by its key."""
    values = {name: value for name, value in augment if name not in ("views", *_MIXING)}
    return {name: value for name, value in values.items() if value}


def _copy(augment: Augment, shape: tuple[int, int, int], name: str, number: int) -> View:
    with seeded(number):
        images = keras.Input(shape, name="image")
        changed = keras.Model(images, augmented(images, augment))
    return View(name, lambda batch: changed(batch, training=True))
