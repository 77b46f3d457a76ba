"""`cnnsearch worker` and `run --storage` as a person uses them, on a real PostgreSQL with a password."""

import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from benchmarks.postgres import PASSWORD, Postgres
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.sharing.meeting import join
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.load import loads_space
from tests.cnnsearch.command_line import TINY, CommandLine

SECRET = quote(PASSWORD, safe="")


@pytest.fixture
def guarded(postgres: Postgres) -> str:
    """The URL of a database that asks for a password, with it."""
    bare = postgres.database("guarded")
    return bare.replace("@", f":{SECRET}@", 1)


def seen(process: "subprocess.Popen[str]") -> str:
    """What the list of processes shows of a command."""
    return Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")


@pytest.mark.timeout(300)
def test_a_password_is_seen_nowhere(command_line: CommandLine, guarded: str):
    space = command_line.write(TINY.replace("trials: 3", "trials: 1"))
    process = command_line.start("run", space, "--storage", guarded, "--study", "one")
    shown = []
    assert process.stdout is not None
    for line in process.stdout:
        shown += [line, seen(process) if process.poll() is None else ""]
    _, err = process.communicate()
    assert process.returncode == 0, err
    command_line.environment["CNNSEARCH_STORAGE"] = guarded
    shown += [command_line.good("report", "runs/tiny-001"), err]
    files = [path for path in command_line.folder.rglob("*") if path.is_file()]
    shown += [path.read_text(encoding="utf-8", errors="replace") for path in files]
    assert any("--study one" in text for text in shown)
    assert not [text for text in shown if SECRET in text or PASSWORD in text]


def test_a_worker_without_a_storage_is_told_how_to_name_one(command_line: CommandLine):
    done = command_line("worker", "--study", "x")
    assert done.returncode == 1
    assert "a storage must be named, got none. Name it as in cnnsearch worker postgresql://" in done.stderr


def test_a_password_in_a_space_is_refused_without_quoting_it(command_line: CommandLine):
    space = command_line.write(TINY)
    done = command_line("check", space, "--set", "search.storage=postgresql://me:s3cret@host/db")
    assert done.returncode == 1
    assert "`search.storage`: a storage stands here without its password" in done.stderr
    assert "s3cret" not in done.stderr


def make_photos(folder: Path) -> Path:
    """Twelve photos of two classes."""
    for place in range(12):
        path = folder / ("cat" if place % 2 else "dog") / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (20 * place, 5, 9)).save(path)
    return folder


def test_a_worker_without_the_photos_is_refused_with_the_reason(command_line: CommandLine):
    photos = make_photos(command_line.folder / "photos")
    space = loads_space(TINY.replace('"sample:digits"', str(photos)).replace("gray", "rgb"), "pets")
    link = StudyLink(f"sqlite:///{command_line.folder}/shared.db", "pets")
    join(link, space, Datasets(command_line.folder / "cache").first_of(space), 1, begins=True)
    photos.rename(command_line.folder / "moved")
    done = command_line("worker", link.storage, "--study", "pets")
    assert done.returncode == 1
    assert str(photos) in done.stderr
    assert "--data names the study's images on this machine" in done.stderr


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_a_worker_names_its_own_photos(command_line: CommandLine, postgres: Postgres):
    command_line.environment["CNNSEARCH_STORAGE"] = postgres.database()
    photos = make_photos(command_line.folder / "photos")
    space = command_line.write(TINY.replace('"sample:digits"', "photos").replace("trials: 3", "trials: 1"))
    assert "Its model on the test part" in command_line.good("run", space, "--study", "pets")
    photos.rename(command_line.folder / "moved")
    told = command_line.good("worker", "--study", "pets", "--data", "moved", "--runs", "elsewhere")
    assert "the final part was done by" in told
