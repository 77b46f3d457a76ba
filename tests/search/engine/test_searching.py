"""Whole searches on slots whose processes are real: which of them go on, how long is waited, what ends trials."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from cnnsearch.search.engine import clock, runner
from cnnsearch.search.engine.budget import TIME_IS_UP
from cnnsearch.search.engine.experience import Experience
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.engine.trial_dialogue import NO_GPU_SUPPORT
from cnnsearch.search.engine.tuner import ALL_DONE, TOO_SHORT
from cnnsearch.search.events import Event, FeaturesMade, Told, Warned
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.search.trial.messages import Verdict
from tests.search.engine import works
from tests.search.engine.searching import Searching, searching, space_text

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", autouse=True)
def _warm(forkserver: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first process waits until keras is imported: no trial of these tests is to be that one."""
    run_in_child(Work(works.talk, 1, tmp_path_factory.mktemp("warm") / "log.txt", {}), lambda _: Verdict.GO_ON)


def gpu(number: int, device: str) -> Slot:
    """A slot that is called a GPU, whose trials train on this kind of device."""
    return Slot(f"gpu:{number}", {"STAND_IN_DEVICE": device, "CUDA_VISIBLE_DEVICES": ""})


def endings(search: Searching) -> list[tuple[str, str]]:
    return [(str(trial.status), trial.reason) for trial in search.trials]


# GPUs that the backend cannot use.


def test_where_no_gpu_can_be_used_one_trial_at_a_time_trains_on_the_cpu(tmp_path: Path) -> None:
    slots = [gpu(number, "cpu") for number in range(3)]
    search = searching(tmp_path, space_text("trials: 7"), works.train_on_device, slots)
    search.run()
    assert endings(search) == [("completed", "")] * 7
    assert sorted(Counter(search.slots).values()) == [1, 1, 5]
    assert [event for event in search.heard if isinstance(event, Warned)] == [Warned(NO_GPU_SUPPORT)]


def test_a_gpu_that_works_goes_on_without_those_that_do_not(tmp_path: Path) -> None:
    slots = [gpu(0, "cpu"), gpu(1, "gpu")]
    search = searching(tmp_path, space_text("trials: 7"), works.train_on_device, slots, per_device=2)
    search.run()
    counted = Counter(slot.partition("/")[0] for slot in search.slots)
    assert counted["gpu:0"] in (1, 2)
    assert sum(counted.values()) == 7
    assert {slot.name for slot in search.bench.crew.wanted} == {"gpu:1", "gpu:1/2"}


# The search's time.


def test_no_trial_is_begun_whose_first_epoch_would_end_too_late(tmp_path: Path) -> None:
    search = searching(tmp_path, space_text("trials: 9, time: 6s"), works.train_a_while)
    tuner = search.run()
    assert tuner.ended_by == TIME_IS_UP
    assert search.heard.count(Told(TOO_SHORT)) == 1
    assert endings(search) == [("completed", "")]


def test_a_process_that_hangs_does_not_outlive_the_searchs_time(tmp_path: Path) -> None:
    space = space_text("trials: 9, time: 5s")
    search = searching(tmp_path, space, works.train_once, experience=Experience(grace=0.5, doubt=0.5))
    tuner = search.run()
    assert tuner.ended_by == TIME_IS_UP
    assert endings(search) == [("completed", ""), ("failed", "timeout")]
    assert "had said nothing for" in search.trials[1].message
    assert "when the time of the search was up" in search.trials[1].message
    assert search.bench.budget.spent < 20


def test_a_process_that_only_takes_long_goes_back_in_line_when_the_searchs_time_is_up(tmp_path: Path) -> None:
    space = space_text("trials: 9, time: 3s")
    search = searching(tmp_path, space, works.train_once, experience=Experience(grace=0.5, doubt=600.0))
    tuner = search.run()
    assert tuner.ended_by == TIME_IS_UP
    assert endings(search) == [("completed", ""), ("queued", "")]
    told = [event.message for event in search.heard if isinstance(event, Told)]
    assert told == [
        "trial 1 had not come to an epoch's end when the time of the search was up: it goes back in line, for a run "
        "that goes on"
    ]


def test_a_process_that_is_silent_for_long_is_told_of_and_may_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_LOOK", 0.1)

    def end(event: Event) -> None:
        if isinstance(event, Warned):
            _, _, process = event.message.partition("kill -9 ")
            os.kill(int(process.partition(";")[0]), signal.SIGKILL)

    experience = Experience(doubt=0.5)
    search = searching(tmp_path, space_text("trials: 2"), works.train_once, experience=experience, listeners=[end])
    tuner = search.run()
    assert tuner.ended_by == ALL_DONE
    assert endings(search) == [("completed", ""), ("failed", "crash")]
    (warned,) = [event for event in search.heard if isinstance(event, Warned)]
    assert warned.message.startswith("trial 1: its process has said nothing for ")


