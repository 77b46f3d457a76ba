"""Every backbone of the language is built, sees what its weights were trained on, and learns from its last block on.

All take minutes, the largest gigabytes: one of each family is tested always, the rest with `-m nightly` only.
"""

import inspect
import math
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.backbones import (
    application,
    backbone_features,
    backbone_network,
    blocks_of,
    freeze,
    own_settings,
)
from cnnsearch.search.model.block_names import blocks_of_layers
from cnnsearch.search.model.imagenet import WeightsFile, imagenet_file
from cnnsearch.search.model.weights_file import load_weights
from cnnsearch.spaces.sections.backbones import BACKBONES, Backbone, MobileNet, MobileNetV2, MobileNetV3
from cnnsearch.spaces.sections.model import Model

QUICK = {
    "vgg16",
    "mobilenet",
    "mobilenetv2",
    "mobilenetv3small",
    "resnet50",
    "resnet50v2",
    "efficientnetb0",
    "efficientnetv2b0",
    "convnexttiny",
    "xception",
    "densenet121",
}
"""The quickest of each family."""
ONE_OF_EACH = QUICK | {"inceptionv3", "inceptionresnetv2", "nasnetmobile"}


def over(always: set[str]) -> pytest.MarkDecorator:
    """Every name for a test, of which only some are tested always. All tests of a name share its network."""
    nightly = pytest.mark.nightly
    names = [name if name in always else pytest.param(name, marks=nightly) for name in BACKBONES]
    return pytest.mark.parametrize("name", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def name(request: pytest.FixtureRequest) -> str:
    keras.backend.clear_session(free_memory=False)
    return str(request.param)


@pytest.fixture(scope="module")
def size(name: str) -> tuple[int, int]:
    """A small image whose sides tell networks that round down from those that round up."""
    return BACKBONES[name].smallest + 1, BACKBONES[name].smallest + 31


@pytest.fixture(scope="module")
def images(size: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, *size, 3)).astype("float32")


@pytest.fixture(scope="module")
def network(name: str, size: tuple[int, int]) -> keras.Model:
    """Built once for all tests of a name: nothing in them depends on its weights."""
    return backbone_network(name, BACKBONES[name].section(weights=None), size)


def with_preprocessing(name: str, network: keras.Model) -> keras.Model:
    raw = keras.Input(network.input_shape[1:])
    return keras.Model(raw, backbone_features(name, network, raw))


def test_the_language_has_a_field_for_every_backbone() -> None:
    kinds = [kind for kind in Model.kinds() if kind not in ("scratch", "custom")]
    sections = {kind: type(Model.model_validate({kind: {}}).taken()[kind]) for kind in kinds}
    assert sections == {name: facts.section for name, facts in BACKBONES.items()}


def test_every_classification_network_of_keras_is_known() -> None:
    assert {name.lower() for name in vars(keras.applications) if name[0].isupper()} == set(BACKBONES)


@over(ONE_OF_EACH)
def test_its_weights_and_layers_are_as_many_as_the_facts_say(name: str, network: keras.Model) -> None:
    assert (BACKBONES[name].parameters, BACKBONES[name].layers) == (network.count_params(), len(network.layers))


def test_the_values_of_its_settings_are_those_that_the_language_takes() -> None:
    for facts in BACKBONES.values():
        assert facts.settings.keys() == own_settings(facts.section()).keys()
        for key, values in facts.settings.items():
            assert facts.section.model_fields[key].default in values
            assert [getattr(facts.section.model_validate({key: value}), key) for value in values] == list(values)


@over(ONE_OF_EACH)
def test_the_last_maps_are_as_large_as_the_facts_say(name: str, size: tuple[int, int], network: keras.Model) -> None:
    assert network.output_shape[1:3] == BACKBONES[name].last_maps(*size)


