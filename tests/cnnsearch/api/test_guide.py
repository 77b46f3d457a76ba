"""The examples of docs/python.md run, one after the other, as they would in a notebook: no file, no guard."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cnnsearch.command_line import LIMIT


@pytest.mark.timeout(5 * LIMIT)
def test_the_examples_of_the_guide_run(checkout: Path, tmp_path: Path) -> None:
    page = (checkout / "docs" / "python.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 7
    done = subprocess.run(
        [sys.executable, "-"],
        input="\n".join(examples),
        cwd=tmp_path,
        env=os.environ | {"CNNSEARCH_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        check=False,
    )
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert re.search(r"<Run runs/digits-001: finished, 3 trials, best val_accuracy [\d.]+ \(trial \d\)>\n", done.stdout)
    assert 'set={"training.epochs": 0}: `training.epochs` must be at least 1, got 0.' in done.stdout
    assert "(None, 16, 16, 1) ('0', '1', '2'," in done.stdout
    assert "finished val_accuracy" in done.stdout
    assert "runs/small-001: 2 trials on this process" in done.stdout.lower()
