"""One parent works in a run's folder at a time."""

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from cnnsearch.search.chosen_run import make_run
from cnnsearch.search.run_lock import held
from cnnsearch.spaces.errors import CnnSearchError


def test_another_process_that_holds_the_run_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path, "basic", "a")
    script = (
        "import sys; from pathlib import Path; from cnnsearch.search.run_lock import held\n"
        "from cnnsearch.search.run_folder import RunFolder\n"
        "with held(RunFolder(Path(sys.argv[1]))):\n  print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", script, str(run.path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(CnnSearchError, match=rf"one process works on a run at a time, process {other.pid} on "),
            held(run),
        ):
            pass
        other.kill()
    with held(run):  # whoever is dead holds nothing
        assert f"process {os.getpid()} on" in (run.path / "run.holder").read_text()
    assert not (run.path / "run.holder").exists()


SCRIPT = """\
import sys
from pathlib import Path
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_lock import held
from cnnsearch.spaces.errors import CnnSearchError

print("ready", flush=True)
sys.stdin.readline()
try:
    with held(RunFolder(Path(sys.argv[1]))):
        print("held", flush=True)
        sys.stdin.readline()
except CnnSearchError as error:
    print(error, flush=True)
"""


def test_of_ten_at_once_one_holds_the_run_and_nine_are_told_who(tmp_path: Path) -> None:
    run = make_run(tmp_path, "basic", "a")
    (run.path / "run.holder").write_text(f"process {2**22 + 1} on {socket.gethostname()}\n")  # dead, and no such number
    with ExitStack() as stack:
        parents = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", SCRIPT, str(run.path)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for _ in range(10)
        ]
        said = {parent.pid: _line(parent) for parent in parents}
        assert {*said.values()} == {"ready"}
        for parent in parents:
            _tell(parent)
        said = {parent.pid: _line(parent) for parent in parents}
        (holder,) = [pid for pid, text in said.items() if text == "held"]
        assert all(f"process {holder} on" in text for pid, text in said.items() if pid != holder), said
        for parent in parents:
            parent.communicate()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
