"""What a run says of where it takes place."""

import json
from pathlib import Path

import pytest

from cnnsearch.search.environment import note_packing
from cnnsearch.search.run_folder import RunFolder


@pytest.mark.parametrize("before", ['{"python": "3.11.7"}', '{"pyth', "[]", None])
def test_the_packing_is_noted_though_what_stood_there_is_lost(tmp_path: Path, before: str | None) -> None:
    run = RunFolder(tmp_path)
    if before is not None:
        run.environment.write_text(before)
    assert note_packing(run, "gpu:0", 2, "no more than 2") == "gpu:0: 2 trials side by side (no more than 2)"
    found = json.loads(run.environment.read_text())
    assert found["per_device"] == {"gpu:0": {"slots": 2, "why": "no more than 2"}}
    assert found.get("python") == ("3.11.7" if before and "3.11.7" in before else None)
