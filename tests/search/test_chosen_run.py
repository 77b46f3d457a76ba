"""Which run folder a command works in."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.search.chosen_run import DataChanged, SearchIdentity, choose, keep_summary, make_run, runs_named
from cnnsearch.search.confirmed import Confirmation, write_confirmation
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.records import Objective
from cnnsearch.search.request import Request
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_status import read_status, read_summary, run_identity, seen_images, spent_seconds
from cnnsearch.search.standing import standing_of
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.writing import write_json, write_text
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.search import Confirm

SPACE = "data: {source: photos}\nmodel: {scratch: {blocks: {int: [1, 2]}}}\n"
MAKING = """\
import sys
from pathlib import Path
from cnnsearch.search.chosen_run import make_run
make_run(Path(sys.argv[1]), "a", "b")
"""
Made = Callable[..., Request]


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


@pytest.fixture
def request_of(tmp_path: Path) -> Callable[..., Request]:
    """A request for the run `basic` in the test's folder."""

    def made(**how: Any) -> Request:
        return Request(loads_space(SPACE, "basic"), tmp_path, "basic", **how)

    return made


def files(*numbers: int, other: str = "") -> dict[str, Any]:
    """The description of some cats and a dog."""
    parts = {"train": {"cat": {f"cat/{n}.jpg": f"{other}{n}" for n in numbers}, "dog": {"dog/1.jpg": f"{other}d"}}}
    fingerprint = "".join(map(str, (*numbers, other)))
    return {"source": f"photos{other}", "classes": ["cat", "dog"], "fingerprint": fingerprint, "files": parts}


def wanted(data: dict[str, Any], space: str = "", confirm: Confirm | None = None) -> SearchIdentity:
    return SearchIdentity(space or loads_space(SPACE, "basic").identity(), Summary.of(data), trials=8, confirm=confirm)


def begun(tmp_path: Path, data: dict[str, Any], state: str = "interrupted") -> RunFolder:
    """A run with a study, such as a session leaves."""
    made = wanted(data)
    run = make_run(tmp_path, "basic", made.identity)
    write_json(run.status, {**read_status(run), "state": state})
    write_json(run.dataset, data)
    write_text(run.resolved, loads_space(SPACE, "basic").to_yaml())
    TrialStudy.open(open_storage(sqlite_url(run.study)), Objective.of("val_accuracy"))
    return run


def test_the_newest_unfinished_run_of_the_same_space_and_data_goes_on(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2))
    second = begun(tmp_path, files(1, 2))
    begun(tmp_path, files(1, 2), "finished")
    begun(tmp_path, files(1, 2, 3))
    chosen = choose(request_of(), wanted(files(1, 2)))
    assert (chosen.run, chosen.continued, chosen.change, chosen.trials) == (second, True, None, 8)
    assert not choose(request_of(), wanted(files(1, 2), "another space")).continued


def test_the_newest_finished_run_is_confirmed_and_no_more(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2), "finished")
    second = begun(tmp_path, files(1, 2), "finished")
    asked = Confirm(top=2, seeds=3)
    assert not choose(request_of(new=True), wanted(files(1, 2), confirm=asked)).continued
    (tmp_path / "basic-003/status.json").unlink()
    (tmp_path / "basic-003").rmdir()
    chosen = choose(request_of(), wanted(files(1, 2), confirm=asked))
    assert (chosen.run, chosen.continued, chosen.trials) == (second, True, 0)  # as many as it has: none
    assert choose(request_of(resume=second.path), wanted(files(1, 2), confirm=asked)).trials == 8


@pytest.mark.parametrize(
    ("state", "seeds", "again"), [("done", 3, False), ("done", 2, True), ("running", 3, True), ("outdated", 3, True)]
)
def test_a_run_is_confirmed_once_as_it_is_asked_for(
    tmp_path: Path, request_of: Made, state: str, seeds: int, again: bool
) -> None:
    run = begun(tmp_path, files(1, 2), "finished")
    found = Confirmation(Objective.of("val_accuracy"), 2, seeds, 10, (), state=state)
    write_confirmation(run, found)
    assert choose(request_of(), wanted(files(1, 2), confirm=Confirm(top=2, seeds=3))).continued is again


