"""What a child process finds out of backbones before the first trial: depths that they lack, files that misfit."""

from pathlib import Path

import pytest

from cnnsearch.search.discovery import with_discovered
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space

pytestmark = pytest.mark.usefixtures("forkserver")


def of(model: str) -> Space:
    return loads_space(f"data: {{source: x, image_size: 32}}\nmodel: {model}", "own")


def told(model: str) -> list[str]:
    """The lines of the error; none where all is well."""
    try:
        with_discovered(of(model), 2)
    except CnnSearchError as error:
        return str(error).splitlines()
    return []


def test_depths_of_both_phases_are_looked_for_in_every_option() -> None:
    tunings = "{off: null, short: {trainable_from: {choice: [block5, blok4]}}, all: {}}"
    depths = "{choice: {a: blok1, b: {last: {choice: [3, 20]}}, c: none}}"
    lines = told(f"{{vgg16: {{weights: null, trainable_from: {depths}, fine_tune: {{choice: {tunings}}}}}}}")
    rule = "it is none, all, or the name of a block or layer, got"
    blocks = "The blocks are block1, block2, block3, block4, block5."
    assert lines == [
        f"model.vgg16.trainable_from: {rule} 'blok1'. Did you mean block1? {blocks}",
        "model.vgg16.trainable_from: vgg16 has 19 layers, got the last 20. Write 19 or less, or all.",
        f"model.vgg16.fine_tune.trainable_from: {rule} 'blok4'. Did you mean block4? {blocks}",
    ]


def test_a_wrong_depth_is_told_with_the_names_of_its_branches() -> None:
    lines = told("{choice: {tuned: {vgg16: {weights: null, trainable_from: nosuch}}, scratch: {}}}")
    assert len(lines) == 1
    assert lines[0].startswith("model.tuned.vgg16.trainable_from: it is none, all, or the name")


def test_depths_that_are_there_pass() -> None:
    tuning = "fine_tune: {trainable_from: {last: {int: [1, 19]}}}"
    assert told(f"{{vgg16: {{weights: null, trainable_from: {{last: 4}}, {tuning}}}}}") == []


def test_a_range_too_long_to_list_is_told_by_its_end() -> None:
    lines = told("{vgg16: {weights: null, trainable_from: {last: {int: [1, 1000000000]}}}}")
    assert lines == [
        "model.vgg16.trainable_from: vgg16 has 19 layers, got the last 1000000000. Write 19 or less, or all."
    ]


def test_a_variant_with_more_layers_may_be_meant() -> None:
    variants = "minimalistic: {choice: [true, false]}, trainable_from: {last: %d}"
    assert told(f"{{mobilenetv3small: {{weights: null, {variants % 157}}}}}") == []
    assert "has 103 layers, got the last 158" in told(f"{{mobilenetv3small: {{weights: null, {variants % 158}}}}}")[0]


def test_every_damaged_file_is_told_before_the_first_trial(tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        (tmp_path / name).write_bytes(b"<html>")
    files = f"{{choice: [{tmp_path}/a.h5, {tmp_path}/b.h5, null]}}"
    lines = told(f"{{mobilenet: {{alpha: 0.25, weights: {files}, trainable_from: nosuch}}}}")
    assert len(lines) == 3
    assert lines[0].startswith("model.mobilenet.trainable_from: ")
    for name, line in zip(("a.h5", "b.h5"), lines[1:], strict=True):
        assert line.startswith(f"model.mobilenet.weights: {tmp_path / name} does not fit this mobilenet (alpha 0.25): ")


def test_weights_that_are_not_here_are_no_matter_of_this_look() -> None:
    assert told("vgg16") == []
