"""The model that a trial left in its folder: asked about the validation images when somebody compares it."""

from cnnsearch.search.best import describe
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.engine.confirming import as_trained
from cnnsearch.search.engine.crew import devices_of
from cnnsearch.search.evaluating import Asking, answered
from cnnsearch.search.exporting import trained_configuration, trained_model
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.request import Progress
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.trial.batches import evaluation_batch
from cnnsearch.search.trial.evaluation import EvaluationJob, run_evaluation
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space


def ask_kept_model(run: RunFolder, trial: TrialRecord, progress: Progress | None = None) -> None:
    """Write what a trial's model says of the validation images; its folder then is a model folder.

    It is not asked about the test images: these are for the one model that a search ends with.

    Args:
        progress: told (images done, images in all) while images are decoded that are no more in the cache.

    Raises:
        CnnSearchError: the images are others than those that it was trained on, or gone, or the model cannot be asked.
    """
    space = load_space(run.resolved, allow_code=True)
    configuration, folder = as_trained(trained_configuration(space, trial), trial), run.trial(trial.number)
    dataset = prepare_dataset(configuration.data, None, progress)
    if trial.fingerprint not in ("", dataset.fingerprint):
        raise CnnSearchError(
            f"{dataset.source}: trial {trial.number} is asked about the images of its own search, got others. "
            "They have changed since: it can be compared no more."
        )
    trained = trained_model(run, trial, dataset, Objectives.of(configuration.search))
    batch = evaluation_batch(configuration)
    job = EvaluationJob(folder.model, dataset.reference(), ("validation",), folder.predictions, batch=batch)
    log = folder.path / "asked.txt"
    slot = devices_of(configuration.search)[0]
    broken = answered(Asking(slot, log, work=run_evaluation), job)
    if broken:
        raise CnnSearchError(f"{folder.model}: it must be able to answer, got {broken.failure}: {broken.message}.")
    log.unlink(missing_ok=True)
    describe(folder, trained)
