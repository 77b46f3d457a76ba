"""`cnnsearch diff`: what differs, in words and as JSON; and a run that goes on with the changed space."""

import json
from pathlib import Path

from tests.cnnsearch.command_line import TINY, CommandLine

WIDER = TINY.replace("blocks: {int: [1, 2]}", "blocks: {int: [1, 3]}").replace("trials: 3", "trials: 5")
NARROWER = TINY.replace("{choice: [4, 8], per: block}", "4")


def test_what_was_widened_and_narrowed_is_told(command_line: CommandLine) -> None:
    first, wider = command_line.write(TINY, "a.yaml"), command_line.write(WIDER, "b.yaml")
    told = command_line.good("diff", first, wider)
    assert "widened  model.scratch.blocks" in told
    assert "added    model.scratch.filters.2" in told
    assert "A run of the first space can go on with the second: all its trials stay." in told
    narrower = json.loads(command_line.good("diff", first, command_line.write(NARROWER, "c.yaml"), "--json"))
    kinds = {difference["name"]: difference["kind"] for difference in narrower["differences"]}
    assert kinds == {"model.scratch.filters.0": "narrowed", "model.scratch.filters.1": "narrowed"}
    assert narrower["keeps_trials"] is False
    assert "are the same space" in command_line.good("diff", first, first)


def test_a_run_goes_on_with_a_wider_space_and_not_with_a_narrower_one(command_line: CommandLine) -> None:
    path = command_line.folder / command_line.write(TINY)
    command_line.good("run", "tiny.yaml")
    before = (command_line.folder / "runs/tiny-001/trials.csv").read_text(encoding="utf-8").splitlines()
    path.write_text(NARROWER, encoding="utf-8")
    refused = command_line("run", "tiny.yaml", "--resume", "tiny-001")
    assert refused.returncode == 1
    assert "must have room for every trial of the run" in refused.stderr
    path.write_text(WIDER, encoding="utf-8")
    command_line.good("run", "tiny.yaml", "--resume", str(Path("runs/tiny-001")))
    after = (command_line.folder / "runs/tiny-001/trials.csv").read_text(encoding="utf-8").splitlines()
    assert len(after) == len(before) + 2
    scores = {tuple(line.split(",")[:4]) for line in before[1:]}
    assert scores <= {tuple(line.split(",")[:4]) for line in after[1:]}
