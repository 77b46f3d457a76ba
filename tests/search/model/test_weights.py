"""Pretrained weights come from disk, network or the person's own file; where they cannot, a message says how."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model import weights
from cnnsearch.search.model.backbones import backbone_features, backbone_network
from cnnsearch.search.model.build import build_model
from cnnsearch.search.model.imagenet import WeightsFile
from cnnsearch.search.model.weights import WeightsUnavailable, WrongWeights, locate_weights, models_folder
from cnnsearch.search.model.weights_file import load_weights
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.backbones import Backbone, MobileNet, MobileNetV3

SMALL = MobileNet(alpha=0.25)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty Keras home, and no memory of which hosts answered."""
    folder = tmp_path / "keras"
    monkeypatch.setenv("KERAS_HOME", str(folder))
    monkeypatch.delenv("CNNSEARCH_OFFLINE", raising=False)
    weights._silence.cache_clear()
    yield folder
    weights._silence.cache_clear()


def network_of(alpha: float = 0.25) -> keras.Model:
    return backbone_network("mobilenet", MobileNet(alpha=alpha), (32, 32))


def arrays(network: keras.Model) -> list[np.ndarray]:
    return [np.array(weight) for weight in network.get_weights()]


def equal(one: keras.Model, other: keras.Model) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def test_a_file_in_kerass_home_is_taken(home: Path) -> None:
    path = home / "models" / "mobilenet_2_5_224_tf_no_top.h5"
    path.parent.mkdir(parents=True)
    path.touch()
    assert locate_weights("mobilenet", SMALL) == path


def test_without_keras_home_it_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_HOME")
    assert models_folder() == Path.home() / ".keras" / "models"


@pytest.mark.timeout(60)
def test_without_a_network_the_message_says_which_file_to_put_where(home: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        locate_weights("mobilenet", SMALL)
    message = str(caught.value)
    assert message.startswith("model.mobilenet.weights: the ImageNet weights are not on this machine and ")
    assert "storage.googleapis.com cannot be reached" in message
    assert f"mobilenet_2_5_224_tf_no_top.h5 at {home / 'models' / 'mobilenet_2_5_224_tf_no_top.h5'}" in message
    assert "or to null for random weights" in message


def test_offline_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNSEARCH_OFFLINE", "1")
    monkeypatch.setattr(weights, "_asked", lambda host: pytest.fail(f"{host} was asked"))
    with pytest.raises(WeightsUnavailable, match="CNNSEARCH_OFFLINE=1 forbids to download them"):
        locate_weights("vgg16", Backbone())


@pytest.mark.timeout(60)
def test_a_host_that_takes_connections_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        assert "127.0.0.1" in weights._silence(host)


def test_a_download_that_breaks_off_is_told(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    monkeypatch.setattr(weights, "_asked", lambda host: "")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/small.h5"
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        (home / "models").mkdir(parents=True)
        with pytest.raises(WeightsUnavailable, match=r"the download failed \(URL fetch failure .*404"):
            weights._downloaded("mobilenet", WeightsFile("small.h5", url))
        thread.join()


def test_a_download_lands_in_kerass_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nweights")
        connection.close()

    monkeypatch.setattr(weights, "_asked", lambda host: "")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/small.h5"
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        path = weights._downloaded("mobilenet", WeightsFile("small.h5", url))
        thread.join()
    assert path == home / "models" / "small.h5"
    assert path.read_bytes() == b"weights"


def test_a_home_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(weights, "_asked", lambda host: "")
    home.write_text("a file where a folder should be")
    with pytest.raises(WeightsUnavailable, match=r"the download failed \(.*keras/models"):
        locate_weights("mobilenet", SMALL)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_home_without_leave_to_write_is_told(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(weights, "_asked", lambda host: "")
    (home / "models").mkdir(parents=True)
    home.chmod(0o500)
    with pytest.raises(WeightsUnavailable, match="keras cannot be written to"):
        locate_weights("mobilenet", SMALL)


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_a_file_of_ones_own_is_loaded(tmp_path: Path, suffix: str) -> None:
    trained, fresh = network_of(), network_of()
    path = tmp_path / f"own{suffix}"
    trained.save_weights(path) if suffix == ".weights.h5" else trained.save(path)
    load_weights("mobilenet", MobileNet(alpha=0.25, weights=str(path)), fresh)
    assert equal(fresh, trained)


def test_the_backbone_of_a_model_of_ours_is_taken_out_of_it(tmp_path: Path, make: Any) -> None:
    network = {"mobilenet": {"weights": None, "alpha": 0.25}}
    model = build_model(make(data={"source": "photos", "image_size": [40, 40]}, model=network), 3, 1)
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    fresh = network_of()
    load_weights("mobilenet", MobileNet(alpha=0.25, weights=str(tmp_path / "model.keras")), fresh)
    assert equal(fresh, model.get_layer("mobilenet"))


def test_null_leaves_random_weights() -> None:
    network = network_of()
    before = arrays(network)
    load_weights("mobilenet", MobileNet(alpha=0.25, weights=None), network)
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays(network), strict=True))


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_weights_of_another_network_do_not_fit(tmp_path: Path, suffix: str) -> None:
    path, other = tmp_path / f"own{suffix}", network_of(0.5)
    other.save_weights(path) if suffix == ".weights.h5" else other.save(path)
    with pytest.raises(
        CnnSearchError, match=r"model\.mobilenet\.weights: .*own.* does not fit this mobilenet \(alpha 0\.25\): .+ Give"
    ):
        load_weights("mobilenet", MobileNet(alpha=0.25, weights=str(path)), network_of())


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5", ".keras"])
def test_a_damaged_file_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"own{suffix}"
    path.write_bytes(b"no weights at all")
    with pytest.raises(CnnSearchError, match=r"does not fit this mobilenet \(alpha 1\.0\): it is no .+"):
        load_weights("mobilenet", MobileNet(weights=str(path)), network_of())


def test_a_damaged_file_of_kerass_home_is_to_be_deleted(home: Path) -> None:
    path = home / "models" / "mobilenet_2_5_224_tf_no_top.h5"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    with pytest.raises(CnnSearchError, match="delete it, and it is downloaded again"):
        load_weights("mobilenet", SMALL, network_of())


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("/nowhere/own.h5", r"model\.vgg16\.weights: there is no weights file '/nowhere/own\.h5'\. Correct the path"),
        ("own.h5", r"there is no weights file 'own\.h5' in /.+, where the command runs\. Correct the path"),
        ("imagnet", r"weights are imagenet, null, or the path of a \.h5, \.weights\.h5 or \.keras file, got 'imagnet'"),
        ("~nobody-of-that-name/own.h5", r"the weights file '~nobody-of-that-name/own\.h5' cannot be read: "),
        ("a" * 5000 + ".h5", r"cannot be read: File name too long\. Correct the path"),
        ("nul\0.h5", r"cannot be read: embedded null byte"),
    ],
)
def test_a_wrong_path_is_told(own: str, message: str) -> None:
    with pytest.raises(WrongWeights, match=message):
        locate_weights("vgg16", Backbone(weights=own))


