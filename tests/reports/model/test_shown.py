"""What lies beside a model is shown as it is, and never taken for more than it is."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from cnnsearch.reports.model.architecture import Block, architecture_chart, folded, joined
from cnnsearch.reports.model.classes import class_figures
from cnnsearch.reports.model.files import picture
from cnnsearch.reports.model.gallery import gallery_body
from cnnsearch.reports.model.looks import changes_body, heat_body, layers_body, left_out
from cnnsearch.reports.model.weighed import read_weighed
from cnnsearch.search.run_folder import ModelFolder

PHOTO = {"file": "wrong-01.jpg", "image": "cat/<b>.jpg", "label": "cat", "predicted": "dog"}


def gallery(folder: Path, told: object) -> str:
    model = ModelFolder(folder)
    model.gallery.mkdir(parents=True, exist_ok=True)
    (model.gallery / "gallery.json").write_text(json.dumps(told))
    return "".join(ET.tostring(part, encoding="unicode") for part in gallery_body(model))


def test_the_gallery_shows_photos_that_are_gone_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "gallery").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "gallery/wrong-01.jpg")
    photo = {**PHOTO, "probabilities": {"dog": 0.93, "cat": 0.07}}
    text = gallery(tmp_path, {"part": "test", "images": 9, "mistakes": 1, "wrong": [photo], "unsure": []})
    assert "1 of 9 photos of the test part" in text
    assert "data:image/jpeg;base64," in text
    assert "dog 0.930, cat 0.070" in text
    assert "cat/&lt;b&gt;.jpg" in text


def test_a_photo_without_its_picture_keeps_its_place(tmp_path: Path) -> None:
    assert "no picture" in gallery(tmp_path, {"wrong": [PHOTO]})


@pytest.mark.parametrize("told", [[], {}, {"wrong": 3}, {"wrong": ["x"]}, {"wrong": [], "unsure": None}])
def test_a_gallery_that_is_none_shows_nothing(tmp_path: Path, told: object) -> None:
    assert gallery(tmp_path, told) == ""


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "a.svg", "a.html", "missing.jpg", "", "x\0.jpg"])
def test_only_pictures_of_the_folder_are_shown(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.svg").write_text("<svg/>")
    assert picture(tmp_path / "in", name, "told") is None


@pytest.mark.parametrize("told", [{}, {"grad_cam": 1, "maps": [], "filters": "x", "augmented": 2, "left_out": []}])
def test_without_what_was_explained_nothing_is_shown(tmp_path: Path, told: dict[str, object]) -> None:
    folder = ModelFolder(tmp_path)
    assert (heat_body(folder, told), layers_body(folder, told), changes_body(folder, told), left_out(told)) == (
        (),
        (),
        (),
        (),
    )


def test_what_could_not_be_shown_is_told() -> None:
    (line,) = left_out({"left_out": {"grad_cam": "no maps"}})
    assert line.text == "grad_cam cannot be shown: no maps"


def layer(kind: str, output: list[int], parameters: int = 0, **more: object) -> dict[str, object]:
    return {"name": kind.lower(), "type": kind, "output": output, "parameters": parameters, **more}


def test_norm_and_activation_are_told_with_their_layer() -> None:
    layers = [layer("Conv2D", [8, 8, 4], 40), layer("BatchNormalization", [8, 8, 4], 16), layer("Dense", [2], 10)]
    first, last = joined(layers)
    assert (first.does, first.parameters, first.layers) == ("Conv2D, batch norm", 56, 2)
    assert (last.does, last.layers) == ("Dense", 1)


def test_all_augmentation_is_one_block() -> None:
    layers = [layer("RandomFlip", [8, 8, 3]), layer("RandomZoom", [8, 8, 3]), layer("Conv2D", [8, 8, 4], 40)]
    layers[0]["name"], layers[1]["name"] = "augment_flip", "augment_zoom"
    assert [block.does for block in joined(layers)] == ["augmentation: flip, zoom", "Conv2D"]


@pytest.mark.parametrize("count", [1, 10, 36, 37, 100, 1000])
def test_any_number_of_layers_can_be_read(count: int) -> None:
    blocks = [Block("Conv2D", "Conv2D", (2 + k // 3, 8, 4), 10, 10) for k in range(count)]
    shown = folded(blocks)
    assert len(shown) <= 37
    assert sum(block.layers for block in shown) == count
    assert sum(block.parameters for block in shown) == 10 * count


def test_the_drawing_tells_weights_and_what_is_frozen(tmp_path: Path) -> None:
    backbone = layer("Functional", [3, 3, 256], 900, trainable=0, within={"layers": 86, "weighted": 27, "trained": 0})
    told = {"input": [96, 96, 3], "parameters": 910, "trainable": 10, "layers": [backbone, layer("Dense", [2], 10)]}
    (tmp_path / "architecture.json").write_text(json.dumps(told))
    chart = architecture_chart(ModelFolder(tmp_path))
    assert chart is not None
    assert chart.told == "2 layers, 910 weights, 10 of them trained; from the image down to the classes."
    text = ET.tostring(chart.drawing, encoding="unicode")
    assert "functional: 86 layers" in text
    assert "900, frozen" in text


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"layers": 3}', '{"layers": [1]}'])
def test_without_layers_nothing_is_drawn(tmp_path: Path, content: str) -> None:
    (tmp_path / "architecture.json").write_text(content)
    assert architecture_chart(ModelFolder(tmp_path)) is None


def test_the_class_with_the_lowest_recall_comes_first(model_folder: Callable[..., ModelFolder]) -> None:
    rows = [
        ("test", "a", "x", "x", 0.9, 0.1, 0),
        ("test", "b", "y", "x", 0.9, 0.1, 0),
        ("test", "c", "y", "y", 0.1, 0.9, 0),
    ]
    found = read_weighed(model_folder(["x", "y", "z"], rows))
    assert found is not None
    y, x, z = class_figures(found[1])
    assert (y.name, y.recall, y.precision, y.f1, y.confused) == ("y", 0.5, 1.0, pytest.approx(2 / 3), ("x", 1))
    assert (x.name, x.recall, x.precision) == ("x", 1.0, 0.5)
    assert (z.name, z.images, z.recall, z.precision, z.interval) == ("z", 0, None, None, None)
