"""Files of weights that are not what they should be: each is told before a trial, in a child that trains nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.backbones import backbone_network
from cnnsearch.search.model.build import build_network
from cnnsearch.search.model.views import seen_through
from cnnsearch.search.model.weights_file import load_weights, misfit
from cnnsearch.spaces.sections.backbones import Backbone, MobileNet
from cnnsearch.spaces.sections.evaluation import Evaluation


def with_top(alpha: float = 0.25) -> keras.Model:
    return keras.applications.MobileNet(alpha=alpha, weights=None, input_shape=(32, 32, 3), classes=3)


def without_top(alpha: float = 0.25) -> keras.Model:
    return backbone_network("mobilenet", MobileNet(alpha=alpha), (32, 32))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of a narrow MobileNet in every form: own.weights.h5, own.keras."""
    folder = tmp_path_factory.mktemp("good")
    network = without_top()
    network.save_weights(folder / "own.weights.h5")
    network.save(folder / "own.keras")
    return folder


def told(path: Path) -> str:
    return misfit("mobilenet", MobileNet(alpha=0.25, weights=str(path)))


@pytest.mark.parametrize("file", ["own.weights.h5", "own.keras"])
def test_a_file_that_fits_is_no_matter(good: Path, file: str) -> None:
    assert told(good / file) == ""


def test_random_weights_and_those_not_here_are_no_matter() -> None:
    assert misfit("vgg16", Backbone(weights=None)) == ""
    assert misfit("vgg16", Backbone()) == ""


@pytest.mark.parametrize("file", ["own.weights.h5", "own.keras"])
def test_half_of_a_file_is_told(good: Path, tmp_path: Path, file: str) -> None:
    whole = (good / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: len(whole) // 2])
    message = told(tmp_path / file)
    assert message.startswith(
        f"model.mobilenet.weights: {tmp_path / file} does not fit this mobilenet (alpha 0.25): it "
    )
    assert "it is cut short." in message or "it is no whole .keras file." in message
    assert "Give weights of a mobilenet (alpha 0.25) without its top." in message


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("own.h5", b"", "it is empty."),
        ("own.h5", b"<html>404</html>", "it is no HDF5 file, it begins with b'<html>40'."),
        ("own.keras", b"version https://git-lfs", "it is no whole .keras file."),
    ],
)
def test_what_is_no_weights_file_is_told(tmp_path: Path, file: str, content: bytes, reason: str) -> None:
    (tmp_path / file).write_bytes(content)
    assert reason in told(tmp_path / file)


@pytest.mark.parametrize(
    ("file", "save", "reason"),
    [
        ("top.keras", lambda path: with_top().save(path), "weight list of length 137, but the layer was expecting 135"),
        ("wide.keras", lambda path: without_top(0.5).save(path), "weight shape (3, 3, 3, 8) is not compatible with"),
        ("wide.weights.h5", lambda path: without_top(0.5).save_weights(path), "objects could not be loaded"),
    ],
)
def test_weights_of_another_network_are_told(
    tmp_path: Path, file: str, save: Callable[[Path], None], reason: str
) -> None:
    save(tmp_path / file)
    assert reason in told(tmp_path / file)


def test_a_file_that_bears_the_name_of_another_form_is_to_be_renamed(good: Path, tmp_path: Path) -> None:
    shutil.copy(good / "own.weights.h5", tmp_path / "own.h5")
    assert told(tmp_path / "own.h5").endswith("A file in the form of Keras 3 ends in .weights.h5.")


def whole(make: Any, **model: Any) -> keras.Model:
    return build_network(make(data={"source": "photos", "image_size": [32, 32]}, model=model), 2)


def test_the_backbone_is_found_in_a_classifier_that_looks_at_several_views(make: Any, tmp_path: Path) -> None:
    classifier = whole(make, mobilenet={"weights": None, "alpha": 0.25})
    seen_through(classifier, Evaluation(flip=True)).save(tmp_path / "model.keras")
    fresh = without_top()
    load_weights("mobilenet", MobileNet(alpha=0.25, weights=str(tmp_path / "model.keras")), fresh)
    pairs = zip(fresh.get_weights(), classifier.get_layer("mobilenet").get_weights(), strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in pairs)
    assert told(tmp_path / "model.keras") == ""


def test_a_classifier_on_another_backbone_is_told(make: Any, tmp_path: Path) -> None:
    whole(make, mobilenetv3small={"weights": None, "alpha": 0.75}).save(tmp_path / "model.keras")
    assert "does not fit this mobilenet (alpha 0.25): it holds mobilenetv3small." in told(tmp_path / "model.keras")


def test_a_published_file_that_was_changed_on_its_way_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n and then nothing")
    message = misfit("vgg16", Backbone())
    assert f"{path} does not fit this vgg16: it is not the published file, whose checksum is 6d6bbae1" in message
    assert message.endswith("The file may be damaged: delete it, and it is downloaded again.")


def test_the_published_weights_of_the_small_mobilenet_fit(monkeypatch: pytest.MonkeyPatch, test_data: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(test_data / "keras_home"))
    assert misfit("mobilenet", MobileNet(alpha=0.25)) == ""