def test_a_folder_is_no_weights_file(tmp_path: Path) -> None:
    (tmp_path / "own.h5").mkdir()
    with pytest.raises(WrongWeights, match=r"weights are one file, got the folder '.*own\.h5'\. Correct the path"):
        locate_weights("vgg16", Backbone(weights=str(tmp_path / "own.h5")))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read anything")
def test_a_file_without_leave_to_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "own.h5").touch(0o000)
    with pytest.raises(WrongWeights, match=r"own\.h5' cannot be read: Permission denied"):
        locate_weights("vgg16", Backbone(weights=str(tmp_path / "own.h5")))


def test_asking_for_the_file_of_random_weights_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"model\.vgg16\.weights is null"):
        locate_weights("vgg16", Backbone(weights=None))


def test_imagenet_weights_serve_any_image_size(home: Path, test_data: Path, make: Any) -> None:
    shutil.copytree(test_data / "keras_home", home)
    network = {"mobilenet": {"alpha": 0.25}}
    for size in ([96, 64], [160, 160]):
        model = build_model(make(data={"source": "photos", "image_size": size}, model=network), 2, 1)
        theirs = keras.applications.MobileNet(
            alpha=0.25, include_top=False, weights=str(home / "models" / "mobilenet_2_5_224_tf_no_top.h5")
        )
        assert equal(model.get_layer("mobilenet"), theirs)


def test_weights_that_nobody_published_are_told() -> None:
    message = (
        r"model\.mobilenetv3small\.weights: no ImageNet weights were published for mobilenetv3small with alpha 0\.75, "
        r"minimalistic true\. Change one of these settings, or set model\.mobilenetv3small\.weights"
    )
    with pytest.raises(WeightsUnavailable, match=message):
        locate_weights("mobilenetv3small", MobileNetV3(alpha=0.75, minimalistic=True))


