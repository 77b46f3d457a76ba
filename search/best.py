"""A model folder: the model, the configuration it was trained from, its classes, its predictions on unseen images."""

import errno
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import NoRoom
from cnnsearch.search.engine.pause import SPARE, is_full
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.evaluating import Asking, Say, answered
from cnnsearch.search.events import Warned
from cnnsearch.search.file_hash import file_hash
from cnnsearch.search.model_label import ModelLabel, WeighedFile
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import Failure, Objective, Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.trial.batches import EVALUATION_BATCH
from cnnsearch.search.trial.evaluation import EvaluationJob
from cnnsearch.search.trial.messages import Broken
from cnnsearch.spaces.errors import CnnSearchError, Problem


class DamagedModel(CnnSearchError):
    """A model's file that is not the one that was written."""


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
        batch: how many images it is asked about at once; fewer where memory runs out.
    """

    model: Path
    config: Path
    dataset: Dataset
    origin: Origin | None
    stamp: str = ""
    parts: tuple[str, ...] = ("train",)
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    batch: int = EVALUATION_BATCH


def best_of(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> TrialRecord | None:
    """The best trial whose model is on disk; of a Pareto front, the best by the first objective."""
    return next(kept_of(run, trials, objective), None)


def kept_of(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives) -> Iterator[TrialRecord]:
    """The trials whose models are on disk, the best first."""
    return (trial for trial in rank(list(trials), objective) if run.trial(trial.number).model.is_file())


def export_model(
    folder: ModelFolder,
    trained: TrainedModel,
    parts: tuple[str, ...],
    slot: Slot,
    ask: Callable[[EvaluationJob], Broken | None] | None = None,
    say: Say = lambda _: None,
) -> None:
    """Make a model folder and put it in the place of the one that may be there.

    A model that cannot be evaluated is worth having all the same: its folder has no predictions then, but a log.

    Args:
        parts: which images the model is asked about, such as ("validation", "test").
        slot: where processes of their own ask it.
        ask: asks it here instead, and gives why that was not possible.
        say: hears what is shown of the model, what of that is not, and that it could not be evaluated.

    Raises:
        DamagedModel: its file is no whole one; the old folder stays.
        CnnSearchError: the disk is full; the old folder stays.
    """
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    beside = ModelFolder(Path(tempfile.mkdtemp(prefix=f".{folder.path.name}-", dir=folder.path.parent)))
    try:
        shutil.copyfile(trained.model, beside.model)
        shutil.copyfile(trained.config, beside.config)
        describe(beside, trained)
        job = EvaluationJob(
            beside.model,
            trained.dataset.reference(),
            parts,
            beside.predictions,
            trained.seen,
            trained.metrics,
            trained.batch,
        )
        broken = (ask or partial(answered, Asking(slot, beside.log, say)))(job)
        if broken is None:
            beside.log.unlink(missing_ok=True)
        else:
            _check_exportable(trained, broken, folder.path.parent)
        beside.path.chmod(0o755)
        _put_in_place(beside.path, folder.path)
    finally:
        shutil.rmtree(beside.path, ignore_errors=True)
    if broken:
        say(Warned(_told_without_scores(folder, broken)))


def _told_without_scores(folder: ModelFolder, broken: Broken) -> str:
    why = f"{broken.failure}: {broken.message.removesuffix('.')}"
    return (
        f"{folder.path}: the model is there, but without its scores: it could not be evaluated, got {why}. "
        f"{folder.log} says more; cnnsearch evaluate {folder.path} PHOTOS measures it."
    )


def _check_exportable(trained: TrainedModel, broken: Broken, place: Path) -> None:
    """Refuse to export a model that could not be evaluated where that is of no use.

    Raises:
        DamagedModel: its file is no whole one.
        NoRoom: the disk of the folder is full; with room it is evaluated. Another disk, such as that of temporary
            files, may stay full for ever: nobody waits for it.
    """
    if broken.failure is Failure.DISK and is_full(place):
        rule = f"an evaluation must have room for what it writes, got {broken.message.removesuffix('.')}."
        needed = SPARE + trained.model.stat().st_size  # the copy that was asked goes away until the next try
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place))
        raise NoRoom(place, needed, rule, "Make room.") from full
    if not _is_whole(trained.model):
        rule = f"a model's file must be whole, got a damaged one ({broken.failure}: {broken.message})."
        raise DamagedModel(str(Problem(str(trained.model), rule, f"Delete it, or cnnsearch retrain {trained.config}")))


def _is_whole(model: Path) -> bool:
    try:
        with zipfile.ZipFile(model) as archive:
            return archive.testzip() is None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def describe(folder: ModelFolder, trained: TrainedModel) -> None:
    """Write what somebody needs who has only the model's folder, and which file it was that was asked."""
    dataset = trained.dataset
    label = ModelLabel(
        classes=tuple(dataset.classes),
        shape=dataset.shape,
        resize=dataset.resize,
        origin=trained.origin,
        source=dataset.source,
        stamp=trained.stamp or dataset.stamp,
        parts=trained.parts,
        weighed=WeighedFile(folder.model.name, file_hash(folder.model)),
    )
    label.write(folder.classes)


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
