"""What the frozen part of a network makes of images, once for a whole search: how much of it there is, and of what."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cnnsearch.search.features.store import BATCH
from cnnsearch.search.model.copies import copy_names, has_lasting_features, is_random
from cnnsearch.search.model.phase_size import FrozenSize
from cnnsearch.search.model.views import views_of
from cnnsearch.spaces.document import Augment, Backbone, Configuration, branch_of
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import FloatRange, Scalar

_NUMBER = {"float32": 4, "float16": 2}
"""Bytes of a number, as features are kept."""


@dataclass(frozen=True)
class FrozenPart:
    """The frozen part of a network in one phase, and what of it is kept.

    Attributes:
        network: its name, such as `mobilenet`.
        image_size: (height, width) in pixels.
        size: what it costs.
        row_bytes: of the features of one view of an image.
        copies: a name for what each random copy of the training images becomes; none where nothing is kept.
        views: the same for each view of all images that chance has no part in, be it for training or for validation.
        own: whether no two trials share the copies, since a change of theirs is drawn from a range without steps.
        why_not: the setting that keeps features from being kept, if one does.
    """

    network: str
    image_size: tuple[int, int]
    size: FrozenSize
    row_bytes: int
    copies: tuple[str, ...]
    views: tuple[str, ...]
    own: bool
    why_not: str

    @property
    def is_kept(self) -> bool:
        """Whether the training is fed with features."""
        return bool(self.copies or self.views)

    @property
    def memory(self) -> int:
        """Bytes that the making of a batch of features needs beside the weights."""
        return BATCH * self.size.activations if self.is_kept else 0


def frozen_part(space: Space, values: Mapping[str, Scalar], phase: Configuration, size: FrozenSize) -> FrozenPart:
    """The frozen part in a phase of the configuration that the values make."""
    network, section = branch_of(phase.model)
    height, width = phase.data.image_size
    kept, key = has_lasting_features(phase), _key(network, phase, size)
    named = [*copy_names(phase.augment), *(view.name for view in views_of(phase.evaluation))] if kept else []
    return FrozenPart(
        network,
        (height, width),
        size,
        size.values * _NUMBER[section.features if isinstance(section, Backbone) else "float32"],
        tuple(f"{key} {name}" for name in named if is_random(name)),
        tuple(f"{key} {name}" for name in dict.fromkeys(named) if not is_random(name)),
        _is_own(space, values) and any(map(is_random, named)),
        "" if kept else _why_not(phase.augment),
    )


def _key(network: str, phase: Configuration, size: FrozenSize) -> str:
    """All that tells two frozen parts and their images apart; where the trained part begins says nothing of them."""
    section = plain(branch_of(phase.model)[1])
    settings = {name: value for name, value in section.items() if name not in ("trainable_from", "fine_tune")}
    told = [network, settings, size.layer, size.values, list(phase.data.image_size), phase.training.precision]
    return json.dumps(told, sort_keys=True)


def _is_own(space: Space, values: Mapping[str, Scalar]) -> bool:
    return any(
        parameter.name.startswith("augment.")
        and isinstance(parameter.domain, FloatRange)
        and parameter.domain.step is None
        for parameter in space.active(values)
    )


def _why_not(augment: Augment) -> str:
    mixing = next((name for name in ("mixup", "cutmix") if getattr(augment, name)), None)
    return f"augment.{mixing} blends images anew in every batch" if mixing else "augment.views is 0"
