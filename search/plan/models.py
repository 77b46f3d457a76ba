"""The models that stand for a space: its smallest, its median and its largest, and the one that costs the most."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnnsearch.search.model.phase_size import PhaseSize
from cnnsearch.search.model.size import ModelSize
from cnnsearch.search.plan.frozen import FrozenPart, frozen_part
from cnnsearch.search.plan.measure import Measured
from cnnsearch.search.trial.messages import Sized
from cnnsearch.spaces.document import Configuration, branch_of, sizes
from cnnsearch.spaces.phases import phases
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar

ROLES = ("smallest", "median", "largest")
"""By weights; `costliest` is the fourth, the model with the most FLOPs in a training step."""
_MOST_BESIDE = 4
"""Models that are timed beside the models that stand for a space."""


@dataclass(frozen=True)
class PhasePlan:
    """One phase of a model's training.

    Attributes:
        network: the name of the model's branch.
        size: what the model costs in it.
        frozen: its frozen part, and what of that is kept; None where there is none.
        epochs: how many it has at most.
        measured: how long it took here; None where it was not timed.
    """

    network: str
    size: ModelSize
    frozen: FrozenPart | None
    epochs: int
    measured: Measured | None = None

    @property
    def is_fed_features(self) -> bool:
        """Whether its frozen part runs in no step."""
        return self.frozen is not None and self.frozen.is_kept

    @property
    def kind(self) -> str:
        """What it has in common with others that run at its pace: the network, and where the trained part begins."""
        if self.frozen is None:
            return self.network
        return f"{self.network} behind {self.frozen.size.layer}{' on features' if self.frozen.is_kept else ''}"

    @property
    def flops(self) -> int:
        """Operations of what runs on each view of a validation image."""
        return self.size.flops - (self.frozen.size.flops if self.frozen and self.is_fed_features else 0)

    def memory(self, batch_size: int) -> int:
        """Bytes that it needs, the making of its features included."""
        making = 4 * self.size.parameters + self.frozen.memory if self.frozen else 0
        return max(self.size.memory(batch_size), making)


@dataclass(frozen=True)
class ModelPlan:
    """One model of a space.

    Attributes:
        values: the parameters it comes from.
        phases: of its training, one or two.
        batch_size, image_size: how it is trained; the size is (height, width) in pixels.
        views: how many views of a validation image it looks at.
        steps_per_epoch: batches in an epoch; None for as many as take every image once.
        accumulate: in how many parts a batch goes through the network.
        untimed: why it could not be timed, if it was tried.
    """

    values: Mapping[str, Scalar]
    phases: tuple[PhasePlan, ...]
    batch_size: int
    image_size: tuple[int, int]
    views: int = 1
    steps_per_epoch: int | None = None
    accumulate: int = 1
    untimed: str = ""

    @property
    def size(self) -> ModelSize:
        """What it costs in its first phase."""
        return self.phases[0].size

    @property
    def work(self) -> int:
        """Training FLOPs of an image in its costliest phase."""
        return max(phase.size.training_flops for phase in self.phases)

    @property
    def epochs(self) -> int:
        """How many a training has at most, in all phases."""
        return sum(phase.epochs for phase in self.phases)

    @property
    def memory(self) -> int:
        """Bytes that its training needs; what the backend takes for itself comes on top."""
        return max(phase.memory(-(-self.batch_size // self.accumulate)) for phase in self.phases)


def representatives(space: Space, sized: Sequence[Sized]) -> dict[str, ModelPlan]:
    """The models that stand for the space, by their roles; one of several models of a role is the first built."""
    built = sorted(models_of(space, sized), key=lambda model: (model.size.parameters, model.work))
    drawn = sorted(models_of(space, [each for each in sized if each.drawn]), key=lambda model: model.size.parameters)
    median = (drawn or built)[(len(drawn or built) - 1) // 2]
    # Where they tie, the model that is there already.
    costliest = max([built[-1], *built], key=lambda model: model.work)
    return {"smallest": built[0], "median": median, "largest": built[-1], "costliest": costliest}


def frozen_beside(chosen: Mapping[str, ModelPlan], likely: Sequence[ModelPlan]) -> dict[str, ModelPlan]:
    """Models with frozen parts that run at a pace which none of those chosen has: the most frequent ones."""
    known = {phase.kind for model in chosen.values() for phase in model.phases}
    new = Counter(phase.kind for model in likely for phase in model.phases if phase.frozen and phase.kind not in known)
    found: dict[str, ModelPlan] = {}
    for kind, _ in new.most_common(_MOST_BESIDE):
        found[kind] = next(model for model in likely if any(phase.kind == kind for phase in model.phases))
    return found


def models_of(space: Space, sized: Sequence[Sized]) -> list[ModelPlan]:
    """The models that could be built, in the order in which they were."""
    return [_model(space, each) for each in sized if each.phases]


def _model(space: Space, sized: Sized) -> ModelPlan:
    configuration = space.configuration(sized.values)
    course = zip(phases(configuration), sized.phases, strict=True)
    return ModelPlan(
        sized.values,
        tuple(_phase(space, sized.values, phase, size) for phase, size in course),
        configuration.training.batch_size,
        sizes(configuration.data.image_size),
        configuration.evaluation.views,
        configuration.training.steps_per_epoch,
        accumulate=configuration.training.accumulate,
    )


def _phase(space: Space, values: Mapping[str, Scalar], phase: Configuration, sized: PhaseSize) -> PhasePlan:
    frozen = frozen_part(space, values, phase, sized.frozen) if sized.frozen else None
    return PhasePlan(branch_of(phase.model)[0], sized.size, frozen, phase.training.epochs)