def test_a_finished_run_on_other_images_is_not_confirmed(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2), "finished")
    assert not choose(request_of(), wanted(files(1, 2, 3), confirm=Confirm())).continued


def test_a_run_on_other_images_stops_and_says_what_changed(tmp_path: Path, request_of: Made) -> None:
    run = begun(tmp_path, files(1, 2))
    for how in ({}, {"more": 3}, {"resume": run.path}, {"resume": Path(run.path.name)}):
        with pytest.raises(DataChanged) as stopped:
            choose(request_of(**how), wanted(files(2, 3)))
        assert str(stopped.value) == (
            f"{run.path}: a run goes on with the images that it began with, got a change: 1 image added (cat/3.jpg), "
            "1 removed (cat/1.jpg). --accept-data-change goes on all the same: its trials stay, and scores of two data "
            "sets are mixed. --new begins a new run."
        )
    assert names(runs_named(tmp_path, "basic")) == ["basic-001"]


def test_an_accepted_change_goes_on_with_a_warning(tmp_path: Path, request_of: Made) -> None:
    run = begun(tmp_path, files(1, 2))
    chosen = choose(request_of(accept_data_change=True), wanted(files(2)))
    assert (chosen.run, chosen.continued) == (run, True)
    assert "the images have changed since the run began: 1 image removed (cat/1.jpg); scores" in chosen.warnings[0]


def test_the_description_of_earlier_images_is_kept(tmp_path: Path) -> None:
    run = begun(tmp_path, files(1, 2))
    keep_summary(run)
    write_json(run.dataset, files(2))
    assert read_summary(run, "12") == Summary.of(files(1, 2))
    assert seen_images(run, "12-8x8x1-stretch", "2")["test"] == {"1", "2", "d"}
    assert seen_images(run, "2-8x8x1-stretch", "2") == {}


@pytest.mark.parametrize("stamp", ["1-8x8x1-stretch", ""])
def test_a_model_whose_images_nobody_knows_is_asked_about_none_of_now(tmp_path: Path, stamp: str) -> None:
    run = begun(tmp_path, files(1) | {"files": {}})  # as an earlier version described them
    assert seen_images(run, stamp, "1") == {}
    keep_summary(run)
    write_json(run.dataset, files(2))
    assert seen_images(run, stamp, "2") == {part: {"2", "d"} for part in ("validation", "test")}


def test_other_classes_cannot_be_accepted(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2))
    three = files(1, 2) | {"classes": ["cat", "dog", "wolf"], "fingerprint": "x"}
    three["files"]["train"]["wolf"] = {"wolf/1.jpg": "w"}
    with pytest.raises(DataChanged, match=r"new class wolf\. Its models tell other classes apart: .*--new"):
        choose(request_of(accept_data_change=True), wanted(three))


def test_finished_runs_and_new_ones_ask_nothing_about_changed_images(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2), "finished")
    assert choose(request_of(), wanted(files(2, 3))).run.path.name == "basic-002"
    begun(tmp_path, files(1, 2))
    assert choose(request_of(new=True), wanted(files(2, 3))).run.path.name == "basic-004"


def test_wholly_other_images_from_another_place_have_nothing_to_do_with_a_run(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2))
    assert choose(request_of(), wanted(files(1, 2, other="b"))).run.path.name == "basic-002"
    same_place = files(1, 2, other="b") | {"source": "photos"}
    with pytest.raises(DataChanged, match=r"3 images changed \(cat/1.jpg has other bytes"):
        choose(request_of(), wanted(same_place | {"fingerprint": "c"}))


