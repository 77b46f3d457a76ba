"""What the frozen parts of networks cost a search: seconds and bytes of the features that are kept, or of each epoch.

Features of a network are made once for all trials that share them; see `FrozenPart`.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.plan.frozen import FrozenPart
from cnnsearch.search.plan.models import ModelPlan, PhasePlan

Often = Literal["once", "each trial", "each epoch"]


@dataclass(frozen=True)
class Rates:
    """Seconds of a FLOP in a frozen part.

    Attributes:
        networks: of those that were timed.
        others: of all others; None where nothing was timed.
    """

    networks: Mapping[str, float]
    others: float | None

    def seconds(self, part: FrozenPart) -> float | None:
        """Of one view of an image; None where nothing was timed."""
        rate = self.networks.get(part.network, self.others)
        return None if rate is None else rate * part.size.flops


@dataclass(frozen=True)
class Features:
    """Seconds that the features of one trial take, by their names: of those it shares with others, and of its own."""

    shared: Mapping[str, float]
    own: Mapping[str, float]


@dataclass(frozen=True)
class FrozenCost:
    """What one frozen part costs a search.

    Attributes:
        part: of a network.
        often: how often: `once` for the search, in `each trial`, or, where no features are kept, in `each epoch`.
        sets: how many kinds of features are made of it once, for other changes of the images or other views.
        bytes: of all these features on disk.
        seconds: of all of them; None where nothing could be timed.
        share: of all trials, which have it.
    """

    part: FrozenPart
    often: Often
    sets: int
    bytes: int
    seconds: float | None
    share: float

    def bytes_in(self, trials: int) -> float:
        """Bytes that a search of so many trials keeps."""
        return self.bytes * self.share * trials if self.often == "each trial" else self.bytes


def making_rates(models: Iterable[ModelPlan]) -> Rates:
    """How fast frozen parts run, from models that were timed."""
    found: dict[str, list[float]] = {}
    for part, phase in _parts(models):
        timed = phase.measured
        if timed and timed.making is not None:
            found.setdefault(part.network, []).append(timed.making / part.size.flops)
        elif timed:  # the way forward on validation images is that of all layers
            found.setdefault(part.network, []).append(timed.forward / phase.flops)
    networks = {network: statistics.median(rates) for network, rates in found.items()}
    everything = [p.measured.forward / p.flops for model in models for p in model.phases if p.measured]
    return Rates(networks, statistics.median(networks.values() or everything) if everything else None)


def features_of(model: ModelPlan, dataset: Dataset, rates: Rates) -> Features:
    """What the features of one trial take, which has them all made itself."""
    shared: dict[str, float] = {}
    own: dict[str, float] = {}
    for part, _ in _parts([model]):
        seconds = rates.seconds(part) or 0.0
        (own if part.own else shared).update(dict.fromkeys(part.copies, seconds * _copied(dataset)))
        shared.update(dict.fromkeys(part.views, seconds * _viewed(dataset)))
    return Features(shared, own)


def _copied(dataset: Dataset) -> int:
    """Images that become each random copy: those of every training, for itself."""
    return len(dataset.rows("train")) * (dataset.folds or 1)


def _viewed(dataset: Dataset) -> int:
    """Images that are looked at in every other view: all but those of the test part."""
    return len(dataset.rows("train")) + len(dataset.rows("validation"))


def frozen_costs(models: Sequence[ModelPlan], dataset: Dataset, rates: Rates) -> tuple[FrozenCost, ...]:
    """What each frozen part costs in a search whose trials are like these models; the dearest comes first."""
    alike: dict[tuple[object, ...], list[tuple[FrozenPart, ModelPlan]]] = {}
    for model in models:
        for part, _ in _parts([model]):
            key = (part.network, part.image_size, part.size, part.row_bytes, _often(part), part.why_not)
            alike.setdefault(key, []).append((part, model))
    found = [_cost(group, dataset, rates, len(models)) for group in alike.values()]
    return tuple(sorted(found, key=lambda cost: (-cost.bytes, -(cost.seconds or 0.0))))


def _cost(group: list[tuple[FrozenPart, ModelPlan]], dataset: Dataset, rates: Rates, models: int) -> FrozenCost:
    part, model = group[0]
    often, seconds = _often(part), rates.seconds(part)
    # A trial's own copies are as many as its views; what trials share is made once for all of them.
    taken = [part] if often == "each trial" else [each for each, _ in group]
    copies, views = ({name for each in taken for name in getattr(each, kind)} for kind in ("copies", "views"))
    images = len(copies) * _copied(dataset) + len(views) * _viewed(dataset)
    if often == "each epoch":
        images = len(dataset.rows("train")) + len(dataset.rows("validation")) * model.views
    return FrozenCost(
        part,
        often,
        len({(each.copies, each.views) for each in taken}),
        0 if often == "each epoch" else images * part.row_bytes,
        None if seconds is None else seconds * images,
        len(group) / models,
    )


def _often(part: FrozenPart) -> Often:
    if not part.is_kept:
        return "each epoch"
    return "each trial" if part.own else "once"


def _parts(models: Iterable[ModelPlan]) -> list[tuple[FrozenPart, PhasePlan]]:
    return [(phase.frozen, phase) for model in models for phase in model.phases if phase.frozen]
