"""`report.html` of a real run: written by `cnnsearch report`, without any slow library."""

import subprocess
import sys

from cnnsearch.reports.page.configuration import told_values
from cnnsearch.search.run_folder import RunFolder
from tests.reports.page.reading import Page

CONFIG = """
version: 1
data: {source: photos, image_size: [64, 64]}
model: {scratch: {blocks: 2, filters: [16, 32]}}
head: {dense: [64]}
optimizer: {adam: {learning_rate: 0.01}}
"""


def test_report_writes_it_without_a_slow_library(run: RunFolder) -> None:
    script = (
        "import sys; from cnnsearch.app import app\n"
        "app(['report', sys.argv[1]], standalone_mode=False)\n"
        "slow = {'tensorflow', 'keras', 'matplotlib', 'optuna', 'sqlalchemy', 'sklearn'}\n"
        "sys.exit(', '.join(slow & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(run.path)], capture_output=True, text=True, check=False, timeout=240
    )
    assert (done.returncode, done.stderr) == (0, "")
    page = Page(run.page.read_text(encoding="utf-8"))
    assert len(page.rows) == 40
    assert page.tags["svg"] > 3
    assert "Finished: all trials are done." in page.text


def test_the_configuration_tells_what_was_searched_or_is_no_default() -> None:
    told = dict(told_values(CONFIG, ["model.scratch.filters.1", "model.scratch.padding"]))
    assert told["model"] == "scratch"
    assert told["model.scratch.filters"] == "16, 32"
    assert told["model.scratch.padding"] == "same"
    assert told["head.dense.0.units"] == "64"
    assert told["optimizer.adam.learning_rate"] == "0.01"
    assert not [path for path in told if path.startswith(("augment", "search", "evaluation"))]


def test_a_configuration_of_another_version_is_told_as_it_stands() -> None:
    assert told_values("version: 7\n") == []
