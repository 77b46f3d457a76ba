"""What a search does before its first trial, and what it leaves where its last part breaks."""

from pathlib import Path

import pytest

from cnnsearch.search.confirming_events import ConfirmingStarted
from cnnsearch.search.events import Event
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


@pytest.mark.timeout(180)
@pytest.mark.usefixtures("forkserver")
def test_a_fault_while_the_best_trial_is_confirmed_does_not_cost_its_model(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text(SPACE + "search: {trials: 1, confirm: {top: 1, seeds: 1}}\n")
    request = Request(load_space(str(space)), tmp_path / "runs", "digits", cache=tmp_path / "cache")

    def listener(event: Event) -> None:
        if isinstance(event, ConfirmingStarted):
            raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="a fault of ours"):
        run_search(request, [listener])
    best = tmp_path / "runs/digits-001/best"
    assert (best / "model.keras").is_file()
    assert (best / "predictions.csv").is_file()
