"""`cnnsearch data prepare`: what it prints, and how it ends."""

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cnnsearch.command_line import CommandLine

DATA = Path(os.environ.get("CNNSEARCH_TEST_DATA", "nowhere")) / "data"


@pytest.fixture
def photos(command_line: CommandLine) -> Path:
    """Twenty photos of two classes in folders, one of which cannot be read."""
    root = command_line.folder / "photos"
    for label, name in enumerate(("cat", "dog")):
        (root / name).mkdir(parents=True)
        for number in range(10):
            (root / name / f"{number}.jpg").write_bytes(photo(100 * label + number))
    (root / "cat/broken.jpg").write_bytes(b"\xff\xd8\xff")
    return root


def photo(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(file, "JPEG")
    return file.getvalue()


def test_a_table_what_was_left_out_and_the_next_command(command_line: CommandLine, photos: Path) -> None:
    out = command_line.good("data", "prepare", "photos", "made", "--validation", "0.2", "--test", "0.1")
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[:4] == [
        "class  train  validation  test  all",
        "cat        7           2     1   10",
        "dog        7           2     1   10",
        "all       14           4     2   20",
    ]
    assert lines[5] == "left out, as they cannot be read: 1"
    assert lines[6].startswith("  cat/broken.jpg ")
    assert lines[-2:] == [
        "made got 20 images. They are hard links to the photos and take no room; --copy copies.",
        "Next: cnnsearch init made writes a space for them to search.",
    ]


def test_the_next_command_works(command_line: CommandLine, photos: Path) -> None:
    command_line.good("data", "prepare", "photos", "made of photos")
    assert "20 images" in command_line.good("init", "made of photos")


def test_json_has_it_all(command_line: CommandLine, photos: Path) -> None:
    made = json.loads(command_line.good("data", "prepare", "photos", "made", "--copy", "--json"))
    assert made["counts"] == {name: {"train": 7, "validation": 2, "test": 1} for name in ("cat", "dog")}
    assert (made["linked"], made["added"], made["kept"]) == (False, 20, 0)
    assert [file["path"] for file in made["unreadable"]] == ["cat/broken.jpg"]


def test_a_dry_run_shows_the_same_table_and_writes_nothing(command_line: CommandLine, photos: Path) -> None:
    would = command_line.good("data", "prepare", "photos", "made", "--count", "10", "--dry-run")
    assert "made would get 10 images. Nothing was written." in would
    assert sorted(path.name for path in command_line.folder.iterdir()) == ["photos"]
    did = command_line.good("data", "prepare", "photos", "made", "--count", "10")
    assert did.splitlines()[:4] == would.splitlines()[:4]


def test_again_with_more_photos(command_line: CommandLine, photos: Path) -> None:
    command_line.good("data", "prepare", "photos", "made")
    (photos / "dog/new.jpg").write_bytes(photo(999))
    out = command_line.good("data", "prepare", "photos", "made")
    assert "made got 1 image; from before: 20 images. They are hard links" in out


def test_names_cannot_steer_the_terminal(command_line: CommandLine, photos: Path) -> None:
    (photos / "cat").rename(photos / "cat\x1b[31m[red]")
    out = command_line.good("data", "prepare", "photos", "made")
    assert "\x1b" not in out
    assert "cat\\x1b[31m[red]" in out


def test_what_can_be_mended_ends_with_one_line(command_line: CommandLine, photos: Path) -> None:
    done = command_line("data", "prepare", "photos", "photos/made")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: photos/made: the prepared folder must lie outside of the source, got ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", [("--validation", "1.5"), ("--test", "-0.1"), ("--count", "0"), ("--seed", "-1")])
def test_a_wrong_option_is_a_wrong_command_line(
    command_line: CommandLine, photos: Path, option: tuple[str, str]
) -> None:
    done = command_line("data", "prepare", "photos", "made", *option)
    assert done.returncode == 2
    assert option[0] in done.stderr


def test_kaggles_train_zip_works_as_it_comes(command_line: CommandLine, photos: Path) -> None:
    with zipfile.ZipFile(command_line.folder / "train.zip", "w") as archive:
        for path in sorted(photos.glob("*/?.jpg")):
            archive.write(path, f"train/{path.parent.name}.{path.name}")
    out = command_line.good("data", "prepare", "train.zip", "made")
    assert "They are copies (there are no links to what lies in an archive or on another disk)." in out
    assert len(list((command_line.folder / "made").glob("*/cat/cat.*.jpg"))) == 10


def test_ctrl_c_leaves_no_half_folder_and_the_same_command_goes_on(
    command_line: CommandLine, photos: Path, wait_for: Callable[[Callable[[], object], float], None]
) -> None:
    for number in range(3000):
        (photos / f"dog/more{number}.bmp").write_bytes(bitmap(number))
    unfinished = command_line.folder / "made.unfinished"
    with command_line.start("data", "prepare", "photos", "made", "--copy") as process:
        wait_for(lambda: unfinished.exists() or process.poll() is not None, 60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    if process.returncode == 130:
        assert not (command_line.folder / "made").exists()
        assert f"{unfinished} is not whole: the same command goes on with it" in err or not unfinished.exists()
    command_line.good("data", "prepare", "photos", "made", "--copy")
    assert not unfinished.exists()
    assert sum(1 for path in (command_line.folder / "made").rglob("*") if path.suffix in (".jpg", ".bmp")) == 3020


def bitmap(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (number % 256, number // 256, 7)).save(file, "BMP")
    return file.getvalue()


@pytest.mark.skipif(not DATA.is_dir(), reason="CNNSEARCH_TEST_DATA names no folder with real photos")
def test_four_thousand_real_photos(command_line: CommandLine) -> None:
    out = command_line.good("data", "prepare", str(DATA / "dogs-vs-cats-4000.zip"), "made", "--count", "400", "--json")
    counts = json.loads(out)["counts"]
    assert [sum(of_class.values()) for of_class in counts.values()] == [200, 200]