def test_a_file_of_ones_own_brings_the_moments_of_the_normalization(tmp_path: Path) -> None:
    def network() -> keras.Model:
        return backbone_network("efficientnetb0", Backbone(weights=None), (32, 32))

    def features(network: keras.Model) -> np.ndarray:
        inputs = keras.Input((32, 32, 3))
        model = keras.Model(inputs, backbone_features("efficientnetb0", network, inputs))
        return np.array(model(np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)), training=False))

    trained, fresh = network(), network()
    normalization = next(layer for layer in trained.layers if isinstance(layer, keras.layers.Normalization))
    normalization.set_weights([np.array([0.4, 0.5, 0.6]), np.array([0.2, 0.3, 0.1]), np.array(0)])
    normalization.finalize_state()
    trained.save(tmp_path / "own.keras")
    load_weights("efficientnetb0", Backbone(weights=str(tmp_path / "own.keras")), fresh)
    assert np.allclose(features(fresh), features(trained), atol=1e-6)


SPACE = """
data: {source: photos}
model:
  choice:
    scratch: {}
    vgg16: {weights: %s}
    mobilenet: {weights: {choice: [imagenet, null]}, alpha: {choice: [0.25, 0.5]}}
"""


def test_the_branches_without_weights_are_named_with_the_reason(home: Path) -> None:
    unavailable = weights.unavailable_weights(loads_space(SPACE % "imagenet", "photos"))
    assert list(unavailable) == ["model.vgg16", "model.mobilenet"]
    assert "model.vgg16.weights: the ImageNet weights are not on this machine" in unavailable["model.vgg16"]


def test_a_branch_is_available_only_with_the_weights_of_every_draw(home: Path) -> None:
    space = loads_space(SPACE % "null", "photos")
    (home / "models").mkdir(parents=True)
    (home / "models" / "mobilenet_2_5_224_tf_no_top.h5").touch()
    unavailable = weights.unavailable_weights(space)
    assert list(unavailable) == ["model.mobilenet"]
    assert "mobilenet_5_0_224_tf_no_top.h5" in unavailable["model.mobilenet"]
    (home / "models" / "mobilenet_5_0_224_tf_no_top.h5").touch()
    assert weights.unavailable_weights(space) == {}


def test_a_wrong_file_of_ones_own_is_an_error_and_no_branch_left_out() -> None:
    text = "data: {source: x}\nmodel: {choice: {scratch: {}, vgg16: {weights: {choice: [a.h5, b.h5]}}}}"
    with pytest.raises(WrongWeights, match=r"(?s)no weights file 'a\.h5'.*\n.*no weights file 'b\.h5'"):
        weights.unavailable_weights(loads_space(text, "photos"))


def test_what_does_not_decide_the_file_is_not_tried(home: Path) -> None:
    text = "data: {source: x}\nmodel: {vgg16: {fine_tune: {choice: [null, {epochs: 3}]}, trainable_from: {last: 3}}}"
    section = loads_space(text, "photos").document.model.taken()["vgg16"]
    assert len(list(weights.draws_of(section))) == 1


def test_every_searched_variant_needs_its_weights(home: Path) -> None:
    text = "data: {source: photos}\nmodel: {mobilenetv3small: {minimalistic: {choice: [true, false]}, alpha: %s}}"
    (home / "models").mkdir(parents=True)
    stem = home / "models" / "weights_mobilenet_v3_small"
    Path(f"{stem}_224_1.0_float_no_top_v2.h5").touch()
    space = loads_space(text % "1.0", "photos")
    why = weights.unavailable_weights(space)["model.mobilenetv3small"]
    assert "small_minimalistic_224_1.0_float_no_top_v2.h5" in why
    Path(f"{stem}_minimalistic_224_1.0_float_no_top_v2.h5").touch()
    assert weights.unavailable_weights(space) == {}
    Path(f"{stem}_224_0.75_float_no_top_v2.h5").touch()
    both = loads_space(text % "{choice: [0.75, 1.0]}", "photos")
    assert "alpha 0.75, minimalistic true" in weights.unavailable_weights(both)["model.mobilenetv3small"]


def test_looking_for_many_files_asks_the_host_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(weights, "_asked", lambda host: asked.append(host) or "it is silent")
    weights.unavailable_weights(loads_space(SPACE % "imagenet", "photos"))
    assert asked == ["storage.googleapis.com"]
