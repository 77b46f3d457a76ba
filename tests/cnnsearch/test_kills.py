"""Killing a search, for real: nothing that was finished is lost or repeated, and no process stays behind."""

import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import psutil
import pytest

from tests.cnnsearch.command_line import RARE, TINY, CommandLine

Wait = Callable[..., None]
Descendants = Callable[[int], list[psutil.Process]]
SLOW = TINY.replace("epochs: 2", "epochs: 6, early_stopping: null").replace("batch_size: 64", "batch_size: 8")

EPOCHS = 30
LONG = SLOW.replace("epochs: 6", f"epochs: {EPOCHS}")
"""Long enough for a backup."""


def events(line: CommandLine, name: str) -> list[dict[str, object]]:
    path = line.folder / "runs/tiny-001/events.jsonl"
    if not path.is_file():
        return []
    whole = [text for text in path.read_text().splitlines(keepends=True) if text.endswith("\n")]
    return [event for event in map(json.loads, whole) if event["event"] == name]


def trials(line: CommandLine) -> list[optuna.trial.FrozenTrial]:
    storage = f"sqlite:///{line.folder / 'runs/tiny-001/study.db'}"
    return optuna.load_study(study_name="cnnsearch", storage=storage).trials


def trial_processes(started: "subprocess.Popen[str]", descendants: Descendants) -> list[psutil.Process]:
    """The forkserver's children: the processes that train."""
    grandchildren = []
    for child in descendants(started.pid):
        try:
            if child.ppid() != started.pid:
                grandchildren.append(child)
        except psutil.NoSuchProcess:
            continue
    return grandchildren


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def histories(line: CommandLine) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with (line.folder / "runs/tiny-001/history.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["trial"], []).append(row["epoch"])
    return found


def test_a_killed_trial_is_a_crash_and_the_search_goes_on(
    command_line: CommandLine, wait_for: Wait, descendants: Descendants
) -> None:
    process = command_line.start("run", command_line.write(SLOW))
    wait_for(lambda: events(command_line, "TrialBuilt"))  # and no backup yet
    for child in trial_processes(process, descendants):
        child.kill()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    states = [trial.state.name for trial in trials(command_line)]
    assert states == ["FAIL", "COMPLETE", "COMPLETE"]
    table = (command_line.folder / "runs/tiny-001/trials.csv").read_text()
    assert "0,failed,crash,,0" in table


@pytest.mark.parametrize("whole_search", [True, False])
def test_a_trial_that_is_killed_goes_on_from_its_backup(
    command_line: CommandLine, wait_for: Wait, descendants: Descendants, whole_search: bool
) -> None:
    space = command_line.write(LONG)
    process = command_line.start("run", space, "--trials", "1")
    folder = command_line.folder / "runs/tiny-001/trials/0000"
    wait_for((folder / "backup/state.npz").is_file)
    family = descendants(process.pid)
    for killed in [process] if whole_search else trial_processes(process, descendants):
        killed.kill()
    process.communicate(timeout=120)
    if whole_search:
        wait_for(lambda: gone(family), 10)
        command_line.good("run", space, "--trials", "1")
    assert [trial.state.name for trial in trials(command_line)] == ["COMPLETE"]
    assert len(events(command_line, "TrialContinued")) == 1
    assert histories(command_line) == {"0": [str(epoch) for epoch in range(1, EPOCHS + 1)]}
    assert sorted(path.name for path in folder.iterdir()) == ["config.yaml", "history.csv", "log.txt", "model.keras"]


def test_a_killed_search_goes_on_without_losing_or_repeating_a_finished_trial(
    command_line: CommandLine, wait_for: Wait, descendants: Descendants
) -> None:
    space = command_line.write(SLOW)
    process = command_line.start("run", space)
    wait_for(lambda: len(events(command_line, "TrialEnded")) == 1 and len(events(command_line, "TrialStarted")) == 2)
    family = descendants(process.pid)
    assert len(family) >= 2  # the forkserver and a trial
    process.kill()
    process.communicate()
    wait_for(lambda: gone(family), 10)
    finished = trials(command_line)[0]
    again = command_line.good("run", space)
    assert "goes on after 1 finished" in again
    after = trials(command_line)
    assert [trial.number for trial in after] == [0, 1, 2]
    assert [trial.state.name for trial in after] == ["COMPLETE"] * 3
    assert after[0].datetime_complete == finished.datetime_complete  # not run again
    assert after[1].params == trials(command_line)[1].params
    whole = [str(epoch) for epoch in range(1, 7)]
    assert histories(command_line) == {"0": whole, "1": whole, "2": whole}
    assert sorted(path.name for path in (command_line.folder / "runs").iterdir()) == ["tiny-001"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_an_interrupted_search_ends_its_children_and_says_how_to_go_on(
    command_line: CommandLine, wait_for: Wait, descendants: Descendants, number: int, code: int
) -> None:
    space = command_line.write(SLOW)
    process = command_line.start("run", space)
    wait_for(lambda: len(events(command_line, "EpochEnded")) >= 2)
    family = descendants(process.pid)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "The same command goes on" in err
    assert "Traceback" not in err
    wait_for(lambda: gone(family), 10)
    assert [trial.state.name for trial in trials(command_line)] == ["WAITING"]
    status = json.loads((command_line.folder / "runs/tiny-001/status.json").read_text())
    assert status["state"] == "interrupted"
    command_line.good("run", space, "--set", "search.trials=2")
    assert [trial.state.name for trial in trials(command_line)] == ["COMPLETE"] * 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_search_that_draws_in_vain_ends_at_once_when_it_is_told(
    command_line: CommandLine, wait_for: Wait, number: int, code: int
) -> None:
    process = command_line.start("run", command_line.write(RARE))
    wait_for(lambda: events(command_line, "TrialEnded") and len(trials(command_line)) > 5)
    before = len(trials(command_line))
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert "The same command goes on" in err
    assert len(trials(command_line)) < before + 100  # of a thousand


SLEEPY = """\
import time

import keras


def network(images):
    time.sleep(3600)
    return keras.layers.Conv2D(4, 3)(images)
"""


@pytest.mark.nightly
@pytest.mark.parametrize("building", [True, False])
def test_a_search_that_is_told_to_end_does_so_also_where_nothing_can_be_finished(
    command_line: CommandLine, wait_for: Wait, descendants: Descendants, building: bool
) -> None:
    command_line.write(SLEEPY, "sleepy.py")
    model = '{custom: {function: "sleepy:network"}}' if building else "{scratch: {blocks: 1, filters: 4}}"
    long = "training: {epochs: 1, batch_size: 1, steps_per_epoch: 10000000}"
    lines = [f"model: {model}" if text.startswith("model") else text for text in TINY.splitlines()]
    space = command_line.write("\n".join(long if text.startswith("training") else text for text in lines))
    process = command_line.start("run", space, "--allow-code")
    wait_for(lambda: events(command_line, "TrialStarted" if building else "TrialBuilt"))
    family = descendants(process.pid)
    began = time.monotonic()
    process.terminate()
    _, err = process.communicate(timeout=30)
    print(f"{time.monotonic() - began:.1f} s")
    assert process.returncode == 0, err
    assert "The same command goes on" in err
    wait_for(lambda: gone(family), 10)
    assert [trial.state.name for trial in trials(command_line)] == ["WAITING"]


def test_a_second_search_on_a_run_in_progress_is_refused_and_told_who_holds_it(
    command_line: CommandLine, wait_for: Wait
) -> None:
    space = command_line.write(SLOW)
    process = command_line.start("run", space, "--trials", "50")  # enough to go on while the second starts
    wait_for(lambda: events(command_line, "EpochEnded"))
    second = command_line("run", space)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert second.returncode == 1
    assert f"process {process.pid} on" in second.stderr
    assert "--new" in second.stderr
    assert not (Path(command_line.folder) / "runs/tiny-002").exists()
