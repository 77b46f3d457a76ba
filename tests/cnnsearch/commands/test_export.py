"""`export` on the command line: a table, figures in a file, and an error where an export cannot be relied on."""

import json
from pathlib import Path

import pytest

from cnnsearch.commands.export import check_near
from cnnsearch.reports.exports.export import Exported
from cnnsearch.spaces.errors import CnnSearchError
from tests.cnnsearch.command_line import CommandLine


def test_a_run_s_model_leaves_in_another_format(searched: CommandLine) -> None:
    out = searched.good("export", "runs/tiny-001", "--to", "saved_model", "--out", "elsewhere")
    header, line, place = out.splitlines()
    assert header.split("  ")[0] == "format"
    assert line.startswith("saved_model")
    assert line.endswith("64 images of the test part")
    assert place == "exports: elsewhere; each folder has a predict.py"
    told = json.loads((searched.folder / "elsewhere" / "export.json").read_text())
    assert told["formats"]["saved_model"]["parity"]["holds"]
    assert told["machine"]["packages"]["keras"]


def test_a_mistake_is_told_before_anything_is_made(searched: CommandLine) -> None:
    done = searched("export", "runs/tiny-001", "--to", "tensorrt", "--out", "nowhere")
    assert done.returncode == 1
    assert "error: --to: it lists some of keras, saved_model, onnx, litert, openvino, got 'tensorrt'" in done.stderr
    assert not (searched.folder / "nowhere").exists()


def test_a_folder_of_the_person_s_own_is_never_replaced(searched: CommandLine) -> None:
    own = searched.folder / "src" / "saved_model" / "main.c"
    own.parent.mkdir(parents=True)
    own.write_text("int main;")
    done = searched("export", "runs/tiny-001", "--to", "saved_model", "--out", "src")
    assert done.returncode == 1
    assert (
        "error: src/saved_model: an export replaces an earlier export and nothing else, got a folder with 'main.c' in "
        "it. Name another folder with --out, or move this one away."
    ) in " ".join(done.stderr.split())
    assert own.read_text() == "int main;"
    assert not (searched.folder / "src" / "export.json").exists()


def test_where_nothing_can_be_written_another_folder_is_advised(searched: CommandLine) -> None:
    (searched.folder / "file").touch()
    done = searched("export", "runs/tiny-001", "--to", "saved_model", "--out", "file/out")
    assert done.returncode == 1
    assert "error: file/out: exports must be writable here, got Not a directory. Name another folder with --out" in (
        " ".join(done.stderr.split())
    )


def test_an_export_that_is_far_from_keras_is_named() -> None:
    far = {"parity": {"images": 64, "difference": 0.25, "agreement": 0.75, "holds": False}}
    near = {"parity": {"images": 64, "difference": 1e-6, "agreement": 1.0, "holds": True}}
    found = [Exported("onnx", Path("out/onnx"), near), Exported("litert-int8", Path("out/litert-int8"), far)]
    check_near(found[:1])
    with pytest.raises(
        CnnSearchError,
        match=r"^out/litert-int8: its answers must be those of Keras, got a difference of 2\.5e-01 and the same class "
        r"for 75\.0% of 64 images\. The files stay; do not rely on them",
    ):
        check_near(found)
