"""How runs stand, from their status files."""

import json
import os
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cnnsearch.commands.status import status
from cnnsearch.search.engine.budget import Budget, Limits
from cnnsearch.search.listeners.status_file import StatusFile
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.standing import standing_of
from cnnsearch.search.study.owners import boot, new_token
from cnnsearch.spaces.errors import CnnSearchError


def run_of(path: Path, **told: Any) -> Path:
    path.mkdir(parents=True)
    (path / "study.db").touch()
    trials = {"budget": 20, "running": {"9": 3}, "completed": 6, "pruned": 2, "failed": 1}
    known = {"state": "running", "process": os.getpid(), "host": socket.gethostname(), "trials": trials}
    known |= {"seconds": 83.0, "best": {"trial": 7, "score": 0.77712}}
    RunFolder(path).status.write_text(json.dumps(known | told))
    return path


def printed(*paths: Path, as_json: bool = False) -> str:
    console = Console(file=StringIO(), width=200)
    status(paths, console, as_json=as_json)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def gone() -> int:
    """The number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_running_search_tells_its_trials_and_where_each_is(tmp_path: Path) -> None:
    line = " ".join(printed(run_of(tmp_path / "basic-001")).splitlines()[1].split())
    assert line.endswith("basic-001 running 9/20 0.7771 (trial 7) 1m23s 2 pruned, 1 failed, trial 9 in epoch 4")


def test_a_search_whose_process_is_gone_was_killed(tmp_path: Path) -> None:
    line = printed(run_of(tmp_path / "basic-001", process=gone())).splitlines()[1]
    assert "killed" in line
    assert line.rstrip().endswith("the same command goes on")


def test_a_later_process_with_the_number_of_a_search_is_not_that_search(tmp_path: Path) -> None:
    token = new_token()
    host, process, started, *rest = token.split(":")
    living = run_of(tmp_path / "basic-001", boot=boot(), token=token)
    later = run_of(tmp_path / "basic-002", boot=boot(), token=":".join((host, process, f"{int(started) - 1}", *rest)))
    restarted = run_of(tmp_path / "basic-003", boot="of yesterday", token=token)
    told = json.loads(printed(living, later, restarted, as_json=True))
    assert [each["state"] for each in told] == ["running", "killed", "killed"]


def test_of_another_containers_processes_nothing_is_known(tmp_path: Path) -> None:
    host, process, started, _, rest = new_token().split(":")
    token = ":".join((host, process, started, "0123456789abcdef", rest))
    assert " running " in printed(run_of(tmp_path / "basic-001", boot=boot(), token=token, process=gone()))


def test_a_search_says_which_process_it_is(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    StatusFile(run, "", Budget(Limits())).write()
    assert standing_of(run).state == "running"
    told = json.loads(run.status.read_text())
    run.status.write_text(json.dumps(told | {"token": told["token"].replace(f":{os.getpid()}:", f":{gone()}:")}))
    assert standing_of(run).state == "killed"


def test_of_another_machines_processes_nothing_is_known(tmp_path: Path) -> None:
    assert " running " in printed(run_of(tmp_path / "basic-001", process=gone(), host="elsewhere"))


def test_a_folder_of_runs_has_a_line_for_each(tmp_path: Path) -> None:
    run_of(tmp_path / "basic-001", state="finished", reason="all trials are done")
    run_of(tmp_path / "basic-002", state="failed", reason="no space\x1b[2J left")
    lines = printed(tmp_path).splitlines()
    assert len(lines) == 3
    assert lines[1].rstrip().endswith("all trials are done")
    assert r"no space\x1b[2J left" in lines[2]


def test_json_is_the_status_file_and_the_state(tmp_path: Path) -> None:
    (told,) = json.loads(printed(run_of(tmp_path / "basic-001", process=gone()), as_json=True))
    assert (told["state"], told["best"]["trial"]) == ("killed", 7)
    assert told["run"] == str(tmp_path / "basic-001")


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"state": "running", "trials": 3, "best": [], "seconds": null}'])
def test_a_damaged_status_is_no_traceback(tmp_path: Path, content: str) -> None:
    path = run_of(tmp_path / "basic-001")
    RunFolder(path).status.write_text(content)
    assert "basic-001" in printed(path)


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match="a run, a folder with its study, must lie here, got nothing there"):
        printed(tmp_path / "none")


def test_nothing_slow_is_imported(tmp_path: Path) -> None:
    path = run_of(tmp_path / "basic-001")
    code = (
        "import sys; from pathlib import Path; from rich.console import Console\n"
        "from cnnsearch.commands.status import status\n"
        "status([Path(sys.argv[1])], Console(), as_json=False)\n"
        "slow = {'tensorflow', 'keras', 'matplotlib', 'optuna', 'sklearn', 'scipy', 'sqlalchemy'} & set(sys.modules)\n"
        "sys.exit(', '.join(slow) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
