"""A trial that is ended after any epoch and gone on with tells, trains and leaves the same as one that never was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.course import Pace, TrialJob
from cnnsearch.search.trial.messages import Continued, EpochDone, KnownBackbone, Message, Noted, Trained, Verdict
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent

DATA = {"source": "sample:digits", "image_size": [8, 8], "color": "gray"}
AFTER_EACH_EPOCH = Pace(0.0, float("inf"))
Job = Callable[..., TrialJob]


class Killed(BaseException):
    """The process ends here, with whatever is on the disk."""


class Dying(Parent):
    """A parent in whose hands the process of a trial dies as it tells of an epoch."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self._epoch = epoch

    def ask(self, message: Message) -> object:
        if isinstance(message, EpochDone) and len(self.epochs) + 1 == self._epoch:
            raise Killed
        return super().ask(message)


def told_epochs(*parents: Parent) -> list[tuple[int | None, int, dict[str, float]]]:
    """The epochs of a trial's processes, one after the other."""
    return [(epoch.fold, epoch.number, dict(epoch.metrics)) for parent in parents for epoch in parent.epochs]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(DATA), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def job(digits: Dataset, tmp_path: Path) -> Job:
    """`job(training={...}, model=..., ...)`: a trial of three epochs, which keeps a backup after each of them."""

    def made(**sections: Any) -> TrialJob:
        training = {"epochs": 3, "seed": 5, "batch_size": 256, "early_stopping": None} | sections.pop("training", {})
        raw = {"data": DATA, "model": {"scratch": {"blocks": 1, "filters": 4}}, "training": training}
        configuration = Configuration.model_validate(raw | sections)
        return TrialJob(
            configuration,
            digits.reference(),
            ("train",),
            "validation",
            Objective.of("val_accuracy"),
            5,
            tmp_path / "model.keras",
            backup=tmp_path / "backup" / "state.npz",
            pace=AFTER_EACH_EPOCH,
        )

    return made


EVERYTHING: dict[str, Any] = {
    "model": {"scratch": {"blocks": 1, "filters": 4, "norm": "batch", "dropout": 0.3}},
    "augment": {"horizontal_flip": True, "zoom": 0.2, "mixup": 0.3},
    "training": {
        "ema": 0.9,
        "schedule": "cosine",
        "steps_per_epoch": 4,
        "accumulate": 2,
        "early_stopping": {"monitor": "val_loss", "patience": 2},
    },
}


def ran(job: TrialJob) -> tuple[Parent, list[np.ndarray]]:
    parent = Parent()
    run_trial(parent, job)
    return parent, keras.saving.load_model(job.model).get_weights()


def halted(job: TrialJob, after: int) -> Parent:
    parent = Parent(after, Verdict.HALT)
    run_trial(parent, job)
    return parent


@pytest.mark.parametrize(("after", "precision"), [(1, "auto"), (2, "auto"), (3, "auto"), (2, "bfloat16_steps")])
def test_a_halted_trial_goes_on_as_if_nothing_had_been(job: Job, after: int, precision: str) -> None:
    everything = EVERYTHING | {"training": EVERYTHING["training"] | {"precision": precision}}
    whole, weights = ran(replace(job(**everything), backup=None))
    first = halted(job(**everything), after)
    assert first.told(Trained) == []
    second, same = ran(replace(job(**everything), had=after))
    assert second.told(Continued) == [Continued(after)]
    assert told_epochs(first, second) == told_epochs(whole)
    assert second.told(Trained) == whole.told(Trained)
    assert all(np.array_equal(one, other) for one, other in zip(weights, same, strict=True))


FOLDS: dict[str, Any] = {"data": DATA | {"folds": 2}, "training": {"epochs": 2, "early_stopping": {"patience": 1}}}
PHASES: dict[str, Any] = {
    "data": DATA | {"image_size": [32, 32], "color": "rgb"},
    "model": {"mobilenet": {"alpha": 0.25, "weights": None, "fine_tune": {"trainable_from": "all", "epochs": 1}}},
    "head": {"pooling": "average"},
    "training": {"epochs": 2},
}


