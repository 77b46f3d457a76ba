"""`board`: a real TensorBoard on this machine, its HParams page in a real browser, and its end."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from cnnsearch.commands.board import HOST, logged_runs
from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.values import Branch, Domain, FloatRange, IntRange, Scalar

SCRIPT = """
import sys
from pathlib import Path
from rich.console import Console
from cnnsearch.commands.board import board
port, *runs = sys.argv[1:]
sys.exit(board([Path(run) for run in runs], int(port) if port else None, Console()))
"""
# The table is a grid within nested shadow roots; a row's cells lie in slots.
ROWS = """
const rows = [];
function walk(node) {
  if (node.tagName === 'VAADIN-GRID')
    for (const row of node.shadowRoot.querySelectorAll('tr'))
      if (!row.hidden)
        rows.push([...row.querySelectorAll('th, td')].map(cell => {
          const slot = cell.querySelector('slot');
          return slot ? slot.assignedNodes().map(part => part.textContent.trim()).join('') : '';
        }));
  if (node.shadowRoot) walk(node.shadowRoot);
  node.childNodes.forEach(walk);
}
walk(document.body);
return JSON.stringify(rows);
"""
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--window-size=1900,900",
)


@dataclass(frozen=True)
class Parameter:
    name: str
    domain: Domain


PARAMETERS = [
    Parameter("model", Branch(("scratch", "vgg16"))),
    Parameter("model.scratch.blocks", IntRange(2, 4)),
    Parameter("optimizer.adam.learning_rate", FloatRange(1e-4, 1e-1, scale="log")),
]
TRIALS: list[tuple[dict[str, Scalar], Status, list[float]]] = [
    (
        {"model": "scratch", "model.scratch.blocks": 3, "optimizer.adam.learning_rate": 0.0123},
        Status.COMPLETED,
        [0.5, 0.75],
    ),
    ({"model": "vgg16", "optimizer.adam.learning_rate": 0.05}, Status.PRUNED, [0.625, 0.25]),
    ({"model": "scratch", "model.scratch.blocks": 2, "optimizer.adam.learning_rate": 0.002}, Status.FAILED, []),
]


def logged(run: Path, parameters: list[Parameter], trials: list[tuple[dict[str, Scalar], Status, list[float]]]) -> None:
    log = TensorBoardLog(run / "tensorboard", parameters, Objective.of("val_accuracy"))
    for number, (values, status, scores) in enumerate(trials):
        epochs = tuple(Epoch(k, {"val_accuracy": score}, 1.0) for k, score in enumerate(scores, start=1))
        log.trial_started(number, values)
        for epoch in epochs:
            log.epoch_ended(number, epoch)
        best = scores.index(max(scores)) + 1 if scores else None
        log.trial_ended(TrialRecord(number, values, status, best_epoch=best, epochs=epochs))
    log.close()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with the logs of three trials."""
    logged(tmp_path / "basic-001", PARAMETERS, TRIALS)
    return tmp_path / "basic-001"


@pytest.fixture
def server(run: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`board` in a process of its own, and the address it printed."""
    with served(run) as running:
        yield running


@contextmanager
def served(*runs: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-c", SCRIPT, "", *map(str, runs)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            yield process, found.group() if found else pytest.fail(f"no address in {line!r}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("chromium and chromedriver are not installed: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*CHROMIUM_FLAGS, f"--user-data-dir={tmp_path / 'browser'}"):
        options.add_argument(flag)
    chromium = webdriver.Chrome(options=options, service=Service(driver))
    yield chromium
    chromium.quit()


@pytest.mark.timeout(180)
def test_the_hparams_page_has_a_row_for_each_trial(server: tuple[Any, str], browser: Any) -> None:
    names = ["Trial ID", *(parameter.name for parameter in PARAMETERS), "best/val_accuracy"]
    assert hparams_table(browser, server[1], 3, names) == [
        ["0000", "scratch", "3.0000", "0.012300", "0.75000"],
        ["0001", "vgg16", "", "0.050000", "0.62500"],
        ["0002", "scratch", "2.0000", "0.0020000", ""],
    ]


def hparams_table(browser: Any, address: str, trials: int, names: list[str]) -> list[list[str]]:
    """These columns of the table of trials, once it has so many."""
    from selenium.webdriver.support.wait import WebDriverWait

    browser.get(f"{address}#hparams")
    WebDriverWait(browser, 60).until(lambda page: len(json.loads(page.execute_script(ROWS))) > trials)
    header, *rows = json.loads(browser.execute_script(ROWS))
    return sorted([dict(zip(header, row, strict=False))[name] for name in names] for row in rows)


@pytest.mark.timeout(180)
def test_two_runs_of_different_spaces_share_one_right_table(run: Path, browser: Any) -> None:
    other = run.with_name("other-001")
    parameters = [
        Parameter("model.scratch.blocks", IntRange(3, 6)),
        Parameter("optimizer.sgd.momentum", FloatRange(0, 1)),
    ]
    logged(other, parameters, [({"model.scratch.blocks": 6, "optimizer.sgd.momentum": 0.5}, Status.COMPLETED, [0.875])])
    names = ["Trial ID", "model", "model.scratch.blocks", "optimizer.sgd.momentum", "best/val_accuracy"]
    with served(run, other) as (_, address):
        assert hparams_table(browser, address, 4, names) == [
            ["basic-001/0000", "scratch", "3.0000", "", "0.75000"],
            ["basic-001/0001", "vgg16", "", "", "0.62500"],
            ["basic-001/0002", "scratch", "2.0000", "", ""],
            ["other-001/0000", "", "6.0000", "0.50000", "0.87500"],
        ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_and_leaves_no_process(server: tuple[Any, str], number: signal.Signals) -> None:
    process, _ = server
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(number)
    assert process.wait(timeout=30) == 0
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_it_listens_on_this_machine_only(server: tuple[Any, str]) -> None:
    parent = psutil.Process(server[0].pid)
    sockets = [c for process in (parent, *parent.children(recursive=True)) for c in process.net_connections()]
    listening = {c.laddr.ip for c in sockets if c.status == psutil.CONN_LISTEN}
    assert HOST in listening
    assert listening <= {HOST, "::1"}


def test_a_folder_of_runs_is_all_of_its_runs_each_once(run: Path) -> None:
    logged(run.with_name("other-001"), [], [])
    (run.parent / "empty").mkdir()
    assert logged_runs([run]) == [RunFolder(run)]
    assert logged_runs([run, run.parent]) == [RunFolder(run), RunFolder(run.with_name("other-001"))]


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"with TensorBoard logs must lie here, got a folder without\."):
        logged_runs([tmp_path])
    with pytest.raises(CnnSearchError, match=r"absent: .* got nothing there\."):
        logged_runs([tmp_path / "absent"])


def refused(run: Path, port: int) -> str:
    """The last line that `board` says about a port it cannot have."""
    command = [sys.executable, "-c", SCRIPT, str(port), str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_port_that_was_asked_for_is_had_or_refused(run: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert re.search(
            rf"CnnSearchError: --port: TensorBoard needs a free port .*, got {port}: .* in use", refused(run, port)
        )
    assert "--port: TensorBoard needs a free port from 0 to 65535, got 70000" in refused(run, 70000)
