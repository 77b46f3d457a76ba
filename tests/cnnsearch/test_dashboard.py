"""optuna-dashboard opens a run's study as it is; skipped where it is not installed."""

import importlib.util
import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.study import TrialStudy

SCRIPT = "import sys; from optuna_dashboard._cli import main; sys.argv[0] = 'optuna-dashboard'; main()"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with a trial that completed and one that failed."""
    run = RunFolder(tmp_path)
    study = TrialStudy.open(open_storage(sqlite_url(run.study)), Objective.of("val_accuracy"))
    number = study.begin()
    for epoch, accuracy in enumerate((0.25, 0.75), start=1):
        study.report(number, Epoch(epoch, {"val_accuracy": accuracy}, 1.0))
    study.tell(TrialRecord(number, {}, Status.COMPLETED, best_epoch=2, score=0.75, seconds=2.0))
    study.tell(TrialRecord(study.begin(), {}, Status.FAILED, "oom", "no memory left"))
    return run


@pytest.fixture
def ask(run: RunFolder, wait_for: Callable[..., None]) -> Iterator[Callable[[str], Any]]:
    """Asks the dashboard of the run."""
    if importlib.util.find_spec("optuna_dashboard") is None:
        pytest.skip("optuna-dashboard is not installed: pip install optuna-dashboard")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, sqlite_url(run.study), "--port", str(port)]

    def answer(path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=60) as told:
            return json.load(told)

    def is_up() -> bool:
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", port)) == 0

    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(is_up)
            yield answer
        finally:
            process.terminate()


def test_a_run_opens_as_it_is(ask: Callable[[str], Any], run: RunFolder) -> None:
    before = run.study.read_bytes()
    (study,) = ask("api/studies")["study_summaries"]
    assert (study["study_name"], study["directions"]) == ("cnnsearch", ["maximize"])
    completed, failed = ask(f"api/studies/{study['study_id']}?after=0")["trials"]
    assert (completed["state"], completed["values"]) == ("Complete", [0.75])
    assert [(each["step"], each["value"]) for each in completed["intermediate_values"]] == [(1, 0.25), (2, 0.75)]
    assert failed["state"] == "Fail"
    (ending,) = [each["value"] for each in failed["user_attrs"] if each["key"] == "ending"]
    assert "no memory left" in ending
    assert run.study.read_bytes() == before
