"""Searches of scripts as people write them, in real processes."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cnnsearch.command_line import LIMIT, end

SPACE = """\
SPACE = {
    "data": {"source": "sample:digits", "image_size": 8, "color": "gray"},
    "model": {"scratch": {"blocks": 1, "filters": {"int": [2, 64]}}},
    "training": {"epochs": EPOCHS, "early_stopping": None},
    "search": {"pruner": "none", "trials": 2},
}
"""
SEARCHING = f"""\
print("main runs")
import cnnsearch
{SPACE.replace("EPOCHS", "1")}
run = cnnsearch.run(SPACE, name="mine")
print(run)
"""
Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a script in an empty folder."""
    started = []

    def script(text: str) -> "subprocess.Popen[str]":
        (tmp_path / "script.py").write_text(text, encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            env=os.environ | {"CNNSEARCH_OFFLINE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield script
    end(started)


def test_a_script_without_a_guard_searches_once(start: Start, tmp_path: Path) -> None:
    out, err = start(SEARCHING).communicate(timeout=LIMIT)
    assert out.count("main runs") == 1
    assert re.search(r"<Run runs/mine-001: finished, 2 trials, best val_accuracy 0\.\d{4} \(trial \d\)>\n", out)
    assert out.count(" starts on cpu: ") == 2
    assert err == ""
    assert (tmp_path / "runs/mine-001/trials.csv").is_file()
    assert (tmp_path / "runs/mine-001/best/metrics.json").is_file()


TOGETHER = f"""\
import os, cnnsearch
{SPACE.replace("EPOCHS", "3").replace('"trials": 2', '"trials": 4')}
where = {{"search.storage": "sqlite:///shared.db"}}
run = cnnsearch.run(SPACE, name="mine", runs=f"runs-{{os.getpid()}}", set=where, progress=False)
print([trial.number for trial in run.trials], len(list(run.path.glob("trials/*/config.yaml"))))
"""


def test_two_machines_that_make_one_call_search_together(start: Start, tmp_path: Path) -> None:
    scripts = [start(TOGETHER) for _ in range(2)]
    told = [script.communicate(timeout=LIMIT) for script in scripts]
    assert [err for _, err in told] == ["", ""]
    known, made = zip(*(out.rsplit(" ", 1) for out, _ in told), strict=True)
    assert known == ("[0, 1, 2, 3]", "[0, 1, 2, 3]")
    assert sum(map(int, made)) == 4
    assert len([*tmp_path.glob("runs-*/mine-001/report.html")]) == 2


STOPPED = f"""\
import sys, cnnsearch
{SPACE.replace("EPOCHS", "100000")}
sys.stdout.reconfigure(line_buffering=True)
try:
    cnnsearch.run(SPACE, name="mine")
except KeyboardInterrupt:
    print("stopped", cnnsearch.open_run("runs/mine-001"))
    print(cnnsearch.run(SPACE, time=1, name="mine"))
"""


def test_an_interrupted_search_goes_on_with_the_same_call(start: Start, tmp_path: Path) -> None:
    process = start(STOPPED)
    assert process.stdout is not None
    while " starts on cpu" not in process.stdout.readline():
        pass
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    assert "warning: stopped; the finished trials are kept. The same call goes on\n" in err
    assert "stopped <Run runs/mine-001: interrupted, 1 trial, no score yet>" in out
    assert "<Run runs/mine-001: finished, 1 trial, best val_accuracy" in out
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine-001"]


IMPORTED = """\
import multiprocessing
import cnnsearch

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=print, args=(cnnsearch.TrialRecord, cnnsearch.__doc__))
    process.start()
    process.join()
    print("ended with", process.exitcode)
else:
    cnnsearch.run("basic", data="sample:digits")
"""


def test_a_process_that_imports_a_searching_script_is_refused(start: Start, tmp_path: Path) -> None:
    out, err = start(IMPORTED).communicate(timeout=LIMIT)
    assert "ended with 1" in out
    assert "cnnsearch.run: a search is begun by the script itself, got SpawnProcess-1" in err
    assert 'Put the call under `if __name__ == "__main__":`' in err
    assert not (tmp_path / "runs").exists()


DAEMON = """\
import multiprocessing
import cnnsearch


def search():
    try:
        cnnsearch.run("basic", data="sample:digits")
    except cnnsearch.CnnSearchError as error:
        print(error)


if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=search, daemon=True)
    process.start()
    process.join()
"""


def test_a_daemon_is_told_that_it_starts_no_processes(start: Start) -> None:
    out, _ = start(DAEMON).communicate(timeout=LIMIT)
    assert "its trials are processes, got ForkProcess-1, a daemon, which Python lets start none" in out


THREAD = f"""\
import threading, cnnsearch
{SPACE.replace("EPOCHS", "1")}
found = []
thread = threading.Thread(target=lambda: found.append(cnnsearch.run(SPACE, trials=1, progress=False)))
thread.start()
thread.join()
print(found)
"""


def test_another_thread_than_the_main_one_may_search_in_silence(start: Start) -> None:
    out, err = start(THREAD).communicate(timeout=LIMIT)
    assert re.fullmatch(r"\[<Run runs/search-001: finished, 1 trial, best val_accuracy [\d.]+ \(trial 0\)>\]\n", out)
    assert err == ""
