"""The training section: one trial's training."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from cnnsearch.spaces.sections.json_schema import Form, weights_by_class
from cnnsearch.spaces.sections.numbers import Positive, Seed
from cnnsearch.spaces.sections.objectives import check_metric
from cnnsearch.spaces.sections.optimizers import Schedule, ScheduleSection
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Section


class EarlyStopping(Section):
    """A trial ends when `monitor` has not improved for `patience` epochs."""

    monitor: Annotated[str, AfterValidator(check_metric)] = "val_loss"
    """What is watched: `val_loss`, `val_accuracy`, or a metric that `search` names as objective or constraint."""
    patience: Searched[Positive] = 3
    """Epochs without a better value before the end."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """How much better counts as better."""


def _weights_form(value: object) -> str:
    return "<mapping>" if isinstance(value, dict) else "<word>"


ClassWeights = Annotated[
    Annotated[Literal["none", "balanced"], Tag("<word>")]
    | Annotated[dict[str, Annotated[float, Field(ge=0)]], Tag("<mapping>"), Form(weights_by_class)],
    Discriminator(_weights_form),
]


Jit = Annotated[
    Annotated[Literal["auto"], Tag("<word>")] | Annotated[bool, Tag("<truth>")],
    Discriminator(lambda value: "<word>" if isinstance(value, str) else "<truth>"),
]


class Training(Section):
    """One trial's training."""

    epochs: Searched[Positive] = 20
    """At most so many; early stopping and pruning may end a trial before."""
    batch_size: Searched[Positive] = 32
    """Images in one step."""
    accumulate: Positive = 1
    """In so many parts a batch goes through the network, whose gradients make one step: the same training in less
    memory. A trial that runs out of memory is tried again with twice as many."""
    steps_per_epoch: Searched[Positive | None] = None
    """Batches in one epoch; null for as many as take every image once."""
    loss: Searched[Literal["crossentropy", "binary_crossentropy", "focal"]] = "crossentropy"
    """`crossentropy` of the output; `binary_crossentropy` of each output on its own; `focal`, which counts images that
    are classified well for less (arXiv:1708.02002)."""
    label_smoothing: Searched[Annotated[float, Field(ge=0, lt=1)]] = 0.0
    """Share of each training label that is spread over all classes; validation keeps its labels."""
    class_weights: Searched[ClassWeights] = "none"
    """`balanced` counts images of rare classes for more; a mapping gives each class its own weight."""
    clip_norm: Searched[Annotated[float, Field(gt=0)] | None] = None
    """All gradients together are scaled down to this length; null for never."""
    clip_value: Searched[Annotated[float, Field(gt=0)] | None] = None
    """Each gradient is cut off at this size; null for never."""
    ema: Searched[Annotated[float, Field(gt=0, lt=1)] | None] = None
    """Validates and keeps a running mean of the weights that forgets by this factor at each step, such as 0.99; null
    for the weights themselves."""
    schedule: Searched[Schedule] = Schedule(constant=ScheduleSection())
    """How the learning rate changes."""
    early_stopping: Searched[EarlyStopping | None] = EarlyStopping()
    """When a trial ends before its last epoch; null for never."""
    precision: Searched[Literal["auto", "float32", "bfloat16_steps", "mixed_bfloat16", "mixed_float16"]] = "auto"
    """Of the numbers in the network; weights and probabilities are float32 in any case. With `bfloat16_steps` only the
    training's steps are made in half precision: the model is measured and kept in float32. `auto` is the faster half
    precision of a GPU; on a CPU it is `bfloat16_steps` where it multiplies bfloat16 and a scratch network gains by
    it, else float32. The trial's configuration says which it was."""
    jit: Searched[Jit] = "auto"
    """Whether XLA compiles the training's steps. `auto` does so on a GPU where every layer allows it, and always with
    JAX; on a CPU with TensorFlow it costs more than it gains."""
    threads: Annotated[int, Field(ge=1)] | None = None
    """Of the CPU, that a trial computes with; null for as many as there are cores. Several trials on one CPU get more
    done with few threads each, such as 1 with `search.per_device: 2` on two cores. The last digits of a training
    depend on it, so a retraining takes the same number. With JAX it has no effect."""
    seed: Seed | None = None
    """Decides weights, dropout, augmentation and order; null for one that follows from search.seed and the trial."""
