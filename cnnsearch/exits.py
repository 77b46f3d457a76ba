"""How a command ends: every exception that leaves it becomes an exit code and a message a person can use."""

import errno
import os
import platform
import select
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from enum import IntEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import platformdirs

from cnnsearch import terminal
from cnnsearch.spaces.errors import CnnSearchError


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    MENDABLE = 1
    """The person can mend it: a wrong space, a missing file."""
    USAGE = 2
    """The command line itself is wrong; typer says so."""
    FAULT = 3
    """Our fault: the traceback lies in a log file."""
    INTERRUPTED = 130
    """Ctrl-C."""


def run_guarded(function: Callable[[], object]) -> int:
    """Call `function` and give the exit code of the process.

    A whole number that `function` returns is the code, any other result is 0. `CnnSearchError` is shown and gives 1,
    Ctrl-C gives 130, a reader of our output that went away gives 1 without a word, a full disk under it gives 1,
    `SystemExit` keeps its code, and anything else is our fault: 3, two lines on stderr and a traceback in a log file.
    """
    try:
        return _flushed(function())
    except CnnSearchError as error:
        terminal.complain(error)
        return Exit.MENDABLE
    except KeyboardInterrupt:
        terminal.warn("interrupted")
        return Exit.INTERRUPTED
    except SystemExit as leaving:
        return _code_of(leaving)
    except OSError as error:
        return _failed_output(error)
    except Exception as error:  # noqa: BLE001 - the last place that can say something useful
        return _fault(error)


def _flushed(result: object) -> int:
    """The code for a result, after the last of stdout is out: a pipe that broke shows here, not at Python's exit."""
    sys.stdout.flush()
    return result if isinstance(result, int) and not isinstance(result, bool) else Exit.DONE


def _code_of(leaving: SystemExit) -> int:
    if leaving.code is None:
        return Exit.DONE
    if isinstance(leaving.code, int):
        return leaving.code
    terminal.complain(str(leaving.code))
    return Exit.MENDABLE


def _failed_output(error: OSError) -> int:
    """Where stdout does not take what is printed; any other pipe or file is one of ours, and a fault.

    A reader who went away, as `head` does, is told nothing. An error of a full disk names no file: it came from stdout,
    or from a file that was open already.
    """
    full = error.errno == errno.ENOSPC and error.filename is None
    if not full and not (isinstance(error, BrokenPipeError) and _reader_is_gone()):
        return _fault(error)
    _drop_output()
    if full:
        terminal.complain("what is printed or written must find room, got: no space left. Free some space.")
    return Exit.MENDABLE


def _drop_output() -> None:
    """Else Python's own flush at its exit complains once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _reader_is_gone() -> bool:
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):  # no file behind stdout, so no pipe either
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _fault(error: Exception) -> int:
    what = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    last = traceback.extract_tb(error.__traceback__)[-1]
    terminal.complain(f"a fault of cnnsearch itself: {what} ({Path(last.filename).name}:{last.lineno})\n{_kept(error)}")
    return Exit.FAULT


def _kept(error: Exception) -> str:
    """Write the log and say where it lies; with no place to write, the traceback itself is what there is to say."""
    text = _log_text(error)
    for folder in (platformdirs.user_state_path("cnnsearch") / "faults", Path(tempfile.gettempdir())):
        log = folder / f"cnnsearch-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with log.open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        return f"the traceback is in {log}: please send it along when you report this"
    return f"no log could be written, so here is the traceback:\n{text}"


def _log_text(error: Exception) -> str:
    try:
        ours = version("cnnsearch")
    except PackageNotFoundError:
        ours = "not installed"
    lines = [
        f"cnnsearch {ours}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {sys.argv}",
        f"folder: {os.environ.get('PWD', 'unknown')}",
        "",
    ]
    return "\n".join(lines) + "\n" + "".join(traceback.format_exception(error))
