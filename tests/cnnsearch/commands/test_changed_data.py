"""A run whose images changed: it stops and says what changed, goes on when told to, and never claims too much."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.cnnsearch.command_line import TINY, CommandLine

SPACE = TINY.replace('"sample:digits"', "photos").replace("epochs: 2", "epochs: 1")
RUN = Path("runs/tiny-001")


def png(row: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray((load_digits().images[row] * 15).astype("uint8")).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def photos(command_line: CommandLine) -> Path:
    """The first two hundred digits, in a folder for the small ones and one for the large ones."""
    folder = command_line.folder / "photos"
    for row, number in enumerate(load_digits().target[:200]):
        path = folder / ("small" if number < 5 else "large") / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(row))
    return folder


def trials(line: CommandLine) -> list[dict[str, str]]:
    with (line.folder / RUN / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_changed_images_stop_a_run_until_they_are_accepted(command_line: CommandLine, photos: Path) -> None:
    space = command_line.write(SPACE)
    command_line.good("run", space, "--trials", "1")
    before = json.loads((command_line.folder / RUN / "dataset.json").read_text())
    (photos / "small/new.png").write_bytes(png(300))
    (photos / "small/0.png").rename(photos / "large/0.png")
    stopped = command_line("run", space, "--more", "1")
    assert stopped.returncode == 1
    words = " ".join(stopped.stderr.split())
    assert "got a change: 1 image added (small/new.png)" in words
    assert "1 relabelled from small to large (large/0.png)" in words
    assert "--accept-data-change" in words
    assert len(trials(command_line)) == 1

    done = command_line("run", space, "--more", "1", "--accept-data-change")
    assert done.returncode == 0, done.stderr
    assert "the images have changed since the run began: 1 image added (small/new.png)" in done.stderr
    assert "Scores of 2 data sets are mixed (1 and 1 trials; column data of trials.csv)." in done.stdout
    assert len({row["data"] for row in trials(command_line)}) == 2
    after = json.loads((command_line.folder / RUN / "dataset.json").read_text())
    kept = command_line.folder / RUN / "datasets" / f"{before['fingerprint']}.json"
    assert json.loads(kept.read_text()) == before
    assert {before["fingerprint"], after["fingerprint"]} == {row["data"].split("-")[0] for row in trials(command_line)}
    assert "the images have changed" in (command_line.folder / RUN / "events.jsonl").read_text()
    command_line.good("run", space, "--more", "1")  # there is nothing left to accept


def test_retraining_on_changed_images_stops_until_they_are_accepted(command_line: CommandLine, photos: Path) -> None:
    command_line.good("run", command_line.write(SPACE), "--trials", "1")
    stamp = json.loads((command_line.folder / RUN / "best/classes.json").read_text())["data"]["stamp"]
    assert re.fullmatch(r"[0-9a-f]{32}-8x8x1-stretch", stamp)
    assert stamp == trials(command_line)[0]["data"]
    (photos / "large/5.png").unlink()
    stopped = command_line("retrain", str(RUN))
    assert stopped.returncode == 1
    assert "got a change: 1 image removed (large/5.png)" in " ".join(stopped.stderr.split())
    assert not (command_line.folder / RUN / "retrained-001").exists()
    command_line.good("retrain", str(RUN), "--accept-data-change")
    assert (command_line.folder / RUN / "retrained-001/model.keras").is_file()


def test_a_model_of_earlier_images_is_not_asked_about_images_that_its_training_knew(
    command_line: CommandLine, photos: Path
) -> None:
    """Another seed moves images from train to test; the old trial, which stays the best, would know them by heart."""
    space = command_line.write(SPACE)
    command_line.good("run", space, "--trials", "1", "--set", "training.epochs=1")
    before = json.loads((command_line.folder / RUN / "dataset.json").read_text())["files"]
    again = ("run", space, "--more", "1", "--set", "data.split.seed=7")
    stopped = command_line(*again)
    assert "split seed 42 -> 7" in stopped.stderr.replace("\n", " ")
    command_line.good(*again, "--accept-data-change")
    best = json.loads((command_line.folder / RUN / "best/classes.json").read_text())
    now = json.loads((command_line.folder / RUN / "dataset.json").read_text())
    known = {path for part in ("train", "validation") for files in before[part].values() for path in files}
    with (command_line.folder / RUN / "best/predictions.csv").open(newline="") as file:
        asked = {row["image"] for row in csv.DictReader(file) if row["part"] == "test"}
    assert asked
    if best["data"]["stamp"].startswith(now["fingerprint"]):  # the newer trial won
        assert asked == {path for files in now["files"]["test"].values() for path in files}
    else:
        assert not asked & known


def test_a_lost_status_file_loses_no_run(command_line: CommandLine, photos: Path) -> None:
    space = command_line.write(SPACE)
    command_line.good("run", space, "--trials", "1")
    (command_line.folder / RUN / "status.json").unlink()
    assert "goes on after 1 finished" in command_line.good("run", space, "--more", "1")
    assert len(trials(command_line)) == 2


def test_a_lost_description_of_the_same_images_is_written_anew(command_line: CommandLine, photos: Path) -> None:
    space, description = command_line.write(SPACE), command_line.folder / RUN / "dataset.json"
    command_line.good("run", space, "--trials", "1")
    before = description.read_text()
    description.unlink()
    command_line.good("run", space, "--more", "1")
    assert description.read_text() == before


def test_folds_are_scored_by_their_mean_and_a_retraining_gives_each_fold_again(command_line: CommandLine) -> None:
    folds = ("--set", "data.folds=2")
    printed = command_line.good("run", command_line.write(TINY), "--trials", "2", *folds)
    best = trials(command_line)[0]
    scores = [float(score) for score in best["fold_scores"].split()]
    assert float(best["score"]) == pytest.approx(sum(scores) / 2)
    assert "over 2 folds" in " ".join(printed.split())
    assert best["epochs"] == "4"
    again = command_line.good("retrain", str(RUN))
    assert f"val_accuracy of each fold: {scores[0]:.4f} {scores[1]:.4f}" in again
    assert re.search(r"^val_accuracy: search (\d\.\d{4}), retrained \1, gap \+0\.0000$", again, re.MULTILINE)
    assert re.search(r"^test accuracy: search (\d\.\d{4}), retrained \1, gap \+0\.0000$", again, re.MULTILINE)
