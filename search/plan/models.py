"""The models that stand for a space: its smallest, its median and its largest, and the one that costs the most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnnsearch.search.model.size import ModelSize
from cnnsearch.search.plan.measure import Measured
from cnnsearch.search.trial.messages import Sized
from cnnsearch.spaces.document import sizes
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar

ROLES = ("smallest", "median", "largest")
"""By weights; `costliest` is the fourth, the model with the most FLOPs in a training step."""


@dataclass(frozen=True)
class ModelPlan:
    """One model of a space.

    Attributes:
        values: the parameters it comes from.
        size: what it costs.
        batch_size, image_size, epochs: how it is trained; the size is (height, width) in pixels.
        steps_per_epoch: batches in an epoch; None for as many as take every image once.
        measured: how long it took here; None where it was not timed.
        untimed: why it could not be timed, if it was tried.
    """

    values: Mapping[str, Scalar]
    size: ModelSize
    batch_size: int
    image_size: tuple[int, int]
    epochs: int
    steps_per_epoch: int | None = None
    measured: Measured | None = None
    untimed: str = ""

    @property
    def memory(self) -> int:
        """Bytes that its training needs; what the backend takes for itself comes on top."""
        return self.size.memory(self.batch_size)


def representatives(space: Space, sized: Sequence[Sized]) -> dict[str, ModelPlan]:
    """The models that stand for the space, by their roles; one of several models of a role is the first built."""
    built = sorted(models_of(space, sized), key=lambda model: (model.size.parameters, model.size.training_flops))
    drawn = sorted(models_of(space, [each for each in sized if each.drawn]), key=lambda model: model.size.parameters)
    median = (drawn or built)[(len(drawn or built) - 1) // 2]
    # Where they tie, the model that is there already.
    costliest = max([built[-1], *built], key=lambda model: model.size.training_flops)
    return {"smallest": built[0], "median": median, "largest": built[-1], "costliest": costliest}


def models_of(space: Space, sized: Sequence[Sized]) -> list[ModelPlan]:
    """The models that could be built, in the order in which they were."""
    return [_model(space, each.values, each.size) for each in sized if each.size]


def _model(space: Space, values: Mapping[str, Scalar], size: ModelSize) -> ModelPlan:
    configuration = space.configuration(values)
    training = configuration.training
    image_size = sizes(configuration.data.image_size)
    return ModelPlan(values, size, training.batch_size, image_size, training.epochs, training.steps_per_epoch)
