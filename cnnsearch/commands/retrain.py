"""`cnnsearch retrain`: train one configuration again and compare with the search's score."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnsearch import terminal
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.events import EpochEnded, Event, Told, TrialBuilt, TrialEnded, Warned
from cnnsearch.search.json_file import read_object
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import PHASE, Epoch, Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_status import trained_on
from cnnsearch.spaces.document import branch_of
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space


@dataclass(frozen=True)
class Source:
    """Where a configuration comes from.

    Attributes:
        config: its file.
        folder: where its retrained models go, as `<name>-001` and so on.
        name: of those folders.
        best: the model folder that the search left beside it, if it did.
    """

    config: Path
    folder: Path
    name: str
    best: ModelFolder | None


def retrain(
    source: Path,
    overrides: Sequence[str],
    *,
    full: bool,
    out: Path | None,
    allow_code: bool = False,
    accept_data_change: bool = False,
) -> None:
    """Train a configuration again, leave a model folder, and print the search's score, the new one and the gap.

    Images that have changed since are refused, unless that is accepted or other data are asked for.

    Raises:
        CnnSearchError: the file is no configuration, the data cannot be read or have changed, the training failed,
            `out` is taken.
    """
    found = source_of(source)
    known = _metrics(found.best)
    if full:
        overrides = [*_best_epochs(found.config, known, overrides, allow_code), *overrides]
    space = _configuration(found.config, overrides, allow_code)
    folder = ModelFolder(_free(found, out))
    start_forkserver()
    with without_native_messages():
        from cnnsearch.search.retrain import RetrainRequest
        from cnnsearch.search.retrain import retrain as train
    from cnnsearch.reports.write import write_model_report

    terminal.say(f"training {found.config} on {'train and validation' if full else 'train'} images")
    other = accept_data_change or _other_data(overrides)
    images = trained_on(found.best) if found.best and not other else None
    record = train(RetrainRequest(space, folder, full, _origin(known), known=images), [say_event])
    if folder.predictions.is_file():  # else a warning has said why it could not be evaluated
        write_model_report(folder)
    _compare(record, known, _metrics(folder), Objectives.of(space.document.search).epoch.metric)
    terminal.say(f"model folder: {folder.path}")


def source_of(source: Path) -> Source:
    """The configuration of a run, of a model folder, or of a file.

    Raises:
        CnnSearchError: there is none.
    """
    if RunFolder(source).has_study:
        best = RunFolder(source).best
        if not best.config.is_file():
            raise CnnSearchError(
                f"{source}: a run to retrain from must have a best model, got none yet. Let it finish."
            )
        return Source(best.config, source, "retrained", best)
    config = ModelFolder(source).config if source.is_dir() else source
    if not config.is_file():
        raise CnnSearchError(
            f"{source}: a run, a model folder or a config.yaml must lie here, got "
            f"{'a folder without' if source.is_dir() else 'nothing there'}. Name a run such as runs/basic-001."
        )
    found = ModelFolder(config.parent)
    if found.metrics.is_file():
        return Source(config, found.run.path, "retrained", found)
    return Source(config, Path("runs"), f"{config.stem}-retrained", None)


def _other_data(overrides: Sequence[str]) -> bool:
    """Whether the person asks for other images or another split."""
    return any(text.startswith("data.") for text in overrides)


def _metrics(folder: ModelFolder | None) -> dict[str, Any]:
    """A model folder's scores; none where there is no folder, or its file is damaged."""
    return read_object(folder.metrics) if folder else {}


def _origin(known: dict[str, Any]) -> Origin | None:
    """Where a model comes from, by its folder's scores; None where they do not say, or are damaged."""
    if known.get("trial") is None:
        return None
    told = {name: known.get(name) for name in ("trial", "epoch", "score", "searched")}
    rest = {"objective": known.get("objective") or "", "objectives": known.get("objectives") or {}}
    try:
        return Origin.told_by({**told, **rest, "phases": known.get("phases") or ()})
    except TypeError:
        return None


