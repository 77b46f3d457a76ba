"""Networks, blocks and HyperModels of people's own."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.discovery import with_discovered
from cnnsearch.search.model.build import build_model
from cnnsearch.search.model.custom import found_hyperparameters
from cnnsearch.spaces.errors import CnnSearchError, SpaceError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Choice, FloatRange, IntRange

PARTS = "tests.search.model.own_parts"


def space(model: str, rest: str = "") -> Space:
    return loads_space(f"data: {{source: x, image_size: 16}}\nmodel: {model}\n{rest}", "own", allow_code=True)


def built(searched: Space, classes: int = 3, **values: Any) -> keras.Model:
    return build_model(searched.configuration(values), classes, steps_per_epoch=2)


def test_a_space_with_code_is_refused_unless_it_is_allowed() -> None:
    for model in (f"{{custom: {PARTS}:two_convs}}", f"{{scratch: {{custom: {PARTS}:wide_block}}}}"):
        with pytest.raises(SpaceError, match=r"may run Python code only where that is asked for.*--allow-code"):
            loads_space(f"data: {{source: x}}\nmodel: {model}", "own")


def test_a_network_of_ones_own_gets_its_arguments_and_our_head() -> None:
    searched = space(f"{{custom: {{function: '{PARTS}:two_convs', arguments: {{width: {{int: [2, 4]}}}}}}}}")
    assert [parameter.name for parameter in searched.parameters] == ["model.custom.arguments.width"]
    model = built(searched, **{"model.custom.arguments.width": 3})
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [3, 6]
    assert model.output_shape == (None, 3)
    assert np.isfinite(model.predict(np.zeros((2, 16, 16, 3)), verbose=0)).all()


def test_a_block_of_ones_own_stands_where_the_convs_would() -> None:
    model = built(space(f"{{scratch: {{blocks: 2, filters: [3, 4], custom: [null, '{PARTS}:wide_block']}}}}"))
    assert model.get_layer("block2_wide").filters == 8
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("flat", r"gives feature maps \(batch, rows, columns, filters\), got a tensor of shape \(None, 768\)"),
        ("broken", r"got RuntimeError: no such luck"),
        ("missing", r"names a function that can be imported, got .*own_parts:missing \(AttributeError"),
        ("THREE", r"names a function or a HyperModel, got int"),
    ],
)
def test_what_is_no_network_is_told_in_our_words(function: str, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        built(space(f"{{custom: '{PARTS}:{function}'}}"))


def test_a_hypermodel_builds_the_whole_model_from_the_arguments() -> None:
    model = built(
        space(f"{{custom: {{function: '{PARTS}:build', arguments: {{kind: wide, units: 24, rate: 0.003}}}}}}")
    )
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [24, 3]
    assert float(model.optimizer.learning_rate) == pytest.approx(0.003)
    images, labels = np.zeros((4, 16, 16, 3), "uint8"), np.array([0, 1, 2, 0])
    assert set(model.evaluate(images, labels, verbose=0, return_dict=True)) == {"loss", "accuracy"}


def test_a_hypermodel_that_compiles_nothing_takes_our_optimizer() -> None:
    model = built(space(f"{{custom: '{PARTS}:Sized'}}", "optimizer: {sgd: {learning_rate: 0.5}}"))
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.output_shape == (None, 3)


def test_a_hypermodel_for_other_images_or_classes_is_refused() -> None:
    with pytest.raises(CnnSearchError, match=r"one probability for each of 5 classes, got outputs \(3,\)"):
        built(space(f"{{custom: '{PARTS}:build'}}"), classes=5)
    other = loads_space(f"data: {{source: x, image_size: 8}}\nmodel: {{custom: '{PARTS}:build'}}", "o", allow_code=True)
    with pytest.raises(CnnSearchError, match=r"takes images of .* \(8, 8, 3\), got \(16, 16, 3\)"):
        built(other)


@pytest.mark.usefixtures("forkserver")
def test_the_hyperparameters_of_a_hypermodel_become_parameters_of_the_space() -> None:
    found = with_discovered(space(f"{{custom: {{function: '{PARTS}:build', arguments: {{layers: 2}}}}}}"), 3)
    parameters = {parameter.name.rpartition(".")[2]: parameter for parameter in found.parameters}
    assert parameters["kind"].domain == Choice(("wide", "deep"))
    assert parameters["kind"].prior == "deep"
    assert parameters["units"].domain == IntRange(8, 24, 8)
    assert parameters["rate"].domain == FloatRange(1e-4, 1e-2, None, "log")
    assert "layers" not in parameters
    assert [condition.values for condition in parameters["units"].conditions] == [("wide",)]
    deep = found.configuration({"model.custom.arguments.kind": "deep", "model.custom.arguments.rate": 0.001})
    assert build_model(deep, 3, 1).output_shape == (None, 3)


@pytest.mark.usefixtures("forkserver")
def test_a_hyperparameter_with_two_ranges_is_refused_with_both() -> None:
    message = (
        r"model\.custom\.arguments\.units`?: a hyperparameter has the same values in all scopes, "
        r"got a whole number from 8 to 64, and a whole number from 2 to 64 \(log\)\. Say in `arguments` what it may be"
    )
    with pytest.raises(CnnSearchError, match=message):
        with_discovered(space(f"{{custom: {{function: '{PARTS}:ranged'}}}}"), 3)
    found = with_discovered(space(f"{{custom: {{function: '{PARTS}:ranged', arguments: {{units: 8}}}}}}"), 3)
    assert [parameter.name for parameter in found.parameters] == ["model.custom.arguments.kind"]


@pytest.mark.parametrize(
    ("declared", "node"),
    [
        (lambda hp: hp.Int("it", 16, 1024, sampling="log"), {"int": [16, 1024], "scale": "log", "prior": 16}),
        (lambda hp: hp.Int("it", 1, 9), {"int": [1, 9], "step": 1, "prior": 1}),
        (lambda hp: hp.Int("it", 1, 60, step=2, sampling="log"), {"choice": [1, 2, 4, 8, 16, 32], "prior": 1}),
        (lambda hp: hp.Int("it", 1, 40, step=3, sampling="reverse_log"), {"choice": [40, 38, 32, 14]}),
        (lambda hp: hp.Float("it", 0.0, 0.5, step=0.25), {"choice": [0.0, 0.25, 0.5], "prior": 0.0}),
    ],
)
def test_a_range_of_keras_tuner_s_is_one_of_the_language(declared: Callable[[Any], Any], node: dict[str, Any]) -> None:
    (found,) = found_hyperparameters(declared)
    assert found["node"] == node


@pytest.mark.usefixtures("forkserver")
def test_what_cannot_be_imported_is_told_before_the_first_trial() -> None:
    with pytest.raises(CnnSearchError, match=r"model\.custom\.function: it names a function that can be imported"):
        with_discovered(space("{custom: 'no.such:thing'}"), 2)
    with pytest.raises(CnnSearchError, match=r"model\.scratch\.custom: it names a function that can be imported"):
        with_discovered(space("{scratch: {custom: 'no.such:thing'}}"), 2)


def of_backbones(model: str) -> Space:
    return loads_space(f"data: {{source: x, image_size: 32}}\nmodel: {model}", "own")


@pytest.mark.usefixtures("forkserver")
def test_named_layers_that_a_backbone_lacks_are_all_told_before_the_first_trial() -> None:
    backbone = "mobilenet: {weights: null, alpha: 0.25, trainable_from: {choice: [none, conv_pw_13_bn, nosuch]}}"
    other = "mobilenetv3small: {weights: null, minimalistic: {choice: [true, false]}, trainable_from: block5}"
    with pytest.raises(CnnSearchError, match=r"(?s)'nosuch'.*\n.*mobilenetv3small\.trainable_from.*'block5'") as found:
        with_discovered(of_backbones(f"{{choice: {{{backbone}, {other}}}}}"), 2)
    assert "got 'conv_pw_13_bn'" not in str(found.value)


@pytest.mark.usefixtures("forkserver")
def test_a_layer_that_one_variant_of_a_backbone_has_may_be_named() -> None:
    layer = "expanded_conv_squeeze_excite_conv"
    condition = "when: {model.mobilenetv3small.minimalistic: false}"
    settings = f"minimalistic: {{choice: [true, false]}}, trainable_from: {{choice: [none, {layer}], {condition}}}"
    asked = of_backbones(f"{{mobilenetv3small: {{weights: null, {settings}}}}}")
    assert with_discovered(asked, 2).tree == asked.tree
