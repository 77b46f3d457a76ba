"""`predict` with a real Keras model that tells dark from bright images."""

import csv
import io
import itertools
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from cnnsearch.commands.predict import predict
from cnnsearch.reports.inference import classify, load_classifier
from cnnsearch.spaces.errors import CnnSearchError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Keras asks TensorFlow's variables for an array in a way that NumPy 2 warns of.


@pytest.fixture(scope="session")
def brightness_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two model folders, `sigmoid` and `softmax`: images brighter than 128 are of the second class, `bright`."""
    import keras

    root = tmp_path_factory.mktemp("models")
    for output, units in (("sigmoid", 1), ("softmax", 2)):
        pixels = keras.Input((6, 8, 3))
        mean = keras.layers.GlobalAveragePooling2D()(pixels)
        shifted = keras.layers.Rescaling(1 / 64, offset=-2.0)(mean)
        kernel = np.ones((3, 1)) if units == 1 else np.array([[-1.0, 1.0]] * 3)
        dense = keras.layers.Dense(units, activation=output)
        model = keras.Model(pixels, dense(shifted))
        dense.set_weights([kernel, np.zeros(units)])
        (root / output / "best").mkdir(parents=True)
        model.save(root / output / "best" / "model.keras")
        described = {"classes": ["dark", "bright"], "shape": [6, 8, 3]}
        (root / output / "best" / "classes.json").write_text(json.dumps(described))
    return root


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for name, level in (("black.png", 0), ("more/white.png", 255), ("white [red].png", 250)):
        Image.fromarray(np.full((20, 30, 3), level, np.uint8)).save(folder / name)
    return folder


@pytest.fixture
def pipe() -> Console:
    """A console that is no terminal."""
    return Console(file=io.StringIO(), width=60)


def text(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_plain_lines_outside_a_terminal(brightness_models: Path, photos: Path, pipe: Console, output: str) -> None:
    predict(brightness_models / output, [photos], None, pipe)
    lines = [line.split("\t") for line in text(pipe).splitlines()]
    assert [(Path(name).name, label) for name, label, _ in lines] == [
        ("black.png", "dark"),
        ("white.png", "bright"),
        ("white [red].png", "bright"),
    ]
    assert all(0.99 < float(probability) <= 1 for _, _, probability in lines)


def test_a_table_on_a_terminal(brightness_models: Path, photos: Path) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)
    predict(brightness_models / "softmax" / "best", [photos / "white [red].png"], None, console)
    header, line = text(console).splitlines()
    assert header.split() == ["image", "class", "probability"]
    assert line.split() == [str(photos / "white"), "[red].png", "bright", "1.0000"]


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_csv_holds_all_probabilities(brightness_models: Path, photos: Path, pipe: Console, output: str) -> None:
    model = brightness_models / output / "best" / "model.keras"
    predict(model, [photos / "black.png"], photos / "out" / "answers.csv", pipe)
    with (photos / "out" / "answers.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert list(row) == ["image", "class", "probability", "p:dark", "p:bright"]
    assert row["class"] == "dark"
    assert float(row["probability"]) == float(row["p:dark"])
    assert float(row["p:dark"]) + float(row["p:bright"]) == pytest.approx(1, abs=1e-6)


def test_more_images_than_a_batch_stay_in_order(brightness_models: Path, tmp_path: Path, pipe: Console) -> None:
    levels = [(k * 97) % 256 for k in range(150)]
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for k, level in enumerate(levels):
            content = io.BytesIO()
            Image.fromarray(np.full((6, 8, 3), level, np.uint8)).save(content, "PNG")
            archive.writestr(f"{k:03d}.png", content.getvalue())
    predict(brightness_models / "sigmoid", [tmp_path / "many.zip"], None, pipe)
    labels = [line.split("\t")[1] for line in text(pipe).splitlines()]
    assert labels == ["bright" if level > 128 else "dark" for level in levels]


def test_a_bad_image_is_named_and_skipped(brightness_models: Path, photos: Path, pipe: Console) -> None:
    (photos / "bad\x1b[31m.jpg").write_bytes(b"<html>")
    complaints = Console(file=io.StringIO(), width=60)
    predict(brightness_models / "sigmoid", [photos], None, pipe, complaints)
    assert len(text(pipe).splitlines()) == 3
    assert text(complaints).startswith(f"warning: {photos}/bad\\x1b[31m.jpg is a web page (HTML), not JPEG")
    assert text(complaints).endswith(": skipped\n")


def test_only_bad_images_are_an_error(brightness_models: Path, tmp_path: Path, pipe: Console) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"")
    with pytest.raises(CnnSearchError, match="none of the 1 images could be read"):
        predict(brightness_models / "sigmoid", [tmp_path], tmp_path / "answers.csv", pipe, pipe)
    assert not (tmp_path / "answers.csv").exists()


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_model(tmp_path: Path, photos: Path, pipe: Console, content: bytes) -> None:
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(CnnSearchError, match=r"model\.keras: a Keras model .* must lie here, got another kind of file"):
        predict(tmp_path / "model.keras", [photos], None, pipe)


def test_a_damaged_model_is_one_clear_line(brightness_models: Path, tmp_path: Path) -> None:
    best = brightness_models / "softmax" / "best"
    (tmp_path / "classes.json").write_bytes((best / "classes.json").read_bytes())
    with zipfile.ZipFile(best / "model.keras") as good, zipfile.ZipFile(tmp_path / "model.keras", "w") as damaged:
        damaged.writestr("metadata.json", good.read("metadata.json"))
        damaged.writestr("config.json", good.read("config.json"))
        damaged.writestr("model.weights.h5", good.read("model.weights.h5")[:700])
    with pytest.raises(CnnSearchError, match=r"model\.keras: the model must be readable by keras 3.*, got: [^\n]+\."):
        load_classifier(tmp_path)


def test_a_model_without_its_classes(brightness_models: Path, tmp_path: Path) -> None:
    model = brightness_models / "softmax" / "best" / "model.keras"
    (tmp_path / "model.keras").write_bytes(model.read_bytes())
    with pytest.raises(CnnSearchError, match=r"classes\.json: .* got no file\. .*copy both"):
        load_classifier(tmp_path / "model.keras")
    (tmp_path / "classes.json").write_text('{"classes": ["a", "b", "c"], "shape": [6, 8, 3]}')
    with pytest.raises(
        CnnSearchError, match=r"belong together, got a model from \(6, 8, 3\) to 2 outputs, and 3 classes"
    ):
        load_classifier(tmp_path)


def test_no_model_there(tmp_path: Path) -> None:
    with pytest.raises(
        CnnSearchError, match=r"a run, a model folder or a model\.keras must lie here, got nothing there"
    ):
        load_classifier(tmp_path / "absent")
    with pytest.raises(CnnSearchError, match=r"got a folder without one\. .*best/"):
        load_classifier(tmp_path)


def test_nothing_but_complaints_goes_to_stderr(brightness_models: Path, photos: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rich.console import Console\n"
        "from cnnsearch.commands.predict import predict\n"
        "predict(Path(sys.argv[1]), [Path(sys.argv[2])], None, Console())"
    )
    command = [sys.executable, "-c", script, str(brightness_models / "softmax"), str(photos)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(("resize", "label"), [("stretch", "dark"), ("crop", "bright"), ("pad", "dark")])
def test_images_are_brought_to_size_as_in_training(
    brightness_models: Path, tmp_path: Path, pipe: Console, resize: str, label: str
) -> None:
    best = brightness_models / "softmax" / "best"
    described = json.loads((best / "classes.json").read_text()) | {"resize": resize}
    (tmp_path / "classes.json").write_text(json.dumps(described))
    (tmp_path / "model.keras").write_bytes((best / "model.keras").read_bytes())
    wide = np.zeros((6, 80), np.uint8)
    wide[:, 36:44] = 255  # only what is left after cropping to 6 x 8 is bright
    Image.fromarray(wide).save(tmp_path / "wide.png")
    predict(tmp_path, [tmp_path / "wide.png"], None, pipe)
    assert text(pipe).split("\t")[1] == label


def test_an_unknown_way_of_resizing_is_refused(brightness_models: Path, tmp_path: Path) -> None:
    best = brightness_models / "softmax" / "best"
    described = json.loads((best / "classes.json").read_text()) | {"resize": "squeeze"}
    (tmp_path / "classes.json").write_text(json.dumps(described))
    (tmp_path / "model.keras").write_bytes((best / "model.keras").read_bytes())
    with pytest.raises(CnnSearchError, match=r"resize is one of stretch, crop, pad, got 'squeeze'\. Write what"):
        load_classifier(tmp_path)


def test_the_most_probable_classes_are_shown_in_order(brightness_models: Path, photos: Path, pipe: Console) -> None:
    predict(brightness_models / "softmax", [photos / "black.png"], None, pipe, top=5)
    name, *rest = text(pipe).split("\t")
    assert Path(name).name == "black.png"
    assert (rest[0], rest[2]) == ("dark", "bright")
    assert float(rest[1]) + float(rest[3]) == pytest.approx(1, abs=2e-4)


def test_images_are_read_a_bounded_number_ahead(brightness_models: Path) -> None:
    read: list[int] = []

    class Counted:
        def __init__(self, number: int, content: bytes) -> None:
            self.name, self.number, self.content = str(number), number, content

        def read(self) -> bytes:
            read.append(self.number)
            return self.content

    content = io.BytesIO()
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(content, "PNG")
    endless = (Counted(number, content.getvalue()) for number in itertools.count())
    answers = classify(load_classifier(brightness_models / "softmax"), endless, lambda *_: None)
    assert [answer.image for answer in itertools.islice(answers, 200)][-1] == "199"
    assert len(read) <= 200 + 64 + 2 * 64
    answers.close()
