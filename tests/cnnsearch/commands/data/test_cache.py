"""`cnnsearch data cache`: what is listed, what is asked, and what is deleted."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.commands.data.cache import CacheFilter, cache
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.features.features import Features, Frozen, Viewed
from cnnsearch.search.features.store import features_of
from cnnsearch.spaces.document import Data
from cnnsearch.spaces.errors import CnnSearchError
from tests.cnnsearch.command_line import CommandLine

DAY = 86_400


@pytest.fixture
def line(command_line: CommandLine) -> CommandLine:
    """A command line with a cache folder of its own, in which nothing is yet."""
    command_line.environment |= {"CNNSEARCH_CACHE": str(command_line.folder / "pixels"), "COLUMNS": "200"}
    return command_line


def digits(line: CommandLine, side: int, *, days: float = 0) -> Path:
    """A cache of the digits, last used so many days ago."""
    dataset = prepare_dataset(
        Data(source="sample:digits", image_size=[side, side], color="gray"), line.folder / "pixels"
    )
    folder = Path(dataset.reference().cache)
    then = time.time() - days * DAY
    os.utime(folder / "label.json", (then, then))
    return folder


def test_the_list_says_what_each_cache_is_and_what_is_free(line: CommandLine):
    digits(line, 5)
    out = line.good("data", "cache")
    head, row, total = out.splitlines()
    assert head.split() == [
        "cache",
        "images",
        "kept",
        "of",
        "each",
        "on",
        "disk",
        "last",
        "used",
        "state",
        "made",
        "from",
    ]
    assert "1,797  5 x 5 gray, stretch" in row
    assert row.endswith("complete  sample:digits")
    assert total.startswith(f"{line.folder / 'pixels'}: 1 cache, ")
    assert total.endswith(" free on this disk")


def test_an_empty_list_names_the_folder_and_makes_none(line: CommandLine):
    assert line.good("data", "cache").startswith(f"{line.folder / 'pixels'}: 0 caches, 0 bytes; ")
    assert not (line.folder / "pixels").exists()


def test_the_list_as_json(line: CommandLine):
    folder = digits(line, 5)
    found = json.loads(line.good("data", "cache", "--json"))
    (one,) = found["caches"]
    assert found["folder"] == str(line.folder / "pixels")
    assert found["free"] > found["bytes"] == one["bytes"] > 1797 * (25 + 32 * 32)
    assert one | {"bytes": 0, "last_used": 0} == {
        "folder": str(folder),
        "state": "complete",
        "in_use": False,
        "bytes": 0,
        "last_used": 0,
        "source": "sample:digits",
        "images": 1797,
        "shape": [5, 5, 1],
        "resize": "stretch",
        "kind": "images",
        "network": None,
        "view": None,
        "dtype": "uint8",
    }


def features(line: CommandLine) -> Features:
    """Features of three digits of 5 x 5 pixels, in two views."""
    dataset, network = opened(line), Frozen("0" * 40, (2, 3), "mobilenet conv_pw_13, 5x5")
    views = [Viewed(name, lambda images: np.ones((len(images), 2, 3), np.float32)) for name in ("plain", "flip")]
    return features_of(network, views, dataset, np.arange(3), "float16", line.folder / "pixels")


def test_features_are_listed_with_network_and_view(line: CommandLine):
    features(line)
    rows = [row.rstrip() for row in line.good("data", "cache").splitlines()[1:-1]]
    (flip,) = [row for row in rows if row.endswith("complete  sample:digits through mobilenet conv_pw_13, 5x5, flip")]
    assert flip.split()[1:5] == ["3", "2", "x", "3"]
    assert " 2 x 3 float16 " in flip
    assert len(rows) == 3


def test_features_as_json(line: CommandLine):
    features(line)
    found = json.loads(line.good("data", "cache", "--json"))["caches"]
    (flip,) = [one for one in found if one["view"] == "flip"]
    assert {key: flip[key] for key in ("kind", "state", "source", "images", "shape", "resize", "network", "dtype")} == {
        "kind": "features",
        "state": "complete",
        "source": "sample:digits",
        "images": 3,
        "shape": [2, 3],
        "resize": None,
        "network": "mobilenet conv_pw_13, 5x5",
        "dtype": "float16",
    }


def test_features_are_checked_and_deleted_like_images(line: CommandLine):
    held = features(line)
    assert line.good("data", "cache", "--clear", "--yes").endswith("; 2 caches in use by a running process, kept\n")
    del held
    (damaged, _) = sorted(path for path in (line.folder / "pixels").glob("*-*/features.npy"))
    content = damaged.read_bytes()
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "1 cache," in line.good("data", "cache", "--check", "--unusable")
    assert line.good("data", "cache", "--check", "--unusable", "--clear", "--yes").startswith("deleted 1 cache, ")
    assert line.good("data", "cache", "--clear", "--yes").startswith("deleted 1 cache, ")
    assert list((line.folder / "pixels").iterdir()) == []


def test_clearing_takes_yes_where_nobody_can_be_asked(line: CommandLine):
    folder = digits(line, 5)
    refused = line("data", "cache", "--clear")
    assert refused.returncode == 1
    assert refused.stderr == "error: --clear: deleting is asked about on a terminal, got none. Add --yes.\n"
    assert folder.is_dir()
    assert line.good("data", "cache", "--clear", "--yes").startswith("deleted 1 cache, ")
    assert list((line.folder / "pixels").iterdir()) == []


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_on_a_terminal_clearing_is_asked_about(answer: str, left: int, line: CommandLine):
    digits(line, 5)
    keyboard, terminal = pty.openpty()
    try:
        command = [sys.executable, "-m", "cnnsearch", "data", "cache", "--clear"]
        environment = os.environ | line.environment
        with subprocess.Popen(
            command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as process:
            os.write(keyboard, answer.encode())
            out, err = process.communicate(timeout=60)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert "Delete 1 cache, " in err
    assert err.endswith("? [y/N] ")
    assert len(list((line.folder / "pixels").glob("*-*"))) == left
    assert ("nothing is deleted" in out) == bool(left)


def test_only_what_was_not_used_for_so_long_is_deleted(line: CommandLine):
    old, new = digits(line, 5, days=31), digits(line, 6, days=29)
    assert "1 cache," in line.good("data", "cache", "--older-than", "30d")
    line.good("data", "cache", "--older-than", "30d", "--clear", "--yes")
    assert (old.exists(), new.exists()) == (False, True)


def test_a_wrong_length_of_time_is_told():
    with pytest.raises(CnnSearchError, match=r"--older-than: a length of time is written like .*, got '3x'.*30d"):
        cache(CacheFilter(older_than="3x"), clear=False, sure=False, as_json=False)


def test_only_what_no_run_can_use_is_deleted(line: CommandLine):
    good, bad = digits(line, 5), digits(line, 6)
    with (bad / "thumbnails.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    assert "0 caches" in line.good("data", "cache", "--unusable")
    told = line.good("data", "cache", "--unusable", "--check")
    assert "damaged" in told
    assert told.endswith("A damaged one is made anew when a run wants it; --clear --unusable --check deletes it.\n")
    line.good("data", "cache", "--unusable", "--check", "--clear", "--yes")
    assert (good.exists(), bad.exists()) == (True, False)


def opened(line: CommandLine) -> Dataset:
    return prepare_dataset(Data(source="sample:digits", image_size=[5, 5]), line.folder / "pixels")


def test_what_a_running_process_has_open_stays(line: CommandLine):
    dataset = opened(line)
    assert "complete, in use" in line.good("data", "cache")
    told = line.good("data", "cache", "--clear", "--yes")
    assert told == "deleted 0 caches, 0 bytes; 1 cache in use by a running process, kept\n"
    assert json.loads(line.good("data", "cache", "--clear", "--yes", "--json"))["in_use"] == 1
    assert Path(dataset.reference().cache).is_dir()


def test_a_folder_that_holds_other_things_keeps_them(line: CommandLine):
    (line.folder / "photos").mkdir()
    (line.folder / "photos" / "images.npy").write_text("mine")
    line.environment["CNNSEARCH_CACHE"] = str(line.folder)
    assert line.good("data", "cache", "--clear", "--yes") == "deleted 0 caches, 0 bytes\n"
    assert (line.folder / "photos" / "images.npy").read_text() == "mine"


def test_a_strange_source_cannot_steer_the_terminal(line: CommandLine):
    folder = digits(line, 5)
    label = json.loads((folder / "label.json").read_text())
    (folder / "label.json").write_text(json.dumps(label | {"source": "\x1b[2J[red]x\n"}))
    assert line.good("data", "cache").splitlines()[1].endswith(r"\x1b[2J[red]x\n")


def test_heavy_libraries_are_not_imported(line: CommandLine):
    program = """
import sys
from cnnsearch.app import app
app(["data", "cache"], standalone_mode=False)
print(sorted({"keras", "tensorflow", "optuna", "scipy", "sklearn"} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ | line.environment
    )
    assert ran.stdout.endswith("\n[]\n")
