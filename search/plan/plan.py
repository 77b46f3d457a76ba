"""A plan of a search: what its space holds, which models come of it, and what trials and time will give here."""

import itertools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from cnnsearch.search.dataset.cache.disk import bytes_text
from cnnsearch.search.dataset.cache.naming import CACHE_VARIABLE, default_cache_folder
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.sources.layout import PARTS
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.discovery import with_discovered
from cnnsearch.search.engine.crew import devices_of
from cnnsearch.search.engine.slots import Slot, one_of
from cnnsearch.search.model.weights import unavailable_weights
from cnnsearch.search.plan.branches import Fork, forks
from cnnsearch.search.plan.candidates import Refusal, chance, refused
from cnnsearch.search.plan.features import FrozenCost, frozen_costs, making_rates
from cnnsearch.search.plan.forecast import Clocks, Forecast, forecast, timed
from cnnsearch.search.plan.measure import sizes_of
from cnnsearch.search.plan.models import ROLES, ModelPlan, frozen_beside, models_of, representatives
from cnnsearch.search.preflight import fit_to_classes
from cnnsearch.search.trial.messages import Sized
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.leaves import takes
from cnnsearch.spaces.space import Space

DRAWS = 400
"""Chance draws for the share of impossible ones."""
ASSUMED_CLASSES = 2
"""How many classes a model is built for where no data say it."""

Progress = Callable[[str], None]
"""Told what is done next."""


@dataclass(frozen=True)
class Plan:
    """All that is known before a search.

    Attributes:
        space: what is searched.
        classes: in the data; assumed where `images` is None.
        images: in each part of the data; None where they cannot be read.
        forks: the choices between branches.
        draws: how many were tried by chance.
        impossible: which of these no model can be built from.
        built: how many models were built.
        models: `smallest`, `median` (of chance draws) and `largest` by weights.
        costliest: the model with the most FLOPs in a training step.
        slots: where trials run side by side.
        trials: how many the search makes.
        forecast: None where nothing could be timed.
        frozen: what the frozen parts of networks cost, the dearest first; none where the images cannot be read.
        notes: what else a person should know.
    """

    space: Space
    classes: int
    images: Mapping[str, int] | None
    forks: tuple[Fork, ...]
    draws: int
    impossible: tuple[Refusal, ...]
    built: int
    models: Mapping[str, ModelPlan]
    costliest: ModelPlan
    slots: tuple[Slot, ...]
    trials: int
    forecast: Forecast | None
    frozen: tuple[FrozenCost, ...]
    notes: tuple[str, ...]


def make_plan(space: Space, cache: Path | None = None, progress: Progress = lambda _: None) -> Plan:
    """Plan a search of this space on this machine; no model is trained for longer than some seconds.

    Args:
        cache: where decoded images are kept; None for the user's cache folder.

    Raises:
        CnnSearchError: the head does not fit the classes, or no model of the space can be built.
    """
    missing = unavailable_weights(space)
    notes = _left_out(missing)
    datasets = Datasets(cache, lambda done, of: progress(f"decoding images: {done} of {of}"))
    dataset = _dataset(datasets, space, notes)
    classes = len(dataset.classes) if dataset else ASSUMED_CLASSES
    space = with_discovered(_fitting(space, dataset, notes), classes)
    draws = list(itertools.islice(chance(space), DRAWS))
    progress("building models in outline")
    sized = sizes_of(space, classes)
    chosen = representatives(space, sized)
    slots, trials = devices_of(space.document.search), space.document.search.trials if space.parameters else 1
    found, frozen = None, tuple[FrozenCost, ...]()
    if dataset:
        likely = models_of(space, _to_be_tried(sized, missing))
        wanted = {**chosen, **frozen_beside(chosen, likely)}
        stands = timed(wanted, Clocks(space, datasets, one_of(slots[0]), progress))
        chosen = {role: stands[role] for role in chosen}
        found = forecast(space, likely, list(stands.values()), dataset, len(slots), trials)
        frozen = frozen_costs(likely, dataset, making_rates(stands.values()))
        notes += _without_room(frozen, trials, cache)
    notes += _not_reckoned_with(space, slots)
    return Plan(
        space=space,
        classes=classes,
        images=_images(dataset),
        forks=forks(space, sized),
        draws=len(draws),
        impossible=tuple(refused(space, draws)),
        built=sum(each.size is not None for each in sized),
        models={role: chosen[role] for role in ROLES},
        costliest=chosen["costliest"],
        slots=slots,
        trials=trials,
        forecast=found,
        frozen=frozen,
        notes=tuple(notes),
    )


def _not_reckoned_with(space: Space, slots: Sequence[Slot]) -> Iterator[str]:
    """What would make the search faster than this says."""
    if space.document.search.per_device != 1:
        yield "search.per_device is not reckoned with: trials side by side share a device, and may be faster."
    if len(slots[0].gpus) > 1:
        yield "search.strategy is not reckoned with: models are timed on one device, several may be faster."


def _left_out(missing: Mapping[str, str]) -> list[str]:
    return [
        f"{message} cnnsearch run leaves {name} out, and so do the times of the search."
        for name, message in missing.items()
    ]


def _fitting(space: Space, dataset: Dataset | None, notes: list[str]) -> Space:
    """The space without what the classes of the images do not allow, each with a note."""
    if dataset is None:
        return space
    space, unfit = fit_to_classes(space, dataset.classes)
    notes += unfit
    return space


def _images(dataset: Dataset | None) -> dict[str, int] | None:
    return {part: len(dataset.rows(part)) for part in PARTS} if dataset else None


def _dataset(datasets: Datasets, space: Space, notes: list[str]) -> Dataset | None:
    """The space's images at one of its sizes; None with a note where they cannot be read."""
    try:
        dataset = datasets.first_of(space)
    except CnnSearchError as error:
        notes.append(f"{error} So nothing is timed, and models are built for {ASSUMED_CLASSES} classes.")
        return None
    return dataset


def _to_be_tried(sized: Sequence[Sized], missing: Collection[str]) -> list[Sized]:
    """The chance draws that are like the trials of a search, which leaves out branches whose weights are missing."""
    drawn = [each for each in sized if each.drawn]
    return [each for each in drawn if not any(takes(each.values, name) for name in missing)] or drawn


def _without_room(frozen: Sequence[FrozenCost], trials: int, cache: Path | None) -> list[str]:
    """A note where the disk has no room for the features of the search; nothing where it does not say."""
    root, needed = cache or default_cache_folder(), sum(cost.bytes_in(trials) for cost in frozen)
    try:
        free = disk_usage(root).free
    except OSError:
        return []
    if needed <= free:
        return []
    return [
        f"{root}: the features of all trials need {bytes_text(needed)}, got {bytes_text(free)} free. Set augment.views "
        f"to fewer, `features: float16` in the network's section, or {CACHE_VARIABLE} to a folder on another disk."
    ]
