"""The rungs that a trial climbs under `search.fidelity`: cheap trainings first, the one that is asked for last."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.sections.fidelity import Fidelity
from cnnsearch.spaces.sections.pruners import Asha, Pruner
from cnnsearch.spaces.sections.search import Search
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps

REDUCTION = 3
"""How much the share of the images grows from rung to rung under a pruner that does not say it."""


@dataclass(frozen=True)
class Rung:
    """One rung.

    Attributes:
        number: from 1.
        of: how many there are.
        work: of one of its epochs, as a share of one of the last rung's.
        share: of the training images.
        image_size: (height, width) in pixels; None where every rung has the size of the configuration.
    """

    number: int
    of: int
    work: float = 1.0
    share: float = 1.0
    image_size: tuple[int, int] | None = None

    @property
    def is_last(self) -> bool:
        """Whether it is the training that the configuration names."""
        return self.number == self.of

    @property
    def fidelity(self) -> str:
        """What it has of the last one, in short: `0.1` of the images, or `32x48` pixels."""
        return f"{self.share:.4g}" if self.image_size is None else "{}x{}".format(*self.image_size)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Rung":
        """The rung that `stored` has written out."""
        size = stored.get("image_size")
        return cls(**{**stored, "image_size": None if size is None else (size[0], size[1])})

    def stored(self) -> dict[str, Any]:
        """The rung as JSON values."""
        return asdict(self)


def rungs_of(search: Search) -> tuple[Rung, ...]:
    """All rungs of a search, the cheapest first; none where each trial is one training."""
    fidelity = search.fidelity
    if fidelity is None or fidelity.kind == "epochs":
        return ()
    return _sizes(fidelity) if fidelity.data is None else _shares(fidelity.data[0], _reduction(search))


def comparing(search: Search) -> Pruner:
    """The pruner of a search, with the first look that its `fidelity` names."""
    fidelity, pruner = search.fidelity, search.pruner
    if fidelity is None or fidelity.epochs is None:
        return pruner
    looking = pruner.taken()[pruner.kind].model_copy(update={"first": fidelity.epochs[0]})
    return pruner.model_copy(update={pruner.kind: looking})


def _reduction(search: Search) -> int:
    (settings,) = search.pruner.taken().values()
    return settings.reduction if isinstance(settings, Asha) else REDUCTION


def _shares(lowest: float, reduction: int) -> tuple[Rung, ...]:
    """Shares that grow by a factor up to 1; the first step takes up what does not go into it."""
    steps = max(1, round(math.log(1 / lowest, reduction)))
    shares = [lowest, *(reduction ** -float(step) for step in reversed(range(steps)))]
    return tuple(Rung(number, len(shares), share, share) for number, share in enumerate(shares, start=1))


def _sizes(fidelity: Fidelity) -> tuple[Rung, ...]:
    sizes = fidelity.image_size or []
    pixels = [height * width for height, width in sizes]
    return tuple(
        Rung(number, len(sizes), pixels[number - 1] / pixels[-1], image_size=(height, width))
        for number, (height, width) in enumerate(sizes, start=1)
    )


def climbed(configuration: Configuration, first: int = 1) -> tuple[Rung, ...]:
    """The rungs that a trial of this configuration climbs, from the one of this number on; none where there are none.

    A size at which its network cannot be built is left out, but never the last.
    """
    return tuple(
        rung
        for rung in rungs_of(configuration.search)
        if rung.is_last or (rung.number >= first and _is_possible(on_rung(configuration, rung)))
    )


def _is_possible(configuration: Configuration) -> bool:
    try:
        feature_maps(configuration)
    except ImpossibleConfiguration:
        return False
    return True


def on_rung(configuration: Configuration, rung: Rung) -> Configuration:
    """What is trained on a rung: the configuration at its image size, with as many steps as its share of the images
    asks for where their number is given."""
    training, size = configuration.training, rung.image_size
    updated: dict[str, Any] = {}
    if size is not None:
        updated["data"] = configuration.data.model_copy(update={"image_size": list(size)})
    if training.steps_per_epoch is not None and rung.share < 1:
        steps = max(1, math.ceil(training.steps_per_epoch * rung.share))
        updated["training"] = training.model_copy(update={"steps_per_epoch": steps})
    return configuration.model_copy(update=updated)
