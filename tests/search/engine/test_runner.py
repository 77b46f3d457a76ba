"""Jobs in real processes: what they say, and every way in which they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from cnnsearch.search.engine import processes, runner
from cnnsearch.search.engine.processes import ChildProcess
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.records import Failure
from cnnsearch.search.trial.messages import Broken, Built, EpochDone, Message, Verdict, Written
from tests.search.engine import works
from tests.search.few_files import files_left, open_files

pytestmark = pytest.mark.usefixtures("forkserver")


def run(tmp_path: Path, function: Any, job: object, **environment: str) -> tuple[Broken | None, list[Message], str]:
    """The failure of a job, what it said, and its log."""
    heard: list[Message] = []

    def answer(message: Message) -> object | None:
        heard.append(message)
        return Verdict.GO_ON if isinstance(message, EpochDone) else None

    log = tmp_path / "logs/log.txt"
    broken = run_in_child(Work(function, job, log, environment), answer)
    return broken, heard, log.read_text()


def test_a_good_job_is_heard_and_answered_and_its_output_is_in_its_log(tmp_path: Path) -> None:
    broken, heard, log = run(tmp_path, works.talk, 1234)
    assert broken is None
    assert [type(message).__name__ for message in heard] == ["Built", "EpochDone"]
    assert heard[0] == Built(1234, "cpu")
    assert log == "building\nanswer: go on\n"


def test_a_slots_variables_are_set_there_and_not_here(tmp_path: Path) -> None:
    _, _, log = run(tmp_path, works.tell_environment, "CNNSEARCH_SLOT", CNNSEARCH_SLOT="gpu:1")
    assert log == "CNNSEARCH_SLOT = gpu:1\n"
    assert "CNNSEARCH_SLOT" not in os.environ


@pytest.mark.parametrize(
    ("job", "failure", "message"),
    [
        ("oom", Failure.OOM, "MemoryError: no room"),
        ("oom from tensorflow", Failure.OOM, "RuntimeError: RESOURCE_EXHAUSTED: OOM when allocating tensor"),
        ("copy", Failure.OOM, "RuntimeError: Dst tensor is not initialized. [Op:Cast]"),
        ("cublas", Failure.OOM, f"RuntimeError: {works.ERRORS['cublas']}"),
        ("cublas room", Failure.OOM, f"RuntimeError: {works.ERRORS['cublas room']}"),
        ("cudnn", Failure.OOM, f"RuntimeError: {works.ERRORS['cudnn']}"),
        ("map", Failure.OOM, "OSError: [Errno 12] Cannot allocate memory"),
        ("map in words", Failure.OOM, "RuntimeError: mmap failed: Cannot allocate memory"),
        ("map of a cache", Failure.OOM, "cache/x: memory must suffice, got none."),
        ("thread", Failure.OOM, "RuntimeError: can't start new thread"),
        ("nan", Failure.NAN, "loss is nan after epoch 1"),
        ("data", Failure.DATA, "photos/cat.1.jpg: an image must decode, got half of one."),
        ("disk", Failure.DISK, "OSError: [Errno 28] No space left on device"),
        ("bug", Failure.BUG, "KeyError: 'units'"),
        ("leaves", Failure.BUG, "SystemExit: 3"),
    ],
)
def test_what_a_job_raises_is_classified_and_its_traceback_logged(
    tmp_path: Path, job: str, failure: Failure, message: str
) -> None:
    broken, _, log = run(tmp_path, works.fail, job)
    assert broken == Broken(failure, message)
    assert "Traceback" in log


def test_memory_that_no_machine_has_is_out_of_memory(tmp_path: Path) -> None:
    broken, _, _ = run(tmp_path, works.allocate, 2**50)
    assert broken is not None
    assert broken.failure is Failure.OOM


@pytest.mark.parametrize(
    ("job", "how"),
    [
        (-signal.SIGSEGV, "killed by SIGSEGV"),
        (-signal.SIGKILL, "killed by SIGKILL (by a person, or by the system when memory ran out)"),
        (-(signal.SIGRTMIN + 1), f"killed by signal {signal.SIGRTMIN + 1}"),
        (3, "exit code 3"),
        (0, "exit code 0"),
    ],
)
def test_an_end_without_a_word_is_a_crash_that_says_how(tmp_path: Path, job: int, how: str) -> None:
    broken, _, _ = run(tmp_path, works.die, int(job))
    assert broken == Broken(Failure.CRASH, f"the process ended without a word: {how}")


def test_a_process_that_is_gone_before_its_answer_is_a_crash(tmp_path: Path) -> None:
    running: list[ChildProcess] = []

    def answer(_: Message) -> Verdict:
        psutil.wait_procs([psutil.Process(running[0].pid)], timeout=10)
        return Verdict.GO_ON

    broken = run_in_child(Work(works.die_while_asking, 0, tmp_path / "log.txt", {}), answer, running.append)
    assert broken is not None
    assert (broken.failure, "SIGKILL" in broken.message) == (Failure.CRASH, True)


def test_a_process_that_the_system_refuses_is_a_crash_and_it_is_asked_again_for_the_next(
    tmp_path: Path, no_process: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_process()
    with monkeypatch.context() as patch:
        patch.setattr(processes, "_REFUSED", 0.0)
        broken = run_in_child(Work(works.talk, 1, tmp_path / "log.txt", {}), lambda _: None)
    assert broken is not None
    assert broken.failure is Failure.CRASH
    assert broken.message.startswith("this machine: it must have room for one more process, got ")
    assert broken.message.endswith(". Free memory, or raise the limits of processes and open files.")
    assert run(tmp_path, works.talk, 1)[0] is None


@pytest.mark.parametrize("count", [0, 1, 3, 5, 7, 8, 12])
def test_too_many_open_files_are_a_refusal_too_and_leave_none_open(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(works.talk, 1, tmp_path / "log.txt", {})
    run_in_child(work, lambda _: Verdict.GO_ON)
    monkeypatch.setattr(processes, "_REFUSED", 0.0)
    before = open_files()
    with files_left(count):
        broken = run_in_child(work, lambda _: Verdict.GO_ON)
    assert open_files() == before
    told = "this machine: it must have room for one more process, got [Errno 24] Too many open files"
    assert broken is None if count > 7 else broken is not None and broken.message.startswith(told)


def test_a_process_for_which_there_are_too_many_open_files_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, refused, found = processes._check_files, threading.Event(), list[Broken | None]()

    def checked() -> None:
        try:
            check()
        except OSError:
            refused.set()
            raise

    def runs() -> None:
        work = Work(works.talk, 1, tmp_path / "log.txt", {})
        found.append(run_in_child(work, lambda _: Verdict.GO_ON))

    monkeypatch.setattr(processes, "_check_files", checked)
    with files_left(0):
        thread = threading.Thread(target=runs)
        thread.start()
        assert refused.wait(60)
    thread.join(60)
    assert found == [None]


def test_who_ends_all_processes_may_meet_one_that_has_just_ended(tmp_path: Path) -> None:
    running: list[ChildProcess] = []
    run_in_child(Work(works.talk, 1, tmp_path / "log.txt", {}), lambda _: Verdict.GO_ON, running.append)
    running[0].kill()


def test_a_process_that_says_nothing_is_waited_for_no_longer_than_there_is_patience(tmp_path: Path) -> None:
    running: list[int] = []
    heard: list[Message] = []
    work = Work(works.hang, "", tmp_path / "log.txt", {})
    broken = run_in_child(
        work, heard.append, lambda process: running.append(process.pid), lambda: 0.0 if heard else 60.0
    )
    assert broken == Broken(Failure.TIMEOUT, "the process said nothing for too long")
    assert [type(message) for message in heard] == [Built]
    assert not psutil.pid_exists(running[0])


@pytest.mark.parametrize("how", ["kill", "abort", "raise", "hang"])
def test_what_breaks_once_the_model_is_written_is_told_and_no_failure(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_COURTESY", 0.5)
    heard: list[Message] = []
    work = Work(works.break_when_written, how, tmp_path / "log.txt", {})
    assert run_in_child(work, heard.append, patience=lambda: None) is None
    written, broken = heard
    assert written == Written()
    assert isinstance(broken, Broken)
    kinds = {"kill": Failure.CRASH, "abort": Failure.CRASH, "raise": Failure.OOM, "hang": Failure.TIMEOUT}
    assert broken.failure is kinds[how]


def test_a_native_abort_for_lack_of_memory_is_known_by_its_last_words(tmp_path: Path) -> None:
    broken, _, _ = run(tmp_path, works.abort, "terminate called after throwing an instance of 'std::bad_alloc'")
    assert broken is not None
    assert (broken.failure, "bad_alloc" in broken.message) == (Failure.OOM, True)


def test_a_fault_of_the_parent_leaves_no_process_behind(tmp_path: Path) -> None:
    running: list[int] = []

    def answer(_: Message) -> object:
        raise RuntimeError("the parent's own fault")

    with pytest.raises(RuntimeError, match="the parent's own fault"):
        run_in_child(
            Work(works.hang, "", tmp_path / "log.txt", {}), answer, lambda process: running.append(process.pid)
        )
    assert not psutil.pid_exists(running[0])


PARENT = """\
import sys
from pathlib import Path
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.engine.runner import Work, run_in_child
from tests.search.engine import works
if __name__ == "__main__":
    start_forkserver()
    run_in_child(Work(works.hang, "", Path(sys.argv[1]), {}), lambda message: print(message.parameters, flush=True))
"""


def test_a_job_ends_when_its_parent_is_killed(tmp_path: Path, checkout: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "log.txt")], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        forkserver = child.parent()
        parent.kill()
    assert forkserver is not None
    for process in (child, forkserver):
        end = time.monotonic() + 10
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < end, f"{process} outlives its parent"
            time.sleep(0.02)