@pytest.mark.parametrize(
    ("sections", "after"),
    [
        (FOLDS, 3),
        pytest.param(PHASES, 1, marks=pytest.mark.nightly),  # in the middle of a phase on features
        pytest.param(PHASES, 2, marks=pytest.mark.nightly),  # between the phases
    ],
)
def test_a_trial_goes_on_in_its_fold_and_its_phase(
    job: Job, sections: dict[str, Any], after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wanted = job(**sections)
    images = prepare_dataset(wanted.configuration.data, tmp_path_factory.mktemp("images")).reference()
    wanted = replace(wanted, dataset=images)
    whole, weights = ran(replace(wanted, backup=None))
    first = halted(wanted, after)
    second, same = ran(replace(wanted, had=after))
    assert second.told(Continued) == [Continued(after)]
    assert told_epochs(first, second) == told_epochs(whole)
    assert second.told(Trained) == whole.told(Trained)
    assert all(np.array_equal(one, other) for one, other in zip(weights, same, strict=True))


FROZEN: dict[str, Any] = {
    "data": DATA | {"image_size": [32, 32], "color": "rgb"},
    "model": {"mobilenet": {"alpha": 0.25, "weights": None, "trainable_from": "none"}},
    "head": {"pooling": "average", "dense": [{"units": 8, "dropout": 0.5}]},
    "training": {"epochs": 2},
}


@pytest.mark.nightly
@pytest.mark.parametrize("is_known_first", [False, True])
def test_a_trial_goes_on_whether_its_backbone_was_built_or_known(
    job: Job, is_known_first: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wanted = job(**FROZEN)
    images = prepare_dataset(wanted.configuration.data, tmp_path_factory.mktemp("images")).reference()
    alone = replace(wanted, dataset=images)
    built, _ = ran(replace(alone, backup=None))
    known = replace(alone, known=tuple(built.told(KnownBackbone)))
    assert len(known.known) == 1
    first, then = (known, alone) if is_known_first else (alone, known)
    whole, weights = ran(replace(first, backup=None))
    before = halted(first, 1)
    second, same = ran(replace(then, had=1))
    assert second.told(Noted) == []
    assert second.told(Continued) == [Continued(1)]
    assert told_epochs(before, second) == told_epochs(whole)
    assert all(np.array_equal(one, other) for one, other in zip(weights, same, strict=True))


def test_an_epoch_that_was_told_and_not_kept_is_told_again(job: Job) -> None:
    whole, _ = ran(replace(job(), backup=None))
    with pytest.raises(Killed, match=r"^$"):
        run_trial(Dying(2), job())  # type: ignore[arg-type]
    second, _ = ran(replace(job(), had=2))
    assert second.told(Continued) == [Continued(1)]
    assert told_epochs(second) == told_epochs(whole)[1:]


def torn(backup: Path) -> None:
    backup.write_bytes(backup.read_bytes()[:-2000])


def changed(backup: Path) -> None:
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 255
    backup.write_bytes(content)


def empty(backup: Path) -> None:
    backup.write_bytes(b"")


@pytest.mark.parametrize("damage", [torn, changed, empty])
def test_a_damaged_backup_is_left_aside_with_a_word(job: Job, damage: Callable[[Path], None]) -> None:
    one_epoch = job(training={"epochs": 1})
    halted(one_epoch, 1)
    assert one_epoch.backup is not None
    damage(one_epoch.backup)
    second, _ = ran(replace(one_epoch, had=1))
    assert second.told(Continued) == [Continued(0)]
    assert len(second.epochs) == 1
    assert "begins again: it is damaged" in second.told(Noted)[0].text


def test_a_backup_of_another_training_is_left_aside(job: Job) -> None:
    halted(job(training={"epochs": 1}), 1)
    second, _ = ran(replace(job(training={"epochs": 1, "batch_size": 512}), had=1))
    assert second.told(Continued) == [Continued(0)]
    assert "belongs to another configuration" in second.told(Noted)[0].text


def test_a_budget_does_not_make_it_another_training(job: Job) -> None:
    halted(job(training={"epochs": 2}), 1)
    second, _ = ran(replace(job(training={"epochs": 2}, search={"trials": 99, "time": "9h"}), had=1))
    assert second.told(Continued) == [Continued(1)]


def test_a_backup_of_epochs_that_the_study_lost_is_left_aside(job: Job) -> None:
    halted(job(training={"epochs": 2}), 2)
    second, _ = ran(replace(job(training={"epochs": 2}), had=1))
    assert second.told(Continued) == [Continued(0)]
    assert "it has 2 epochs, the study 1" in second.told(Noted)[0].text


def test_a_short_trial_writes_no_backup(job: Job) -> None:
    short = replace(job(), pace=Pace(least=3600.0))
    ran(short)
    assert short.backup is not None
    assert not short.backup.parent.exists()
