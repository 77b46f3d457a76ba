"""What confirming goes on from, and what it says of it; its trainings only talk."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cnnsearch.search.confirmed import Chosen, Confirmation, Retrained, read_confirmation, write_confirmation
from cnnsearch.search.confirming_events import ConfirmingStarted
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import TIME_IS_UP, Budget, Limits
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.confirming import Confirming
from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.experience import Experience
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.engine.retraining import RetrainingDialogue
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.events import Event, Paused, Resumed, Told, Warned
from cnnsearch.search.history_file import write_history
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import Built, DiskFull, EpochDone
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.search import Confirm
from tests.search.engine import works

SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1}}
training: {epochs: 3}
"""
RUNGS = SPACE.replace("epochs: 3", "epochs: 3, steps_per_epoch: 8") + "search: {fidelity: {data: [0.25, 1.0]}}\n"
FIRST, LAST = Rung(1, 2, 0.25, 0.25), Rung(2, 2)
ACCURACY = Objective("val_accuracy", "max")


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    datasets = Datasets(tmp_path / "cache")

    def made(*listeners: Callable[[Event], None], space: str = SPACE) -> Bench:
        run = RunFolder(tmp_path / "run")
        run.path.mkdir(exist_ok=True)
        return Bench(
            run,
            loads_space(space, "digits"),
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


def trial(there: Bench, number: int, score: float, **more: object) -> TrialRecord:
    facts = {
        "status": Status.COMPLETED,
        "score": score,
        "data": there.images_of(there.space.configuration({}).data).stamp,
        **more,
    }
    return TrialRecord(number, {}, seconds=1.0, **facts)  # type: ignore[arg-type]


def confirmed(there: Bench, *trials: TrialRecord) -> Confirmation:
    return Confirming(there, Confirm(top=3, seeds=1), lambda _: there.space.configuration({})).run(trials)


def test_a_retraining_of_a_lower_rung_learns_from_its_share_of_the_images(bench: Callable[..., Bench]) -> None:
    there = bench(space=RUNGS)
    dialogue = RetrainingDialogue(there, 7, 1, there.space.configuration({}), CPU, FIRST)
    job = dialogue.prepare().job
    assert isinstance(job, TrialJob)
    assert (job.dataset.share, job.configuration.training.steps_per_epoch) == (0.25, 2)
    dialogue.answer(Built(1, "cpu"))
    assert "steps_per_epoch: 8" in dialogue.folder.config.read_text()


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("forkserver")
def test_trials_of_less_training_are_not_confirmed_beside_whole_ones(bench: Callable[..., Bench]) -> None:
    heard: list[Event] = []
    there = bench(heard.append, space=RUNGS)
    pruned = [trial(there, number, 0.9, status=Status.PRUNED, rung=FIRST) for number in (3, 8)]
    found = confirmed(there, trial(there, 7, 0.6, rung=LAST), *pruned)
    assert [(each.trial, each.comparable) for each in found.chosen] == [(7, True)]
    assert [each.trial for each in found.retrained] == [7]
    told = "trials 3, 8 are not confirmed: their scores are of less training than that of trial 7 (rung 2 of 2)"
    assert [event.message for event in heard if isinstance(event, Told)] == [told]


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("forkserver")
def test_where_no_trial_is_whole_those_of_the_highest_rung_are_compared(bench: Callable[..., Bench]) -> None:
    there = bench(space=RUNGS)
    found = confirmed(there, *(trial(there, n, 0.9, status=Status.PRUNED, rung=FIRST) for n in (3, 8)))
    assert [(each.trial, each.comparable) for each in found.chosen] == [(3, True), (8, True)]
    assert found.optimism() == (pytest.approx(0.4), pytest.approx(0.4))


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("forkserver")
def test_a_trial_that_was_cut_short_is_confirmed_but_not_compared(bench: Callable[..., Bench]) -> None:
    there = bench()
    cut = trial(there, 3, 0.9, status=Status.STOPPED_EARLY, reason=TIME_IS_UP)
    found = confirmed(there, cut, trial(there, 8, 0.8, status=Status.PRUNED), trial(there, 9, 0.7))
    assert [(each.trial, each.comparable) for each in found.chosen] == [(3, False), (8, False), (9, True)]
    assert found.optimism() == (None, pytest.approx(0.2))


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("forkserver")
def test_a_retraining_that_hangs_does_not_outlast_the_searchs_time(bench: Callable[..., Bench]) -> None:
    there, heard = bench(), list[Event]()
    hanging = replace(
        there,
        train=works.hang,
        budget=Budget(Limits(seconds=4.0)),
        broadcast=Broadcast([heard.append]),
        experience=Experience(grace=0.2),
    )
    best = trial(there, 7, 0.75)
    hanging.checkpoints.ended(best)
    found = confirmed(hanging, best)
    assert found.is_done
    assert found.counted == ()
    told = [event.message for event in heard if isinstance(event, Warned)]
    assert "1 retraining was left out, since the time of the search is up" in told
