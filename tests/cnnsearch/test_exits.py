"""Every way out of a command has its exit code and its words; real processes where a pipe or a signal is meant."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from cnnsearch import terminal
from cnnsearch.exits import Exit, run_guarded
from cnnsearch.spaces.errors import CnnSearchError

GUARDED = "import sys; from cnnsearch import terminal; from cnnsearch.exits import run_guarded\n"


@pytest.fixture(autouse=True)
def _fresh_consoles() -> Iterator[None]:
    terminal.output.cache_clear()
    terminal.errors.cache_clear()
    yield
    terminal.output.cache_clear()
    terminal.errors.cache_clear()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's state folder, not there yet."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder


def raising(error: BaseException) -> Callable[[], None]:
    def function() -> None:
        raise error

    return function


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (1, 1), (7, 7), (True, 0), ("text", 0)])
def test_a_whole_number_is_the_code_and_any_other_result_is_none(result: object, code: int) -> None:
    assert run_guarded(lambda: result) == code


def test_what_the_person_can_mend_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(CnnSearchError("photos/: no images here"))) == Exit.MENDABLE == 1
    assert capsys.readouterr() == ("", "error: photos/: no images here\n")


def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(KeyboardInterrupt())) == Exit.INTERRUPTED == 130
    assert capsys.readouterr() == ("", "warning: interrupted\n")


@pytest.mark.parametrize(("left_with", "code"), [(None, 0), (0, 0), (2, 2), (130, 130), ("no such run", 1)])
def test_leaving_keeps_its_code(left_with: object, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(SystemExit(left_with))) == code
    assert capsys.readouterr().err == ("error: no such run\n" if code == 1 else "")


def test_a_fault_is_two_lines_and_a_log(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(ZeroDivisionError("division \x1b[31mby zero"))) == Exit.FAULT == 3
    what, where = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"error: a fault of cnnsearch itself: ZeroDivisionError: division \\x1b\[31mby zero \(test_exits\.py:\d+\)",
        what,
    )
    (log,) = (state / "cnnsearch" / "faults").iterdir()
    assert str(log) in where
    text = log.read_text()
    assert "Traceback (most recent call last)" in text
    assert "in function" in text
    assert "Python 3." in text


def test_where_no_state_can_be_kept_the_log_lies_among_temporary_files(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.write_text("a file where a folder should be")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run_guarded(raising(ValueError("odd"))) == Exit.FAULT
    (log,) = tmp_path.glob("*.log")
    assert str(log) in capsys.readouterr().err


def test_with_no_place_for_a_log_the_traceback_is_shown(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.write_text("a file where a folder should be")
    monkeypatch.setattr("tempfile.tempdir", str(state / "nowhere"))
    assert run_guarded(raising(ValueError("odd"))) == Exit.FAULT
    printed = capsys.readouterr().err
    assert "no log could be written" in printed
    assert "Traceback (most recent call last)" in printed


def test_usage_errors_of_typer_give_2(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.command()
    def run(trials: int) -> None: ...

    assert run_guarded(lambda: app(["--trails", "3"])) == Exit.USAGE == 2
    assert "No such option" in capsys.readouterr().err


def test_errors_pass_through_typer(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()

    @app.command()
    def run() -> None:
        raise CnnSearchError("space.yaml: no such file")

    assert run_guarded(lambda: app([])) == Exit.MENDABLE
    assert capsys.readouterr().err == "error: space.yaml: no such file\n"


@pytest.mark.parametrize("write", ["terminal.say('line')", "sys.stdout.write('line\\n')"])
def test_a_reader_that_goes_away_is_no_fault(write: str, state: Path) -> None:
    code = GUARDED + f"def chatter():\n    while True: {write}\nsys.exit(run_guarded(chatter))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"line\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == Exit.MENDABLE
    assert not state.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_a_full_disk_does_not_take_is_no_fault(state: Path) -> None:
    code = GUARDED + "sys.exit(run_guarded(lambda: terminal.say('a line')))"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60, text=True
        )
    assert done.returncode == Exit.MENDABLE
    assert done.stderr.startswith("error: what is printed or written must find room, got: no space left.")
    assert not state.exists()


def test_a_broken_pipe_of_our_own_is_a_fault(state: Path, capfd: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert run_guarded(lambda: os.write(writer, b"a word to a dead child")) == Exit.FAULT
    finally:
        os.close(writer)
    assert "BrokenPipeError" in capfd.readouterr().err


def test_a_real_ctrl_c(state: Path) -> None:
    code = (
        GUARDED + "import time\ndef wait():\n    terminal.say('waiting')\n    sys.stdout.flush()\n    time.sleep(60)\n"
    )
    code += "sys.exit(run_guarded(wait))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[1] == b"warning: interrupted\n"
    assert process.returncode == Exit.INTERRUPTED
