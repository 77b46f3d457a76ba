"""One parent works in a run's folder at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.search.chosen_run import make_run
from cnnsearch.search.run_lock import held
from cnnsearch.spaces.errors import CnnSearchError


def test_another_process_that_holds_the_run_is_named(tmp_path: Path) -> None:
    run = make_run(tmp_path, "basic", "a")
    script = (
        "import sys; from pathlib import Path; from cnnsearch.search.run_lock import held\n"
        "from cnnsearch.search.run_folder import RunFolder\n"
        "with held(RunFolder(Path(sys.argv[1]))):\n  print('held', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", script, str(run.path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(CnnSearchError, match=rf"one process works on a run at a time, process {other.pid} on "),
            held(run),
        ):
            pass
        other.kill()
    with held(run):  # whoever is dead holds nothing
        assert f"process {os.getpid()} on" in (run.path / "run.holder").read_text()
    assert not (run.path / "run.holder").exists()
