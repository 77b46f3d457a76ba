"""What a trial is fed: images and targets in batches, as its configuration wants them."""

from collections.abc import Sequence

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.feeding.in_parts import InParts
from cnnsearch.search.dataset.feeding.inputs import Inputs
from cnnsearch.search.dataset.feeding.mixing import Mixing
from cnnsearch.search.dataset.feeding.targets import Targets
from cnnsearch.search.model.loss import target_columns
from cnnsearch.spaces.document import Configuration

EVALUATION_BATCH = 128
"""Images in a batch where no gradient is kept."""


def evaluation_batch(configuration: Configuration) -> int:
    """Images that a trained model is asked about at once: fewer where training batches go through it in parts."""
    return max(1, EVALUATION_BATCH // configuration.training.accumulate)


def training_batches(
    configuration: Configuration, dataset: Dataset, parts: Sequence[str], seed: int, inputs: Inputs | None = None
) -> Batches:
    """Shuffled batches of these parts, with smoothed and mixed targets and weights where the configuration says so.

    `inputs` are fed in the place of the images.
    """
    training, augment = configuration.training, configuration.augment
    columns = target_columns(configuration, len(dataset.classes))
    return Batches(
        dataset,
        parts,
        training.batch_size,
        seed=seed,
        steps=training.steps_per_epoch,
        targets=Targets(columns, training.label_smoothing, training.class_weights),
        mixing=Mixing(augment.mixup, augment.cutmix),
        inputs=inputs,
    )


def in_parts(configuration: Configuration, batches: Batches) -> Batches | InParts:
    """The batches, in as many parts as the configuration says."""
    parts = configuration.training.accumulate
    return batches if parts == 1 else InParts(batches, parts)


def validation_batches(
    configuration: Configuration,
    dataset: Dataset,
    part: str,
    batch_size: int | None = None,
    inputs: Inputs | None = None,
) -> Batches:
    """Batches of one part with targets of the same form, but neither smoothed, weighted nor mixed.

    So the val_loss of two trials says which of them is the better model, whatever each was trained with. Without a
    batch size they are as large as fits where training batches go through the network in parts.
    """
    size = evaluation_batch(configuration) if batch_size is None else batch_size
    targets = Targets(target_columns(configuration, len(dataset.classes)))
    return Batches(dataset, (part,), size, shuffle=False, targets=targets, inputs=inputs)
