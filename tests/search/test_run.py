"""What a search does before its first trial."""

from pathlib import Path

import pytest

from cnnsearch.search.prepared import prepared_for
from cnnsearch.search.request import Request
from cnnsearch.search.run import run_search
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space

SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1}}
training: {epochs: 1}
"""


def test_a_file_of_the_run_that_cannot_be_written_is_told_with_what_to_do(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text(SPACE)
    request = Request(load_space(str(space)), tmp_path / "runs", "digits", cache=tmp_path / "cache")
    with prepared_for(request) as prepared:
        prepared.run.events.mkdir()
    with pytest.raises(CnnSearchError, match=r"digits-001: the run's files must be writable, got .*Is a directory.*"):
        run_search(request)
