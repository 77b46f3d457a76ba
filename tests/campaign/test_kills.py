"""The kill campaign: a search is killed again and again, and goes on with the same command until it is done.

Of the kills in one search none may be seen in what it leaves. The big campaign is nightly; it prints where its kills
fell.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import pytest

from cnnsearch.search.run_folder import RunFolder
from tests.campaign.kills import Campaign
from tests.campaign.promises import broken
from tests.cnnsearch.command_line import TINY, CommandLine, end

SEED = 6
EPOCHS = 3
SPACE = TINY.replace("epochs: 2", f"epochs: {EPOCHS}, early_stopping: null").replace(
    "search: {trials: 3, ", "search: {trials: TRIALS, per_device: 2, max_failures_in_a_row: 1000, "
)
START = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    """The real command in an empty folder."""
    line = CommandLine(tmp_path)
    yield line
    line.close()


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[START]:
    """Start a search whose trials only sleep, of so many trials, at so many seconds an epoch."""
    model = tmp_path / "stand_in.keras"
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]).save(model)
    script = Path(__file__).with_name("stand_in.py")
    (tmp_path / "runs").mkdir()
    processes: list[subprocess.Popen[str]] = []

    def started(trials: int, pace: float) -> "subprocess.Popen[str]":
        space = tmp_path / "tiny.yaml"
        space.write_text(SPACE.replace("TRIALS", str(trials)), encoding="utf-8")
        command = [sys.executable, str(script), *map(str, (space, tmp_path / "runs", tmp_path / "cache", model, pace))]
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        processes.append(process)
        return process

    yield started
    end(processes)


def victims(source: random.Random, children: int, others: int) -> list[str]:
    """So many children, and so many parents, alone or with their children, in an order by chance."""
    chosen = ["child"] * children + [("parent", "both")[number % 2] for number in range(others)]
    source.shuffle(chosen)
    return chosen


def lived_through(campaign: Campaign, chosen: list[str], epochs: int = EPOCHS) -> None:
    """Let a search live through its kills; whatever they broke fails the test."""
    campaign.live_through(chosen)
    assert campaign.orphans == []
    assert broken(campaign.run, campaign.trials, epochs, campaign.known) == []


@pytest.mark.timeout(600)
def test_a_search_of_8_trials_lives_through_6_kills(tmp_path: Path, stand_in: START) -> None:
    source = random.Random(SEED)
    run = RunFolder(tmp_path / "runs" / "tiny-001")
    lived_through(Campaign(lambda: stand_in(8, 0.2), run, 8, source), victims(source, 3, 3))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_search_of_20_trials_lives_through_50_kills(
    tmp_path: Path, stand_in: START, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("CNNSEARCH_CAMPAIGN_SEED", SEED))
    source = random.Random(seed)
    run = RunFolder(tmp_path / "runs" / "tiny-001")
    campaign = Campaign(lambda: stand_in(20, 2.0), run, 20, source)
    lived_through(campaign, victims(source, 14, 36))
    with capsys.disabled():
        print(f"\n{campaign.fell.total()} kills, seed {seed}")
        for (victim, phase), count in sorted(campaign.fell.items()):
            print(f"  {victim:7}{phase:25}{count:3}")
    assert campaign.fell.total() == 50


@pytest.mark.timeout(600)
def test_real_training_lives_through_3_kills(command_line: CommandLine) -> None:
    space = command_line.write(SPACE.replace("TRIALS", "4"))
    run = RunFolder(command_line.folder / "runs" / "tiny-001")
    campaign = Campaign(lambda: command_line.start("run", space), run, 4, random.Random(SEED), reach=1.5)
    lived_through(campaign, ["child", "both", "parent"])


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_of_ten_parents_on_one_run_exactly_one_works(tmp_path: Path, stand_in: START) -> None:
    first = stand_in(4, 0.2)
    run = tmp_path / "runs" / "tiny-001"
    while not list(run.glob("trials/*/history.csv")):
        assert first.poll() is None
        time.sleep(0.05)
    first.kill()
    first.communicate()
    began = time.monotonic()
    parents = [stand_in(4, 3.0) for _ in range(10)]
    ends = {parent.pid: (parent.communicate()[1], parent.returncode, time.monotonic() - began) for parent in parents}
    refused = {pid: said for pid, (said, code, _) in ends.items() if code}
    (holder,) = ends.keys() - refused.keys()
    assert all(f"process {holder} on" in said for said in refused.values()), refused
    assert broken(RunFolder(run), 4, EPOCHS, {}) == []
