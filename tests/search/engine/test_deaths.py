"""What the end of a process that said nothing is taken for."""

import signal
from pathlib import Path

import pytest

from cnnsearch.search.engine.deaths import broken_by_death, oom_kills
from cnnsearch.search.records import Failure

EVENTS = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n"


def machine(root: Path, files: dict[str, str]) -> Path:
    """A folder with some of the files in which Linux tells of its memory."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        ({"proc/self/cgroup": "0::/job/7\n", "sys/fs/cgroup/job/7/memory.events": EVENTS}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.events": EVENTS, "proc/vmstat": "oom_kill 9\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "proc/vmstat": "pgpgin 5\noom_kill 9\n"}, 9),
        (
            {
                "proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/job\n0::/x\n",
                "sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
            },
            4,
        ),
        ({}, 0),
        ({"proc/vmstat": "pgpgin 5\n"}, 0),
    ],
)
def test_the_kernel_counts_what_it_ends_for_lack_of_memory(tmp_path: Path, files: dict[str, str], kills: int) -> None:
    assert oom_kills(machine(tmp_path, files)) == kills


def test_this_machine_tells_or_tells_nothing() -> None:
    assert oom_kills() >= 0


def death(tmp_path: Path, code: int, log: str = "", *, killed_for_memory: bool = False) -> tuple[Failure, str]:
    (tmp_path / "log.txt").write_text(log)
    broken = broken_by_death(code, "how", tmp_path / "log.txt", killed_for_memory=killed_for_memory)
    return broken.failure, broken.message


def test_a_kill_while_the_kernel_was_out_of_memory_is_a_lack_of_memory(tmp_path: Path) -> None:
    told = "the system ended the process, as the machine's memory ran out"
    assert death(tmp_path, -signal.SIGKILL, killed_for_memory=True) == (Failure.OOM, told)


@pytest.mark.parametrize(("code", "killed_for_memory"), [(-signal.SIGKILL, False), (-signal.SIGSEGV, True), (3, True)])
def test_every_other_end_is_a_crash(tmp_path: Path, code: int, killed_for_memory: bool) -> None:
    found = death(tmp_path, code, "std::bad_alloc", killed_for_memory=killed_for_memory)
    assert found == (Failure.CRASH, "the process ended without a word: how")


def test_an_abort_is_told_by_its_last_words(tmp_path: Path) -> None:
    log = "step 1\nterminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n"
    assert death(tmp_path, -signal.SIGABRT, log)[0] is Failure.OOM
    assert death(tmp_path, -signal.SIGABRT, "step 1\n")[0] is Failure.CRASH


def test_an_abort_for_a_thread_that_found_no_room_is_a_lack_of_memory(tmp_path: Path) -> None:
    log = "F env.cc:74] Check failed: ret == 0 (11 vs. 0)Thread tf_data creation via pthread_create() failed.\n"
    assert death(tmp_path, -signal.SIGABRT, log)[0] is Failure.OOM


def test_an_abort_without_a_log_is_a_crash(tmp_path: Path) -> None:
    broken = broken_by_death(-signal.SIGABRT, "how", tmp_path / "none.txt", killed_for_memory=False)
    assert broken.failure is Failure.CRASH
