"""What is left of a search whose trials have ended: the folder of its best model."""

from dataclasses import replace

from cnnsearch.search.best import TrainedModel, best_of, export_model
from cnnsearch.search.confirmed_model import confirmed_model
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.confirming import as_trained
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Listener
from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.outcome import phases_to_best
from cnnsearch.search.prepared import Prepared
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_status import seen_images
from cnnsearch.search.seeds import with_seed
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.rungs import on_rung
from cnnsearch.spaces.space import Space, configuration_yaml


def export_best(
    prepared: Prepared, trials: list[TrialRecord], objectives: Objectives, slot: Slot, say: Listener
) -> ModelFolder | None:
    """Export the confirmed model, else the best trial's, evaluated on validation and, for the first time, test part.

    None where no model is on disk. `say` hears what is shown of the model, and what of that is not.

    Raises:
        CnnSearchError: it could not be evaluated.
    """
    run = prepared.run

    def dataset_of(trial: TrialRecord) -> Dataset:
        return prepared.datasets.of(trained_configuration(prepared.space, trial).data)

    trained = confirmed_model(run, lambda number: dataset_of(trials[number]))
    best = best_of(run, trials, objectives)
    if trained is None and best is not None:
        trained = trained_model(run, best, dataset_of(best), objectives)
    if trained is None:
        return None
    export_model(run.best, replace(trained, metrics=objectives.metrics), ("validation", "test"), slot, say=say)
    return run.best


def trained_model(run: RunFolder, trial: TrialRecord, dataset: Dataset, objectives: Objectives) -> TrainedModel:
    """The model that a trial left in its folder, to be asked about these images."""
    folder, epoch = run.trial(trial.number), objectives.epoch
    seen = seen_images(run, trial.data, dataset.fingerprint)
    origin = Origin.of(trial, epoch, phases_to_best(trial, epoch), objectives.named_values(trial))
    return TrainedModel(folder.model, folder.config, dataset, origin, trial.data, seen=seen)


def written(space: Space, trial: TrialRecord) -> str:
    """The configuration of a trial as a file that it can be trained from again, its seed included."""
    configuration = as_trained(with_seed(trained_configuration(space, trial), trial.number), trial)
    return configuration_yaml(configuration, f"trial {trial.number}")


def trained_configuration(space: Space, trial: TrialRecord) -> Configuration:
    """What a trial trained last: that of its rung, where it did not reach the last one."""
    configuration = space.configuration(decoded(space, trial.values))
    return on_rung(configuration, trial.rung) if trial.rung else configuration
