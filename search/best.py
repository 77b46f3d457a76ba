"""A model folder: the model, the configuration it was trained from, its classes, its predictions on unseen images."""

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.dialogue import event_of
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Told, Warned
from cnnsearch.search.explaining.explain import run_evaluation_and_explain
from cnnsearch.search.file_hash import file_hash
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import Objective, Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.trial.evaluation import EvaluationJob
from cnnsearch.search.trial.messages import Evaluated, Message, Noted
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.errors import CnnSearchError

_EXPLAINING = 120.0
"""Seconds after which an explanation that goes on is given up."""


@dataclass(frozen=True)
class TrainedModel:
    """A model as its training left it.

    Attributes:
        model: the Keras file.
        config: its configuration file.
        dataset: what it is asked about.
        origin: the trial that it was, if it was one.
        stamp: of the images that it was trained on; empty for those of `dataset`.
        parts: those that it was trained on.
        seen: by part, the hashes of images that a training on earlier images knew: it is not asked about these.
        metrics: what it is measured by beside the usual scores, such as `val_precision`.
    """

    model: Path
    config: Path
    dataset: Dataset
    origin: Origin | None
    stamp: str = ""
    parts: tuple[str, ...] = ("train",)
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()


def best_of(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> TrialRecord | None:
    """The best trial whose model is on disk; of a Pareto front, the best by the first objective."""
    return next((t for t in rank(list(trials), objective) if run.trial(t.number).model.is_file()), None)


def export_model(
    folder: ModelFolder,
    trained: TrainedModel,
    parts: tuple[str, ...],
    slot: Slot,
    evaluate: Callable[[EvaluationJob], None] | None = None,
    say: Callable[[Told | Warned], None] = lambda _: None,
) -> None:
    """Make a model folder and put it in the place of the one that may be there.

    Args:
        parts: which images the model is asked about, such as ("validation", "test").
        slot: where a process of its own asks it.
        evaluate: asks it here instead.
        say: hears what is shown of the model, and what of that is not.

    Raises:
        CnnSearchError: the model could not be evaluated; the old folder stays.
    """
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    beside = ModelFolder(Path(tempfile.mkdtemp(prefix=f".{folder.path.name}-", dir=folder.path.parent)))
    try:
        shutil.copyfile(trained.model, beside.model)
        shutil.copyfile(trained.config, beside.config)
        describe(beside, trained)
        job = EvaluationJob(
            beside.model, trained.dataset.reference(), parts, beside.predictions, trained.seen, trained.metrics
        )
        (evaluate or partial(_evaluated_apart, trained, slot, beside.path / "log.txt", say))(job)
        (beside.path / "log.txt").unlink(missing_ok=True)
        beside.path.chmod(0o755)
        _put_in_place(beside.path, folder.path)
    finally:
        shutil.rmtree(beside.path, ignore_errors=True)


def _evaluated_apart(
    trained: TrainedModel, slot: Slot, log: Path, say: Callable[[Told | Warned], None], job: EvaluationJob
) -> None:
    """Ask the model in a process of its own, which then explains it as far as it can."""
    heard = _Heard(say)
    work = Work(run_evaluation_and_explain, job, log, slot.environment)
    broken = run_in_child(work, heard, patience=heard.patience)
    if broken and not heard.evaluated:
        raise CnnSearchError(f"{trained.model}: its evaluation must succeed, got {broken.failure}: {broken.message}.")
    if broken:
        say(Warned(f"what the model looks at cannot be shown, got {broken.failure}: {broken.message}"))


class _Heard:
    """What the process of an evaluation says: once the predictions are written, it has a limited time for the rest."""

    def __init__(self, say: Callable[[Told | Warned], None]) -> None:
        self._say = say
        self.evaluated: float | None = None

    def __call__(self, message: Message) -> None:
        if isinstance(message, Evaluated):
            self.evaluated = time.monotonic()
        elif isinstance(message, Noted):
            self._say(event_of(message))

    def patience(self) -> float | None:
        return None if self.evaluated is None else self.evaluated + _EXPLAINING - time.monotonic()


def describe(folder: ModelFolder, trained: TrainedModel) -> None:
    """Write what somebody needs who has only the model's folder, and which file it was that was asked."""
    origin = asdict(trained.origin) if trained.origin else None
    dataset = trained.dataset
    description = {
        "classes": list(dataset.classes),
        "shape": list(dataset.shape),
        "resize": dataset.resize,
        "origin": origin,
        "data": {"source": dataset.source, "stamp": trained.stamp or dataset.stamp, "parts": list(trained.parts)},
        "model": {"file": folder.model.name, "sha256": file_hash(folder.model)},
    }
    write_json(folder.classes, description)


def mend_export(folder: ModelFolder) -> None:
    """Clear away what a killed export left; where it had just put the old folder aside, put that back."""
    aside = _aside(folder.path)
    if aside.is_dir() and not folder.path.exists():
        aside.rename(folder.path)
    for left in folder.path.parent.glob(f".{folder.path.name}-*"):
        shutil.rmtree(left, ignore_errors=True)


def _aside(place: Path) -> Path:
    return place.with_name(f".{place.name}-old")


def _put_in_place(new: Path, place: Path) -> None:
    """Folders cannot be replaced at once: the old one steps aside first."""
    aside = _aside(place)
    shutil.rmtree(aside, ignore_errors=True)
    if place.exists():
        place.rename(aside)
    new.rename(place)
    shutil.rmtree(aside, ignore_errors=True)
