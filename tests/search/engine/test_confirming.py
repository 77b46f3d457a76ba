"""What confirming goes on from, and what it says of it; its trainings only talk."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cnnsearch.search.confirmed import Chosen, Confirmation, Retrained, read_confirmation, write_confirmation
from cnnsearch.search.confirming_events import ConfirmingStarted
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import Budget, Limits
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.confirming import Confirming
from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.engine.retraining import RetrainingDialogue
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.events import Event, Paused, Resumed
from cnnsearch.search.history_file import write_history
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import DiskFull, EpochDone
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.search import Confirm
from tests.search.engine import works

SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1}}
training: {epochs: 3}
"""
ACCURACY = Objective("val_accuracy", "max")


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    datasets = Datasets(tmp_path / "cache")

    def made(*listeners: Callable[[Event], None]) -> Bench:
        run = RunFolder(tmp_path / "run")
        run.path.mkdir(exist_ok=True)
        return Bench(
            run,
            loads_space(SPACE, "digits"),
            datasets.of,
            Crew([CPU]),
            Budget(Limits()),
            Checkpoints(run, ACCURACY, 3),
            Broadcast(listeners),
            Pause(run.path, every=0.0),
            train=works.train,
        )

    return made


def test_a_retraining_that_is_killed_before_it_goes_on_goes_on_all_the_same(bench: Callable[..., Bench]) -> None:
    folder = bench().run.retraining(7, 1)
    folder.backup.parent.mkdir(parents=True)
    folder.backup.touch()
    write_history(folder.history, [Epoch(1, {"val_accuracy": 0.5}, 1.0), Epoch(2, {"val_accuracy": 0.75}, 1.0)])
    for _ in range(2):  # the first one's process is killed while it starts
        dialogue = RetrainingDialogue(bench(), 7, 1, bench().space.configuration({}), CPU)
        job = dialogue.prepare().job
        assert isinstance(job, TrialJob)
        assert job.had == 2


def test_a_search_goes_on_as_soon_as_a_retraining_found_room_for_its_backup(bench: Callable[..., Bench]) -> None:
    there, told = bench(), list[Event]()
    there.pause.tell = told.append
    dialogue = RetrainingDialogue(there, 7, 1, there.space.configuration({}), CPU)
    dialogue.prepare()
    dialogue.answer(DiskFull())
    assert [type(event) for event in told] == [Paused]
    dialogue.answer(EpochDone(Epoch(1, {"val_accuracy": 0.5}, 1.0), looked=0.0))
    assert [type(event) for event in told] == [Paused, Resumed]
    before = there.pause.seconds
    assert there.pause.seconds == before


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("forkserver")
def test_a_retraining_that_is_done_again_for_its_model_is_not_counted_twice(bench: Callable[..., Bench]) -> None:
    heard: list[Event] = []
    there = bench(heard.append)
    data = there.images_of(there.space.configuration({}).data).stamp
    known = tuple(Retrained(7, turn, turn, 0.5, 1, 3, 1.0, data=data) for turn in (1, 2))
    write_confirmation(there.run, Confirmation(ACCURACY, 1, 2, 100, (Chosen(7, 0.75),), known, "outdated"))
    trial = TrialRecord(7, {}, Status.COMPLETED, score=0.75, data=data, seconds=1.0)
    Confirming(there, Confirm(top=1, seeds=2), lambda _: there.space.configuration({})).run([trial])
    (begun,) = [event for event in heard if isinstance(event, ConfirmingStarted)]
    assert (begun.retrainings, [each.turn for each in begun.retrained]) == (2, [2])
    found = read_confirmation(there.run)
    assert found is not None
    assert (found.state, [each.turn for each in found.counted]) == ("done", [1, 2])
