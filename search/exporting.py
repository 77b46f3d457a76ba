"""What is left of a search whose trials have ended: the folder of its best model."""

from collections.abc import Iterator
from dataclasses import replace

from cnnsearch.search.best import DamagedModel, TrainedModel, export_model, kept_of
from cnnsearch.search.confirmed_model import confirmed_model
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.confirming import as_trained
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Listener, Told, Warned
from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.outcome import phases_to_best
from cnnsearch.search.prepared import Prepared
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_status import seen_images
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.trial.batches import evaluation_batch
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.rungs import on_rung
from cnnsearch.spaces.space import Space, configuration_yaml


def export_best(
    prepared: Prepared, trials: list[TrialRecord], objectives: Objectives, slot: Slot, say: Listener
) -> ModelFolder | None:
    """Export the confirmed model, else the best trial's, evaluated on validation and, for the first time, test part.

    One that cannot be evaluated is exported without scores; in the place of one whose file is damaged stands the next.
    None where no model is on disk. `say` hears what is shown of the model, and what of that is not.

    Raises:
        DamagedModel: of all that are on disk, none is whole.
        CnnSearchError: the disk is full.
    """
    run, damaged = prepared.run, list[DamagedModel]()
    for trained in _candidates(prepared, trials, objectives):
        try:
            export_model(run.best, replace(trained, metrics=objectives.metrics), ("validation", "test"), slot, say=say)
        except DamagedModel as error:
            say(Warned(f"{error} The next best model takes its place, if there is one."))
            damaged.append(error)
        else:
            _tell_of_rung(run, trials, trained.origin, say)
            return run.best
    if damaged:
        raise damaged[0]
    return None


def _candidates(prepared: Prepared, trials: list[TrialRecord], objectives: Objectives) -> Iterator[TrainedModel]:
    """The confirmed model, then those of the trials whose models are on disk, the best first."""
    run = prepared.run

    def asked_of(trial: TrialRecord) -> tuple[Dataset, int]:
        configuration = as_trained(trained_configuration(prepared.space, trial), trial)
        return prepared.datasets.of(configuration.data), evaluation_batch(configuration)

    confirmed = confirmed_model(run, lambda number: asked_of(trials[number]))
    if confirmed:
        yield confirmed
    for trial in kept_of(run, trials, objectives):
        dataset, batch = asked_of(trial)
        yield replace(trained_model(run, trial, dataset, objectives), batch=batch)


def _tell_of_rung(run: RunFolder, trials: list[TrialRecord], origin: Origin | None, say: Listener) -> None:
    """Say of a model that was trained on less than its configuration names that it was."""
    rung = trials[origin.trial].rung if origin else None
    if origin and rung and not rung.is_last:
        reached = f"rung {rung.number} of {rung.of} only (fidelity {rung.fidelity})"
        whole = f"its config.yaml of the whole one, which cnnsearch retrain {run.path} makes"
        say(Told(f"the best trial, {origin.trial}, came to {reached}: its model is of that training, {whole}"))


def trained_model(run: RunFolder, trial: TrialRecord, dataset: Dataset, objectives: Objectives) -> TrainedModel:
    """The model that a trial left in its folder, to be asked about these images."""
    folder, epoch = run.trial(trial.number), objectives.epoch
    seen = seen_images(run, trial.data, dataset.fingerprint)
    origin = Origin.of(trial, epoch, phases_to_best(trial, epoch), objectives.named_values(trial))
    return TrainedModel(folder.model, folder.config, dataset, origin, trial.data, seen=seen)


def written(space: Space, trial: TrialRecord) -> str:
    """The configuration of a trial as a file that it can be trained from again, its seed included."""
    configuration = as_trained(with_seed(whole_configuration(space, trial), trial.number), trial)
    return configuration_yaml(configuration, f"trial {trial.number}")


def whole_configuration(space: Space, trial: TrialRecord) -> Configuration:
    """What a trial was drawn as: that of the last rung, where there are rungs."""
    return space.configuration(decoded(space, trial.values))


def trained_configuration(space: Space, trial: TrialRecord) -> Configuration:
    """What a trial trained last: that of its rung, where it did not reach the last one."""
    configuration = whole_configuration(space, trial)
    return on_rung(configuration, trial.rung) if trial.rung else configuration
