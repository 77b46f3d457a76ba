"""A search on a disk that is full for a while, for real: it waits, and goes on by itself."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnsearch.search.dataset.errors import NoRoom
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.events import Event, Paused, Resumed
from cnnsearch.search.writing import UnwritableFile, is_full_disk, write_text

SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1, filters: {choice: [4, 8]}}}
head: {dense: [{units: 64}]}
training: {epochs: 2, batch_size: 128}
search: {trials: 2, pruner: none}
"""
SEARCH = """\
import subprocess, sys
from pathlib import Path

space, disk, when = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
filler = disk / "filler"

def fill():
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return

command = [sys.executable, "-m", "cnnsearch", "run", space, "--runs", str(disk / "runs")]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=disk) as search:
    for line in search.stdout:
        print(line, end="")
        if when in line:
            fill()
        if line.startswith("paused:"):
            filler.unlink()
print("exit code", search.returncode)
print((disk / "runs/space-001/events.jsonl").read_text())
print((disk / "runs/space-001/status.json").read_text().replace(chr(10), " "))
"""


@pytest.mark.timeout(180)
@pytest.mark.parametrize("when", ["trial 0 starts", "trial 0 completed"])
def test_a_search_waits_for_room_and_loses_nothing(in_namespace: Callable[..., str], tmp_path: Path, when: str) -> None:
    disk, space = tmp_path / "small", tmp_path / "space.yaml"
    disk.mkdir()
    space.write_text(SPACE)
    printed = in_namespace(
        f'mount -t tmpfs -o size=4m none "{disk}"', sys.executable, "-c", SEARCH, str(space), str(disk), when
    ).splitlines()
    assert "exit code 0" in printed
    assert any("there is room again, the search goes on after" in line for line in printed)
    assert sum("completed, score" in line for line in printed) == 2
    events = [json.loads(line)["event"] for line in printed if line.startswith('{"time"')]
    counted = [events.count(name) for name in ("TrialStarted", "EpochEnded", "TrialEnded", "RunEnded")]
    assert counted == [2, 4, 2, 1]
    status = json.loads(printed[-1])
    assert (status["state"], status["trials"]["completed"], status["trials"]["failed"]) == ("finished", 2, 0)


SIZES = SPACE.replace("image_size: [8, 8]", "image_size: {choice: [64, 8]}").replace(
    "pruner: none", "pruner: none, start_from: [{data: {image_size: 8}}, {data: {image_size: 64}}]"
)
CACHE = """\
import os, subprocess, sys
from pathlib import Path

space, caches, runs = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
filler = caches / "filler"
command = [sys.executable, "-m", "cnnsearch", "run", space, "--runs", runs]
environment = os.environ | {"CNNSEARCH_CACHE": str(caches / "kept")}
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as search:
    for line in search.stdout:
        print(line, end="")
        if "trial 0 starts" in line:
            filler.write_bytes(bytes(16 * 1024**2))
        if line.startswith("paused:"):
            filler.unlink()
print("exit code", search.returncode)
"""


@pytest.mark.timeout(180)
def test_a_search_waits_for_room_on_the_disk_of_its_caches(in_namespace: Callable[..., str], tmp_path: Path) -> None:
    caches, space = tmp_path / "small", tmp_path / "space.yaml"
    caches.mkdir()
    space.write_text(SIZES)
    mounting = f'mount -t tmpfs -o size=80m none "{caches}"'  # 64 MiB of it stay free, so 64 x 64 just fits
    command = (sys.executable, "-c", CACHE, str(space), str(caches), str(tmp_path / "runs"))
    printed = in_namespace(mounting, *command).splitlines()
    assert "exit code 0" in printed
    (paused,) = [line for line in printed if line.startswith("paused:")]
    assert paused.startswith(f"paused: {caches / 'kept'}: the image cache needs 76.3 MB, got ")
    assert paused.endswith("MB free. The search goes on by itself when there is room.")
    assert any("there is room again, the search goes on after" in line for line in printed)
    assert sum("completed, score" in line for line in printed) == 2


def full() -> None:
    """Fail as a write on a full disk does."""
    try:
        raise OSError(28, "No space left on device")
    except OSError as error:
        raise UnwritableFile("no room") from error