def _best_epochs(config: Path, known: dict[str, Any], given: Sequence[str], allow_code: bool) -> list[str]:
    """The epochs that led to the search's best model, for each phase, as overrides of its configuration.

    On all images nothing says when to stop, so a training ends where the search's was best.
    """
    best = known.get("phases") or [known["epoch"]] if known.get("epoch") else []
    if not best or any(text.startswith("training.epochs=") for text in given):
        return []
    overrides = [f"training.epochs={best[0]}"]
    if len(best) > 1:
        kind, _ = branch_of(load_space(config, allow_code=allow_code).configuration({}).model)
        tune = f"model.{kind}.fine_tune"
        overrides.append(f"{tune}.epochs={best[1]}" if best[1] else f"{tune}=null")
    return overrides


def _configuration(config: Path, overrides: Sequence[str], allow_code: bool) -> Space:
    space = load_space(config, overrides, allow_code=allow_code)
    if not space.is_configuration:
        names = ", ".join(parameter.name for parameter in space.parameters[:3])
        raise CnnSearchError(
            f"{config}: retraining takes a configuration, in which every value is fixed, got a space that searches "
            f"{len(space.parameters)} ({names}, ...). Take a run's best/config.yaml, or fix them with --set."
        )
    return space


def _free(source: Source, out: Path | None) -> Path:
    """The folder for the new model: `out`, which must not exist, or the next free number."""
    if out is not None:
        if out.exists():
            raise CnnSearchError(f"{out}: --out names a folder that is made anew, got one that exists. Name another.")
        return out
    number = 1
    while (folder := source.folder / f"{source.name}-{number:03d}").exists():
        number += 1
    return folder


def say_event(event: Event) -> None:
    """Print the line of an event of a single training, if it has one."""
    if isinstance(event, TrialBuilt):
        terminal.say(f"model built: {event.parameters:,} weights")
    elif isinstance(event, Warned):
        terminal.warn(event.message)
    elif isinstance(event, Told):
        terminal.say(event.message)
    elif isinstance(event, EpochEnded):
        terminal.say(epoch_line(event.epoch))
    elif isinstance(event, TrialEnded) and event.trial.reason:
        terminal.say(f"stopped early: {event.trial.reason}")


def epoch_line(epoch: Epoch) -> str:
    """`epoch 3  2.1s  loss 0.1234  accuracy 0.9600  val_loss ...`; after `fold 1` or `phase 2`, where there are any."""
    shown = ("loss", "accuracy", "val_loss", "val_accuracy")
    metrics = "  ".join(f"{name} {epoch.metrics[name]:.4f}" for name in shown if name in epoch.metrics)
    fold = "" if epoch.fold is None else f"fold {epoch.fold}  "
    phase = f"phase {epoch.metrics[PHASE]:.0f}  " if PHASE in epoch.metrics else ""
    return f"{fold}{phase}epoch {epoch.number:>3}  {epoch.seconds:5.1f}s  {metrics}"


def _compare(record: TrialRecord, known: dict[str, Any], new: dict[str, Any], objective: str) -> None:
    """Print the search's score, this training's own, and the gap; then the same for the test part."""
    if record.folds:
        terminal.say(f"{objective} of each fold: {' '.join(f'{score:.4f}' for score in record.fold_scores)}")
    searched = known.get("score") if known.get("searched") is None else known["searched"]
    rows = [(objective, searched, record.score)]
    rows.append(("test accuracy", _accuracy(known), _accuracy(new)))
    for name, before, after in rows:
        if after is None:
            continue
        if before is None:
            terminal.say(f"{name}: {after:.4f} (no score of a search to compare with)")
        else:
            terminal.say(f"{name}: search {before:.4f}, retrained {after:.4f}, gap {after - before:+.4f}")


def _accuracy(metrics: dict[str, Any]) -> float | None:
    test = metrics.get("test")
    return float(test["accuracy"]) if test else None
