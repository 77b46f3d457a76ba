"""Runs as a person names them."""

from pathlib import Path

import pytest

from cnnsearch.reports.runs import named_run, run_names
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"absent: a run, a folder with its study, .* got nothing there\."):
        named_run(tmp_path / "absent")
    with pytest.raises(CnnSearchError, match=r"got a folder without\. cnnsearch run makes one"):
        named_run(tmp_path)


def test_a_folder_of_runs_names_them(tmp_path: Path) -> None:
    for name in ("basic-001", "basic-002"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.db").touch()
    with pytest.raises(CnnSearchError, match=r"got a folder of runs \(basic-001, basic-002\)\. .* such as .*basic-002"):
        named_run(tmp_path)
    assert named_run(tmp_path / "basic-001") == RunFolder(tmp_path / "basic-001")


def test_runs_of_one_name_are_told_apart_by_their_paths() -> None:
    runs = [RunFolder(Path(path)) for path in ("a/basic-001", "b/basic-001", "b/basic-002")]
    assert run_names(runs) == ["a/basic-001", "b/basic-001", "basic-002"]