@over(ONE_OF_EACH)
def test_a_gradient_reaches_the_last_block_and_only_that(name: str, images: np.ndarray, network: keras.Model) -> None:
    *_, last = blocks_of(name, network)
    freeze(name, network, last)
    model = with_preprocessing(name, network)
    # Lion moves every weight that has a gradient by the same step, however small random weights make the gradient.
    model.compile(optimizer=keras.optimizers.Lion(1.0), loss="mse", run_eagerly=True)
    before = [layer.get_weights() for layer in network.layers]
    loss = model.train_on_batch(images, np.ones((2, *network.output_shape[1:]), "float32"))
    after = [layer.get_weights() for layer in network.layers]
    moved = {
        block
        for block, old, new in zip(blocks_of_layers(name, network.layers), before, after, strict=True)
        if any((a != b).any() for a, b in zip(old, new, strict=True))
    }
    network.trainable = True
    assert math.isfinite(loss)
    assert moved == {last}


@over(QUICK)
def test_weights_preprocessing_and_network_are_those_of_keras(
    name: str, size: tuple[int, int], images: np.ndarray, network: keras.Model, tmp_path: Path, monkeypatch: Any
) -> None:
    """Keras builds and fills the network its own way, from a file that we put where it would download one."""
    file = tmp_path / "published.weights.h5"
    publish(network, file)
    asked = intercept(monkeypatch, file)
    theirs = built_by_keras(name, BACKBONES[name].section(), size)
    assert asked == [imagenet_file(name, BACKBONES[name].section())]

    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    load_weights(name, BACKBONES[name].section(weights=str(file)), network)
    prepare = inspect.getmodule(application(name)).preprocess_input
    expected = np.array(theirs(prepare(images.copy()), training=False))
    ours = np.array(with_preprocessing(name, network)(images, training=False))
    assert np.isfinite(ours).all()
    assert np.allclose(ours, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def publish(network: keras.Model, file: Path) -> None:
    """Save weights as they might be published: EfficientNet's hold deviations in the place of variances."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(0)])
            layer.finalize_state()
    network.save_weights(file)


def intercept(monkeypatch: pytest.MonkeyPatch, file: Path) -> list[WeightsFile]:
    """What Keras asks to be downloaded from now on; it is given this file for it."""
    asked: list[WeightsFile] = []

    def get_file(fname: str, origin: str, file_hash: str | None = None, **rest: Any) -> str:
        asked.append(WeightsFile(fname, origin, file_hash))
        return str(file)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    return asked


def built_by_keras(name: str, section: Backbone, size: tuple[int, int]) -> keras.Model:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square")
        return application(name)(include_top=False, weights="imagenet", input_shape=(*size, 3), **own_settings(section))


@over(QUICK)
def test_a_saved_model_predicts_the_same(name: str, images: np.ndarray, network: keras.Model, tmp_path: Path) -> None:
    freeze(name, network, blocks_of(name, network)[-1])
    model = with_preprocessing(name, network)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert np.allclose(model(images, training=False), loaded(images, training=False), atol=1e-5)
    assert trainable(loaded.get_layer(name)) == trainable(network)
    network.trainable = True


def trainable(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers if layer.trainable_weights]


CHECKED = [name for name, facts in BACKBONES.items() if facts.section is Backbone]


@pytest.mark.parametrize("name", CHECKED)
def test_a_checksum_is_one_that_keras_knows(name: str) -> None:
    module = inspect.getmodule(application(name.removesuffix("v2") if name.startswith("resnet") else name))
    file = imagenet_file(name, Backbone())
    assert file
    assert f'"{file.checksum}"' in inspect.getsource(module)


SETTINGS = [
    *(("mobilenet", MobileNet(alpha=alpha)) for alpha in (0.25, 0.5, 0.75)),
    *(("mobilenetv2", MobileNetV2(alpha=alpha)) for alpha in (0.35, 0.5, 0.75, 1.3, 1.4)),
    ("mobilenetv3small", MobileNetV3(alpha=0.75)),
    ("mobilenetv3small", MobileNetV3(minimalistic=True)),
    pytest.param("mobilenetv3large", MobileNetV3(alpha=0.75), marks=pytest.mark.nightly),
    pytest.param("mobilenetv3large", MobileNetV3(minimalistic=True), marks=pytest.mark.nightly),
]


@pytest.mark.parametrize(("name", "section"), SETTINGS)
def test_every_setting_has_the_file_that_keras_takes(
    name: str, section: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "published.weights.h5"
    backbone_network(name, section, (32, 32)).save_weights(file)
    asked = intercept(monkeypatch, file)
    built_by_keras(name, section, (32, 32))
    assert asked == [imagenet_file(name, section)]