def test_what_fails_for_a_full_disk_is_done_again_until_it_succeeds(tmp_path: Path) -> None:
    pause, told, tries = Pause(tmp_path, every=0.0), list[Event](), list[int]()
    pause.tell = told.append

    def work() -> str:
        tries.append(1)
        return "done" if len(tries) == 3 else full() or ""

    assert pause.patiently(work) == "done"
    assert [type(event) for event in told] == [Paused, Resumed]
    assert isinstance(told[0], Paused)
    assert told[0].message == f"{tmp_path}: the disk is full. The search goes on by itself when there is room."


def waited_for(pause: Pause, error: Exception, tries: int = 1) -> list[str]:
    """What a pause tells while work fails so many times with this error."""
    told, failed = list[str](), list[int]()
    pause.tell = lambda event: told.append(event.message) if isinstance(event, Paused) else None

    def work() -> None:
        if len(failed) < tries:
            failed.append(1)
            raise error

    pause.patiently(work)
    return told


def test_a_disk_that_is_not_the_runs_is_named(tmp_path: Path) -> None:
    there, here = (OSError(28, "No space left on device", str(path)) for path in ("/proc/none/x", tmp_path / "none/x"))
    goes_on = "the disk is full. The search goes on by itself when there is room."
    assert waited_for(Pause(tmp_path, every=0.0), there) == [f"/proc/none/x: {goes_on}"]
    assert waited_for(Pause(tmp_path, every=0.0), here, tries=3) == [f"{tmp_path}: {goes_on}"]


class Filled(NoRoom):
    """A disk that has room at the third look."""

    looks = 0

    @property
    def is_over(self) -> bool:
        self.looks += 1
        return self.looks == 3


def test_what_wants_more_room_than_there_is_is_not_tried_before_there_is_some(tmp_path: Path) -> None:
    error = Filled(tmp_path / "caches", 10, "the image cache needs 10 bytes, got 9 bytes free.", "Free some space.")
    error.__cause__ = OSError(28, "No space left on device")
    rule = "the image cache needs 10 bytes, got 9 bytes free. The search goes on by itself when there is room."
    assert waited_for(Pause(tmp_path, every=0.0), error) == [f"{tmp_path}/caches: {rule}"]
    assert error.looks == 3


def test_each_disk_is_told_once_while_a_pause_lasts(tmp_path: Path) -> None:
    pause, told = Pause(tmp_path, every=0.0), list[Event]()
    pause.tell = told.append
    for place in (None, tmp_path / "caches", None):
        pause.begin(place)
    for _ in range(3):
        pause.end()
    assert [type(event) for event in told] == [Paused, Paused, Resumed]
    pause.begin()
    pause.end()
    assert [type(event) for event in told[3:]] == [Paused, Resumed]


def test_a_spent_share_of_a_disk_is_known_by_what_another_process_says_of_it() -> None:
    assert is_full_disk(UnwritableFile("x: this file must be writable, got Disk quota exceeded."))


def test_every_other_fault_is_told_at_once(tmp_path: Path) -> None:
    pause = Pause(tmp_path)
    with pytest.raises(UnwritableFile, match=r"this file must be writable, got File exists"):
        pause.patiently(lambda: write_text(Path(__file__) / "below", ""))


def test_a_search_that_is_stopped_waits_no_longer(tmp_path: Path) -> None:
    pause, waiting = Pause(tmp_path, every=3600.0), threading.Event()
    pause.tell = lambda event: waiting.set()
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            pause.patiently(full)
        except UnwritableFile as error:
            failed.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(60)
    pause.stop()
    thread.join(60)
    assert is_full_disk(failed[0])


MODEL = """\
import subprocess, sys
from pathlib import Path

import keras

from cnnsearch.search.trial.training import write_model

class Parent:
    def ask(self, message):
        print("asked:", type(message).__name__)
        subprocess.run(["mount", "-o", "remount,size=16m", sys.argv[1]], check=True)

model = keras.Sequential([keras.Input((500,)), keras.layers.Dense(1000)])
write_model(Parent(), Path(sys.argv[1]) / "model.keras", model)
print(keras.saving.load_model(Path(sys.argv[1]) / "model.keras").count_params(), *Path(sys.argv[1]).iterdir())
"""


def test_a_trained_model_without_room_is_written_when_there_is_some(
    in_namespace: Callable[..., str], tmp_path: Path
) -> None:
    mounting = f'mount -t tmpfs -o size=1m none "{tmp_path}"'
    printed = in_namespace(mounting, sys.executable, "-c", MODEL, str(tmp_path)).splitlines()
    assert printed == ["asked: DiskFull", f"501000 {tmp_path / 'model.keras'}"]
