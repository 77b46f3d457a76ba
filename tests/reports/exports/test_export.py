"""Each format of a real small model: near to Keras, measured, and with a script that says what `predict` says."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from cnnsearch.commands.predict import predict
from cnnsearch.reports.exports.export import Exported, Exporting, export
from cnnsearch.reports.exports.formats import FORMATS, targets_of
from cnnsearch.reports.exports.samples import photos_of
from cnnsearch.reports.exports.scripts import predict_script
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError

FLOAT = ("onnx", "litert", "openvino", "saved_model", "keras")
SLOW = [pytest.param(name, marks=pytest.mark.nightly) for name in ("saved_model", "keras", "litert-float16")]
ALL = ("onnx", "litert", "litert-int8", "openvino", *SLOW)


@pytest.mark.parametrize("name", ALL)
def test_an_export_is_near_to_keras_and_measured(exported: Callable[[str], Exported], name: str) -> None:
    found = exported(name)
    parity = found.figures["parity"]
    assert found.holds
    assert parity["on"] == "the test part"
    assert parity["agreement"] == 1.0 if name in FLOAT else parity["agreement"] >= 0.95
    assert parity["difference"] <= 1e-3 or name == "litert-int8"
    assert 0 < found.figures["latency"] < 5
    assert found.figures["bytes"] > 1000
    told = json.loads((found.folder.parent / "export.json").read_text())
    assert told["formats"][name] == found.figures


@pytest.mark.parametrize("name", ALL)
def test_the_script_beside_it_says_what_predict_says(
    exported: Callable[[str], Exported], scratch: ModelFolder, tmp_path: Path, name: str
) -> None:
    found = exported(name)
    images = odd_images(tmp_path)
    assert len((found.folder / "predict.py").read_text().splitlines()) < 40
    command = [sys.executable, "-W", "error", "predict.py", *map(str, images)]
    if name in ("keras", "saved_model"):  # which warn of their own
        command = [part for part in command if part not in ("-W", "error")]
    run = subprocess.run(
        command, cwd=found.folder, env=os.environ | {"PYTHONPATH": ""}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    console = Console(file=io.StringIO())
    predict(scratch.path, images, None, console)
    theirs, ours = (
        [line.split("\t") for line in text.splitlines()]
        for text in (run.stdout, console.file.getvalue())  # type: ignore[attr-defined]
    )
    assert [line[:2] for line in theirs] == [line[:2] for line in ours]
    near = {"litert-int8": 0.05, "litert-float16": 0.02}.get(name, 2e-4)
    assert all(abs(float(a[2]) - float(b[2])) <= near for a, b in zip(theirs, ours, strict=True))


def odd_images(folder: Path) -> list[Path]:
    """Pictures whose pixels depend on how they are opened: turned, transparent, of 16 bits, grey, animated."""
    draw = np.random.default_rng(7)
    pixels = draw.integers(0, 256, (30, 50, 3), dtype=np.uint8)
    pixels[:, :25] //= 4
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(pixels).save(folder / "turned.jpg", exif=turned.tobytes())
    alpha = np.dstack([pixels, np.linspace(0, 255, 1500).reshape(30, 50).astype(np.uint8)])
    Image.fromarray(alpha).save(folder / "clear.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 200).save(folder / "deep.png")
    Image.fromarray(pixels[..., 1]).save(folder / "grey.jpg")
    frames = [Image.fromarray(pixels), Image.fromarray(255 - pixels)]
    frames[0].save(folder / "film.gif", save_all=True, append_images=frames[1:])
    return sorted(folder.iterdir())


def test_exports_are_made_whole_beside_each_other(exported: Callable[[str], Exported]) -> None:
    folders = [exported(name).folder for name in ("litert", "litert-int8")]
    assert {path.name for path in folders[0].iterdir()} == {"model.tflite", "classes.json", "predict.py", "photo.py"}
    assert not [path for path in folders[0].parent.iterdir() if path.name.startswith(".")]


def test_an_export_does_not_tell_where_the_photos_lie(exported: Callable[[str], Exported], photos: Path) -> None:
    found = exported("litert").folder
    about = json.loads((found / "classes.json").read_text())
    assert about["data"] == {"source": photos.name, "stamp": "", "parts": ["train"]}
    assert (about["classes"], about["resize"]) == (["dark", "light"], "pad")
    assert not [path for path in found.iterdir() if str(photos.parent).encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("keras", "keras tensorflow numpy pillow"),
        ("saved_model", "tensorflow numpy pillow"),
        ("onnx", "onnxruntime numpy pillow"),
        ("litert", "ai-edge-litert numpy pillow"),
        ("openvino", "openvino numpy pillow"),
    ],
)
def test_a_script_names_all_that_it_needs(name: str, line: str) -> None:
    assert f"\nIt needs: pip install {line}\n" in predict_script(FORMATS[name])


def test_without_photos_noise_is_compared_and_int8_refused(made: Callable[[str], ModelFolder], tmp_path: Path) -> None:
    start_forkserver()
    folder = made("softmax")
    folder.config.write_text(folder.config.read_text().replace("source: /", "source: /gone/"))
    photos = photos_of(folder, (16, 24, 3))
    assert "data.source must exist" in photos.lack
    told: list[Exported] = []
    with pytest.raises(
        CnnSearchError, match=r"--quantize int8: int8 takes its ranges from training photos, got none: "
    ):
        export(Exporting(folder.model, photos, tmp_path / "out"), targets_of("litert", "int8"), told.append)
    (found,) = told
    assert (found.name, found.figures["parity"]["on"], found.holds) == ("litert", "seeded noise", True)
