"""Trains one configuration again, alone: from a run's best configuration or from any file without searched values."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.search.best import TrainedModel, export_model
from cnnsearch.search.chosen_run import DataChanged
from cnnsearch.search.dataset.change import Summary, change_between
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.engine.crew import devices_of
from cnnsearch.search.engine.dialogue import Dialogue
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.events import EpochEnded, Listener, Told, TrialBuilt, TrialEnded, TrialStarted, Warned
from cnnsearch.search.history_file import write_history
from cnnsearch.search.outcome import phases_to_best
from cnnsearch.search.preflight import fit_to_classes, without_unavailable_weights
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Failure, Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, TrialFolder
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.trial.batches import evaluation_batch
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import Built, EpochDone, Verdict
from cnnsearch.search.trial.training import run_trial
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import epochs_of
from cnnsearch.spaces.space import Space, configuration_yaml

_ADVICE = {Failure.OOM: " Set training.accumulate to twice its value: batches then go through in smaller parts."}


@dataclass(frozen=True)
class RetrainRequest:
    """What is trained again.

    Attributes:
        space: of one point.
        folder: where the model folder goes.
        full: train on train and validation images together; then nothing stops it early, and its last epoch is kept.
        origin: the trial of a search that is trained again, if it is one.
        cache: where decoded images are kept; None for the user's cache folder.
        known: the images that it was trained on then; None where nobody knows them, or others are asked for.
    """

    space: Space
    folder: ModelFolder
    full: bool
    origin: Origin | None = None
    cache: Path | None = None
    known: Summary | None = None


def retrain(
    request: RetrainRequest, listeners: Sequence[Listener] = (), progress: Callable[[int, int], None] | None = None
) -> TrialRecord:
    """Train, evaluate, and leave a model folder of the same shape as a run's `best/`; without predictions where the
    model cannot be evaluated.

    Raises:
        DataChanged: the images are others than those known.
        CnnSearchError: the data or the weights do not allow it, or the training failed.
    """
    _check_writable(request.folder)
    space, _ = without_unavailable_weights(request.space)
    configuration = with_seed(space.configuration({}), number=0)
    dataset = prepare_dataset(configuration.data, request.cache, progress)
    _check_known(request.known, Summary.of(dataset.summary()))
    fit_to_classes(space, dataset.classes)  # a space of one point has nothing to leave out: it fits or is refused
    slot = devices_of(configuration.search)[0]
    with tempfile.TemporaryDirectory(prefix="cnnsearch-") as scratch:
        files = TrialFolder(Path(scratch))
        config, model, log = files.config, files.model, files.log
        job = TrialJob(
            configuration=configuration,
            dataset=dataset.reference(),
            train=("train", "validation") if request.full else ("train",),
            validation=None if request.full else "validation",
            objective=Objectives.of(configuration.search).epoch,
            seed=configuration.training.seed or 0,
            model=model,
        )
        dialogue = _Dialogue(request, listeners, configuration)
        broken = run_in_child(Work(run_trial, job, log, slot.environment), dialogue.answer)
        if broken:
            kept = _keep_log(log, request.folder)
            advice = _ADVICE.get(broken.failure, "")
            raise CnnSearchError(f"{kept}: the training must succeed, got {broken.failure}: {broken.message}.{advice}")
        config.write_text(configuration_yaml(dialogue.as_built(configuration)), encoding="utf-8")
        parts = ("test",) if request.full else ("validation", "test")
        record = dialogue.ended()
        again = request.origin and request.origin.retrained(record, phases_to_best(record, job.objective))
        metrics, batch = configuration.search.metrics, evaluation_batch(configuration)
        trained = TrainedModel(model, config, dataset, again, parts=job.train, metrics=metrics, batch=batch)
        export_model(request.folder, trained, parts, slot, say=dialogue.say)
    write_history(request.folder.history, record.epochs)
    write_json(request.folder.dataset, dataset.summary())
    return record


def _check_known(known: Summary | None, now: Summary) -> None:
    """Refuse to compare trainings on different images without saying so.

    Raises:
        DataChanged: the images are others than those known.
    """
    if known is None or known.fingerprint == now.fingerprint:
        return
    change = change_between(known, now)
    if change.matters:
        raise DataChanged(
            f"{now.source}: a retraining wants the images of the first training, got a change: {change}. "
            "--accept-data-change trains on the images of now, whose scores cannot be compared; --data names others."
        )


def _check_writable(folder: ModelFolder) -> None:
    """Make the place for the new model's folder, and something in it: before the training, not after hours of it."""
    try:
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder.path.parent).close()
    except OSError as error:
        raise CnnSearchError(
            f"{folder.path}: the new model's folder must be writable, got {error.strerror}. Name another with --out."
        ) from error


def _keep_log(log: Path, folder: ModelFolder) -> Path:
    """A failed training leaves its log beside where its model would be."""
    kept = folder.path.with_name(f"{folder.path.name}.log.txt")
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(log, kept)
    return kept


class _Dialogue(Dialogue):
    """What the parent says to a retraining's process: always go on."""

    def __init__(self, request: RetrainRequest, listeners: Sequence[Listener], configuration: Configuration) -> None:
        super().__init__()
        self._folder, self._listeners = request.folder, listeners
        self._objective = Objectives.of(configuration.search).epoch
        self.say(TrialStarted(0, {}, "retrain", epochs_of(configuration)))

    def say(self, event: Told | Warned | TrialStarted | TrialBuilt | EpochEnded | TrialEnded) -> None:
        """Hand an event to all listeners."""
        for listener in self._listeners:
            listener(event)

    def _built(self, built: Built) -> None:
        self.say(TrialBuilt(0, built.parameters))

    def _noted(self, event: Warned | Told) -> None:
        self.say(event)

    def _judge(self, done: EpochDone) -> Verdict:
        self.say(EpochEnded(0, done.epoch))
        return Verdict.GO_ON

    def _wait(self) -> bool:
        raise CnnSearchError(
            f"{tempfile.gettempdir()}: the new model must have room here before it goes to {self._folder.path}, got a "
            "full disk. Make room, or set TMPDIR to a folder on another disk."
        )

    def ended(self) -> TrialRecord:
        record = self.trained(0, self._objective)
        self.say(TrialEnded(record))
        return record
