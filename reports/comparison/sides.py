"""What is compared: a trial of a run (`RUN:7` or `RUN/trials/0007`), a run's best model, or a model folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cnnsearch.reports.predictions import Predictions, read_predictions
from cnnsearch.reports.ranking.reading import scored_images
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.history_file import read_history
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import Epoch, Origin, TrialRecord
from cnnsearch.search.run_folder import MODEL, ModelFolder, RunFolder
from cnnsearch.search.run_status import images_under, trained_on
from cnnsearch.search.study.reading import read_study
from cnnsearch.spaces.errors import CnnSearchError, Problem

_TRIAL = re.compile(r"(?P<run>.+):(?P<number>\d+)")


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes:
        name: as the person wrote it.
        told: what it is, such as `trial 7 of basic-001`.
        config: its configuration file, which may be missing.
        trial: its trial; None for a model folder outside a run.
        objectives: what its run ranks by; None where there is no run.
        images: how many images the trial's score is of; None where nobody knows.
        epochs: of its training; none where nothing tells them.
        predictions: what it says of validation and test images; None where there are none.
        missing: why there are none, and what makes them.
        contents: the hashes of the images by their names, as far as its run's description has them.
        unasked: the run whose trial has a model that was asked about no image yet; None for any other.
    """

    name: str
    told: str
    config: Path
    trial: TrialRecord | None = None
    objectives: Objectives | None = None
    images: int | None = None
    epochs: tuple[Epoch, ...] = ()
    predictions: Predictions | None = field(default=None, repr=False)
    missing: str = ""
    contents: Mapping[str, str] = field(default_factory=dict, repr=False)
    unasked: RunFolder | None = None


def side_of(text: str) -> Side:
    """What a person named.

    Raises:
        CnnSearchError: it is neither a trial nor a run nor a model folder, or it is damaged.
    """
    path = Path(text)
    run = RunFolder(path)
    if run.has_study:
        return _best(text, run)
    if path.parent.name == "trials" and path.name.isdigit() and RunFolder(path.parent.parent).has_study:
        return _of_trial(text, RunFolder(path.parent.parent), int(path.name))
    parts = _TRIAL.fullmatch(text)
    if parts and RunFolder(Path(parts["run"])).has_study:
        return _of_trial(text, RunFolder(Path(parts["run"])), int(parts["number"]))
    folder = ModelFolder(path.parent if path.name == MODEL else path)
    if folder.classes.is_file():
        return _of_model(text, folder)
    got = "a folder without" if path.is_dir() else "nothing there"
    rule = f"a run, a trial of a run, or a model folder is needed, got {got}."
    raise CnnSearchError(str(Problem(text, rule, "Name one such as runs/basic-001, runs/basic-001:7 or a best/.")))


def _best(text: str, run: RunFolder) -> Side:
    """A run's best model, or its best trial where no model is left."""
    study = read_study(run)
    origin = _origin(run.best)
    ranked = rank(list(study.trials), study.objectives)
    if origin is None and not ranked:
        rule = "a run to compare needs a trial with a score, got none."
        raise CnnSearchError(str(Problem(str(run.path), rule, f"cnnsearch report {run.path} says why.")))
    number = ranked[0].number if origin is None else origin.trial
    return _of_trial(text, run, number)


def _of_trial(text: str, run: RunFolder, number: int) -> Side:
    study = read_study(run)
    trial = next((trial for trial in study.trials if trial.number == number), None)
    if trial is None:
        rule = f"a run of {len(study.trials)} trials, got trial {number}."
        raise CnnSearchError(str(Problem(str(run.path), rule, f"cnnsearch report {run.path} lists them.")))
    predictions, missing = _predictions_of(run, number)
    images = scored_images(run, study.trials).get(trial.fingerprint)
    told, config = f"trial {number} of {run.path.resolve().name}", run.trial(number).config
    origin = _origin(run.best)
    if predictions and origin and origin.trial == number and origin.confirmed:
        told += f"; its model is retraining {origin.confirmed.retraining} of {origin.confirmed.seeds} with new seeds"
    has_model = trial.status.ended and run.trial(number).model.is_file()
    unasked = run if has_model and predictions is None else None
    goals, contents = study.objectives, _contents(images_under(run, trial.fingerprint))
    return Side(text, told, config, trial, goals, images, trial.epochs, predictions, missing, contents, unasked)


def _contents(images: Summary | None) -> dict[str, str]:
    """The hashes of images by their names; none where nothing describes them."""
    return {name: file.content for name, file in images.files.items()} if images else {}


def _predictions_of(run: RunFolder, number: int) -> tuple[Predictions | None, str]:
    """What is known of a trial's model, and why nothing is, with the command that makes it."""
    origin = _origin(run.best)
    if origin is not None and origin.trial == number and run.best.predictions.is_file():
        return read_predictions(run.best), ""
    folder = run.trial(number)
    if _is_answered(folder):
        return read_predictions(folder), ""
    config = run.trial(number).config
    if not config.is_file():
        return None, f"trial {number} of {run.path} has no configuration left to train it from"
    return None, f"trial {number} has no predictions; cnnsearch retrain {config} makes a model folder that has"


def _is_answered(folder: ModelFolder) -> bool:
    """Whether a trial's model was asked, and did not train on since, as one that climbs to another rung does."""
    if not (folder.predictions.is_file() and folder.classes.is_file()):
        return False
    return not folder.model.is_file() or folder.model.stat().st_mtime <= folder.predictions.stat().st_mtime


def _origin(folder: ModelFolder) -> Origin | None:
    return ModelLabel.read(folder.classes).origin if folder.classes.is_file() else None


def _of_model(text: str, folder: ModelFolder) -> Side:
    known = folder.predictions.is_file()
    predictions = read_predictions(folder) if known else None
    missing = "" if known else f"{folder.path} has no predictions.csv; cnnsearch retrain {folder.path} makes one"
    run = folder.run
    origin = _origin(folder)
    if folder.path.resolve().name == "best" and run.has_study and origin is not None:
        return _of_trial(text, run, origin.trial)
    epochs, contents = read_history(folder.history), _contents(trained_on(folder))
    told = "a model folder"
    return Side(text, told, folder.config, epochs=epochs, predictions=predictions, missing=missing, contents=contents)
