"""The last step of a search: its model is exported, and asked about the test part for the first time."""

from dataclasses import dataclass, replace

from cnnsearch.search.best import TrainedModel, best_of, export_model
from cnnsearch.search.confirmed_model import confirmed_model
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.confirming import as_trained
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.outcome import phases_to_best
from cnnsearch.search.records import Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_status import seen_images
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.rungs import on_rung
from cnnsearch.spaces.space import Space, configuration_yaml


@dataclass(frozen=True)
class Finish:
    """Exports the confirmed model, else the best trial's, evaluated on validation and test part.

    Attributes:
        run: where it goes.
        space: what was searched.
        datasets: the images.
        study: the trials.
        slot: where the model is evaluated.
    """

    run: RunFolder
    space: Space
    datasets: Datasets
    study: TrialStudy
    slot: Slot

    def __call__(self) -> ModelFolder | None:
        """The folder of the model; None where no trial has one."""
        trials, objectives = self.study.records(), self.study.objectives
        trained = confirmed_model(self.run, lambda number: self._images_of(trials[number]))
        best = best_of(self.run, trials, objectives)
        if trained is None and best is not None:
            trained = self._trained(best)
        if trained is None:
            return None
        export_model(self.run.best, replace(trained, metrics=objectives.metrics), ("validation", "test"), self.slot)
        return self.run.best

    def _trained(self, best: TrialRecord) -> TrainedModel:
        objectives, dataset, folder = self.study.objectives, self._images_of(best), self.run.trial(best.number)
        epoch = objectives.epoch
        seen = seen_images(self.run, best.data, dataset.fingerprint)
        origin = Origin.of(best, epoch, phases_to_best(best, epoch), objectives.named_values(best))
        return TrainedModel(folder / "model.keras", folder / "config.yaml", dataset, origin, best.data, seen)

    def _images_of(self, trial: TrialRecord) -> Dataset:
        return self.datasets.of(configuration_of(self.space, trial).data)


def written(space: Space, trial: TrialRecord) -> str:
    """The configuration of a trial as a file that it can be trained from again, its seed included."""
    configuration = as_trained(with_seed(configuration_of(space, trial), trial.number), trial)
    return configuration_yaml(configuration, f"trial {trial.number}")


def configuration_of(space: Space, trial: TrialRecord) -> Configuration:
    """What a trial trained last: that of its rung, where it did not reach the last one."""
    configuration = space.configuration(decoded(space, trial.values))
    return on_rung(configuration, trial.rung) if trial.rung else configuration
