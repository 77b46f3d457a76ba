"""The whole network of a stage, built when somebody asks for it: a head on kept features needs nothing before it.

To build a backbone and read its weights takes longer than to train a head on it. So the first trial of a search that
builds one tells what it found (`KnownBackbone`), and those after it build their heads alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras

from cnnsearch.search.features.features import Frozen
from cnnsearch.search.features.identity import identity_of
from cnnsearch.search.model.build import build_for_steps, build_head, build_network
from cnnsearch.search.model.copies import has_lasting_features
from cnnsearch.search.model.cut import Cut, cut
from cnnsearch.search.model.size import weight_bytes
from cnnsearch.search.trial.messages import KnownBackbone
from cnnsearch.spaces.document import Backbone, Configuration, branch_of, sizes


@dataclass(frozen=True)
class Parts:
    """A network in two parts, of which the first may still have to be built.

    Attributes:
        frozen: what tells its features from others.
        network: gives the frozen part; builds it where it is not there yet.
        rest: from features to probabilities; it has the weights that are trained.
    """

    frozen: Frozen
    network: Callable[[], keras.Model]
    rest: keras.Model


class Whole:
    """The network of a configuration.

    Args:
        configuration: of one phase.
        classes: how many there are.
        known: frozen parts that other trials of the search have built.
    """

    def __init__(self, configuration: Configuration, classes: int, known: Sequence[KnownBackbone] = ()) -> None:
        self._configuration, self._classes = configuration, classes
        key = _key(configuration)
        self._known = next((each for each in known if each.key == key), None) if self._is_lasting else None

    @property
    def _is_lasting(self) -> bool:
        return has_lasting_features(self._configuration)

    @cached_property
    def model(self) -> keras.Model:
        """All of it, not compiled; its rest is that of `parts`, where that was asked for before.

        Raises:
            CnnSearchError: it cannot be built.
        """
        return build_network(self._configuration, self._classes)

    @cached_property
    def _cut(self) -> Cut | None:
        return cut(self.model) if self._is_lasting else None

    @cached_property
    def parts(self) -> Parts | None:
        """Its two parts, where features of the first one can be kept; else None."""
        known = self._known
        if known is not None:
            rest = build_head(self._configuration, self._classes, known.frozen.shape, known.dtype)
            return Parts(known.frozen, self._frozen, rest)
        found = self._cut
        return None if found is None else Parts(self._described(found), self._frozen, found.rest)

    def _frozen(self) -> keras.Model:
        if self._cut is None:
            raise TypeError("a network without a frozen part has no features")
        return self._cut.frozen

    def _described(self, found: Cut) -> Frozen:
        kind, _ = branch_of(self._configuration.model)
        height, width = sizes(self._configuration.data.image_size)
        shape = tuple(found.frozen.output_shape[1:])
        return Frozen(identity_of(found.frozen), shape, f"{kind} {found.layer}, {height}x{width}")

    @cached_property
    def on_images(self) -> keras.Model:
        """What learns where no features are kept: the network, or one of the same weights in half precision."""
        return build_for_steps(self._configuration, self._classes, self.model) or self.model

    def follow(self) -> None:
        """Give the network the weights of the one that learns from images, where that is another."""
        if self.on_images is not self.model:
            self.model.set_weights(self.on_images.get_weights())

    @property
    def trained(self) -> keras.Model:
        """What of it learns, where features can be kept only its rest."""
        return self.on_images if self.parts is None else self.parts.rest

    @property
    def parameters(self) -> int:
        """The number of its weights."""
        if self._known and self.parts:
            return self._known.parameters + int(self.parts.rest.count_params())
        return int(self.model.count_params())

    @property
    def model_size(self) -> int:
        """Bytes of its weights."""
        if self._known and self.parts:
            return self._known.model_size + weight_bytes(self.parts.rest)
        return weight_bytes(self.model)

    @property
    def found(self) -> KnownBackbone | None:
        """What other trials need not find out; None where it was known, or belongs to this trial alone."""
        key = _key(self._configuration)
        if self._known or key is None or self.parts is None or self._cut is None:
            return None
        network = self._cut.frozen
        size = int(network.count_params()), weight_bytes(network)
        return KnownBackbone(key, self.parts.frozen, network.outputs[0].dtype, *size)

    def weights(self, trained: keras.Model) -> list[Any]:
        """The weights that were trained, and all before them where those were built."""
        return list((trained if self._known else self.model).get_weights())


def _key(configuration: Configuration) -> str | None:
    """All that the frozen part depends on, where it is a whole backbone; None where training changes some of it."""
    kind, section = branch_of(configuration.model)
    if not isinstance(section, Backbone) or section.trainable_from != "none":
        return None
    data, augment = configuration.data, configuration.augment.model_dump(mode="json")
    return repr(
        (kind, section.model_dump(mode="json"), data.image_size, data.channels, augment, *_chosen(configuration))
    )


def _chosen(configuration: Configuration) -> tuple[object, ...]:
    return configuration.head.pooling, configuration.search.seed, configuration.training.precision