def test_the_first_epoch_of_a_later_phase_may_take_longer_than_any_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_LOOK", 0.1)
    experience = Experience(doubt=0.2, unknown=60.0)
    space = space_text("trials: 1", training="epochs: 2")
    search = searching(tmp_path, space, works.train_in_phases, experience=experience)
    search.run()
    assert endings(search) == [("completed", "")]
    assert [event for event in search.heard if isinstance(event, Warned)] == []


def test_a_worker_whose_only_trial_is_put_off_ends_where_another_has_a_ranked_one(tmp_path: Path) -> None:
    space = space_text("trials: 9, time: 2s")
    search = searching(tmp_path, space, works.hang, experience=Experience(grace=0.5, doubt=600.0))
    search.bench.checkpoints.ended(TrialRecord(7, {}, Status.COMPLETED, score=0.5, best_epoch=1))
    tuner = search.run()
    assert tuner.ended_by == TIME_IS_UP
    assert endings(search) == [("queued", "")]
    assert len(search.slots) == 1


# A trial's own time, without what others use as well.


def test_neither_who_makes_features_nor_who_waits_for_them_is_ended_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_LEAST_GRACE", 0.0)
    search = searching(tmp_path, space_text("trials: 2, trial_time: 4s"), works.make_features, per_device=2)
    search.run()
    assert endings(search) == [("completed", "")] * 2
    assert min(trial.seconds or 0.0 for trial in search.trials) > 5.0  # it was waited for no longer before
    made = [event for event in search.heard if isinstance(event, FeaturesMade) and 0 < event.done < event.total]
    assert len({event.number for event in made}) == 1  # one of them made all


def test_the_making_of_real_features_is_no_part_of_a_trials_time(tmp_path: Path) -> None:
    data = 'data: {source: "sample:digits", image_size: [32, 32]}'
    model = "model: {mobilenet: {alpha: 0.25, weights: null}}\nhead: {dense: [{units: {choice: [8, 16]}}]}"
    space = space_text("trials: 2, trial_time: 2m", data=data, model=model, training="epochs: 1, batch_size: 256")
    search = searching(tmp_path, space, works.train_on_slow_features, per_device=2)
    search.run()
    assert endings(search) == [("completed", "")] * 2
    logs = [search.bench.run.trial(number).log.read_text().count("a batch of features") for number in range(2)]
    assert (min(logs), max(logs)) == (0, 26)  # one of them made all
    shortest = min(trial.seconds or 0.0 for trial in search.trials)
    assert search.bench.experience.start < shortest - 26 * 0.1
    made = [event for event in search.heard if isinstance(event, FeaturesMade) and event.number == logs.index(0)]
    waited = [event for event in made if event.done < event.total]
    assert {event.done for event in waited} == {0}


# Trials whose processes break when their models are written.


def test_a_process_that_dies_or_hangs_when_its_model_is_written_costs_its_pictures_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_COURTESY", 0.5)
    search = searching(tmp_path, space_text("trials: 3"), works.train_and_break)
    tuner = search.run()
    assert tuner.ended_by == ALL_DONE
    assert endings(search) == [("completed", "")] * 3
    assert [trial.score for trial in search.trials] == [0.5] * 3
    folders = [search.bench.run.trial(number) for number in range(3)]
    assert [folder.model.read_bytes() for folder in folders] == [b"a model"] * 3
    killed, silent = (event.message for event in search.heard if isinstance(event, Warned))
    assert killed.startswith("what a model makes of its images cannot be shown, got crash: the process ended without")
    assert silent.startswith("what a model makes of its images cannot be shown, got timeout: ")
    assert all("--- what a model makes of its images cannot be shown" in folder.log.read_text() for folder in folders)


# Trials that the pruner would end when they have ended.


def test_a_trial_that_trained_all_its_epochs_is_completed_whatever_the_pruner_says(tmp_path: Path) -> None:
    space = space_text("trials: 2, pruner: {threshold: {lower: 0.9, first: 1}}")
    search = searching(tmp_path, space)
    search.run()
    assert endings(search) == [("completed", "")] * 2
    assert [trial.state.name for trial in search.oracle.study.trials()] == ["COMPLETE"] * 2
