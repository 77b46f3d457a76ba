"""`cnnsearch plan`, as a person and as a program use it."""

import json
import re
from typing import Any

from tests.cnnsearch.command_line import TINY, CommandLine

ONE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1, filters: 4}}
training: {epochs: 2}
"""
KEYS = {"parameters", "flops", "bytes", "memory", "trainable", "training_flops", "batch_size", "epochs", "seconds"}


def test_a_plan_says_what_there_is_how_large_and_how_long(command_line: CommandLine) -> None:
    printed = command_line.good("plan", command_line.write(TINY), "--trials", "4", "--time", "5m")
    assert "tiny: 6 searched values, 4 of them in every trial; infinitely many distinct configurations." in printed
    assert "Models are built for 10 classes, 1,259 train, 362 validation, 176 test images." in printed
    for row in ("weights", "one image, forward", "memory of a batch", "exported file", "one step", "one epoch"):
        assert re.search(rf"^{row} ", printed, re.MULTILINE), row
    assert re.search(r"^model +smallest +median +largest", printed, re.MULTILINE)
    assert re.search(r"^weights( +[\d.]+( k)?){3,4} *$", printed, re.MULTILINE)
    assert re.search(r"On cpu an epoch takes .+ before its first\.", printed)
    assert re.search(r"^ +4 trials +in 5m *$", printed, re.MULTILINE)
    assert re.search(r"^without pruning +\S.* to \S+ +\d+ to \d+ trials *$", printed, re.MULTILINE)
    assert "with none pruning" not in printed
    assert "\x1b" not in printed


def test_json_is_one_object_and_a_fixed_configuration_is_one_model(command_line: CommandLine) -> None:
    found: dict[str, Any] = json.loads(command_line.good("plan", command_line.write(ONE), "--json"))
    assert (found["configurations"], found["parameters"], found["classes"]) == (1, 0, 10)
    models = found["models"]
    assert set(models) == {"smallest", "median", "largest"}
    assert models["smallest"] == models["median"] == models["largest"] == found["costliest"]
    assert set(models["median"]) >= KEYS
    assert models["median"]["parameters"] == (9 * 4 + 4) + (4 * 4 * 4 * 10 + 10)
    assert models["median"]["flops"] == 2 * (64 * 9 * 4 + 64 * 10)
    assert models["median"]["seconds"]["epoch"] > 0
    assert found["search"]["trials"] == 1
    low, high = found["forecast"]["seconds"]["without_pruning"]
    assert 0 < low < high


def test_without_images_there_are_sizes_and_a_note_and_no_times(command_line: CommandLine) -> None:
    file = command_line.write(TINY)
    found: dict[str, Any] = json.loads(command_line.good("plan", file, "--data", "nowhere", "--json"))
    assert found["configurations"] is None
    assert found["forecast"] is None
    assert found["models"]["largest"]["seconds"] is None
    assert found["models"]["smallest"]["parameters"] < found["models"]["largest"]["parameters"]
    assert "nowhere" in found["notes"][0]


def test_a_wrong_space_is_refused_as_everywhere(command_line: CommandLine) -> None:
    refused = command_line("plan", command_line.write(ONE), "--set", "data.colour=rgb")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "a key must be known in `data`, got `colour`" in refused.stderr
