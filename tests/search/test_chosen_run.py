"""Which run folder a command works in."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.runs import held, make_run, newest, read_status, run_identity, runs_named, unfinished
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.errors import CnnSearchError


def finish(run: RunFolder) -> RunFolder:
    write_json(run.status, {**read_status(run), "state": "finished"})
    return run


def names(runs: list[RunFolder]) -> list[str]:
    return [run.path.name for run in runs]


def test_runs_are_numbered_from_one_and_after_the_largest(tmp_path: Path) -> None:
    assert make_run(tmp_path / "runs", "basic", "a").path.name == "basic-001"
    (tmp_path / "runs/basic-1041").mkdir()
    assert make_run(tmp_path / "runs", "basic", "a").path.name == "basic-1042"
    assert make_run(tmp_path / "runs", "other", "a").path.name == "other-001"


def test_only_folders_of_exactly_this_name_are_its_runs(tmp_path: Path) -> None:
    for name in ("a.b-001", "a.b-002", "axb-001", "a.b-c-001", "a.b-01", "a.b-1000", "a.b-x"):
        (tmp_path / name).mkdir()
    (tmp_path / "a.b-003").touch()
    assert names(runs_named(tmp_path, "a.b")) == ["a.b-001", "a.b-002", "a.b-1000"]
    assert runs_named(tmp_path / "nothing", "a.b") == []


def test_many_at_once_get_a_number_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: make_run(tmp_path, "basic", "a"), range(10)))
    assert sorted(names(made)) == [f"basic-{number:03d}" for number in range(1, 11)]


def test_the_newest_unfinished_run_of_the_same_space_and_data_goes_on(tmp_path: Path) -> None:
    make_run(tmp_path, "basic", "a")
    second = make_run(tmp_path, "basic", "a")
    finish(make_run(tmp_path, "basic", "a"))
    make_run(tmp_path, "basic", "b")
    assert unfinished(tmp_path, "basic", "a") == second
    assert unfinished(tmp_path, "basic", "c") is None
    assert unfinished(tmp_path, "other", "a") is None


def test_more_goes_to_the_newest_run_finished_or_not(tmp_path: Path) -> None:
    make_run(tmp_path, "basic", "a")
    second = finish(make_run(tmp_path, "basic", "a"))
    assert newest(tmp_path, "basic", "a") == second
    with pytest.raises(CnnSearchError, match=r"basic-\*: --more adds trials to an earlier run .* got none there"):
        newest(tmp_path, "basic", "b")


@pytest.mark.parametrize("text", ["", "{", "[1]", "\0\0\0"])
def test_a_damaged_status_says_nothing(tmp_path: Path, text: str) -> None:
    run = make_run(tmp_path, "basic", "a")
    run.status.write_text(text)
    assert read_status(run) == {}
    assert unfinished(tmp_path, "basic", "a") is None


def test_another_process_that_holds_the_run_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path, "basic", "a")
    script = (
        "import sys; from pathlib import Path; from cnnsearch.search.runs import held\n"
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


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(CnnSearchError, match=r"runs/basic-001: the run's folder must be writable, got Not a directory"):
        make_run(tmp_path / "runs", "basic", "a")


def test_an_identity_tells_spaces_and_data_apart() -> None:
    assert len({run_identity(space, data) for space in ("a" * 64, "b" * 64) for data in ("c" * 64, "d" * 63)}) == 4


def test_a_new_run_is_starting_until_its_search_has_begun(tmp_path: Path) -> None:
    run = make_run(tmp_path, "basic", "a")
    assert json.loads(run.status.read_text()) == {"state": "starting", "identity": "a"}