def test_renamed_files_are_no_change(tmp_path: Path, request_of: Made) -> None:
    run = begun(tmp_path, files(1, 2))
    renamed = files(1, 2)
    renamed["files"]["train"]["dog"] = {"dog/other.jpg": "d"}
    chosen = choose(request_of(), wanted(renamed))
    assert (chosen.run, chosen.change) == (run, None)


def test_more_goes_to_the_newest_run_finished_or_not(tmp_path: Path, request_of: Made) -> None:
    begun(tmp_path, files(1, 2))
    second = begun(tmp_path, files(1, 2), "finished")
    chosen = choose(request_of(more=3), wanted(files(1, 2)))
    assert (chosen.run, chosen.trials) == (second, 3)
    with pytest.raises(CnnSearchError, match=r"basic-\*: --more adds trials to an earlier run .* got none there"):
        choose(request_of(more=3), wanted(files(1, 2), "another space"))


def test_an_unfinished_run_of_another_form_of_the_space_is_told(tmp_path: Path, request_of: Made) -> None:
    run = begun(tmp_path, files(1, 2))
    chosen = choose(request_of(), wanted(files(1, 2), "another space"))
    told = f"{run.path} is not finished; its space has changed since. To go on with it: --resume {run.path}"
    assert (chosen.continued, chosen.warnings) == (False, (told,))


def test_what_is_no_run_is_not_resumed(tmp_path: Path, request_of: Made) -> None:
    with pytest.raises(CnnSearchError, match=r"--resume goes on with a run's folder, got none\. Name one such as"):
        choose(request_of(resume=tmp_path), wanted(files(1)))


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "\0\0\0"])
@pytest.mark.parametrize("how", [{}, {"more": 3}, {"resume": "basic-001"}])
def test_a_run_without_its_status_file_is_found_and_goes_on(
    tmp_path: Path, request_of: Made, text: str | None, how: dict[str, Any]
) -> None:
    run = begun(tmp_path, files(1, 2))
    run.status.unlink()
    if text is not None:
        run.status.write_text(text)
    how = {key: Path(value) if key == "resume" else value for key, value in how.items()}
    assert choose(request_of(**how), wanted(files(1, 2))).run == run
    with pytest.raises(DataChanged, match="1 image removed"):
        choose(request_of(**how), wanted(files(2)))


def test_a_lost_status_is_told_by_the_event_log(tmp_path: Path) -> None:
    run = begun(tmp_path, files(1, 2))
    run.status.unlink()
    events = [
        {"time": 100.0, "event": "RunStarted", "trials": 8, "spent": 50.0},
        {"time": 107.5, "event": "EpochEnded"},
    ]
    run.events.write_text("".join(json.dumps(event) + "\n" for event in events) + '{"time": 17')
    status = read_status(run)
    assert (status["state"], status["seconds"], status["trials"]) == ("running", 57.5, {"budget": 8})
    assert spent_seconds(run) == 57.5
    with run.events.open("a") as log:
        log.write('\n{"time": 108.0, "event": "RunEnded", "state": "finished"}\n')
    assert read_status(run)["state"] == "finished"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(CnnSearchError, match=r"runs/basic-001: the run's folder must be writable, got Not a directory"):
        make_run(tmp_path / "runs", "basic", "a")


def test_an_identity_tells_spaces_and_data_apart() -> None:
    assert len({run_identity(space, data) for space in ("a" * 64, "b" * 64) for data in ("c" * 64, "d" * 63)}) == 4


def test_a_new_run_is_starting_until_its_search_has_begun(tmp_path: Path) -> None:
    run = make_run(tmp_path, "basic", "a")
    told = json.loads(run.status.read_text())
    assert (told["state"], told["identity"], told["process"]) == ("starting", "a", os.getpid())
    assert standing_of(run).state == "starting"


def test_a_run_whose_process_is_gone_before_its_search_began_was_killed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", MAKING, str(tmp_path)], check=True)
    assert standing_of(RunFolder(tmp_path / "a-001")).state == "killed"
