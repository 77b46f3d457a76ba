"""KerasTuner sees every parameter of a space, with its conditions, and builds what its own tuners draw."""

import random
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import pytest

from cnnsearch.search.model.hypermodel import CnnHyperModel, declare, hyperparameters_of
from cnnsearch.spaces.load import load_space, loads_space

SPACE = """
data: {source: photos, image_size: {choice: [[32, 32], [40, 32]]}, color: gray}
model:
  choice:
    scratch:
      blocks: {int: [1, 3]}
      filters: {choice: [2, 4], per: block}
      kernel_size: {choice: [3]}
      batch_norm: {choice: [true, false]}
      residual: {choice: [true, false]}
      dropout: {float: [0.0, 0.3], step: 0.1}
    mobilenet: {weights: {choice: [null, imagenet]}, alpha: {choice: [0.25, 0.5, 1]}}
head: {dense: {choice: [[], [4], [{units: 4, dropout: 0.5}]]}}
optimizer: {choice: {adam: {learning_rate: {float: [1e-4, 1e-2], scale: log}}, sgd: {}}}
training: {seed: 1}
"""


@pytest.fixture
def space() -> Any:
    return loads_space(SPACE, "photos")


def drawn(hyperparameters: keras_tuner.HyperParameters, source: random.Random) -> keras_tuner.HyperParameters:
    """A draw in KerasTuner's own way: each active parameter in turn."""
    result = keras_tuner.HyperParameters()
    for hyperparameter in hyperparameters.space:
        result.merge([hyperparameter])
        if result.is_active(hyperparameter):
            result.values[hyperparameter.name] = hyperparameter.random_sample(source.randrange(1 << 30))
    return result


def test_each_kind_of_domain_has_its_kind_of_hyperparameter(space: Any) -> None:
    kinds = {parameter.name: parameter for parameter in hyperparameters_of(space).space}
    assert list(kinds) == [parameter.name for parameter in space.parameters]
    blocks, rate = kinds["model.scratch.blocks"], kinds["optimizer.adam.learning_rate"]
    assert (type(blocks).__name__, blocks.min_value, blocks.max_value) == ("Int", 1, 3)
    assert (type(rate).__name__, rate.min_value, rate.max_value, rate.sampling) == ("Float", 1e-4, 1e-2, "log")
    assert type(kinds["model.scratch.residual"]).__name__ == "Boolean"
    assert kinds["model.scratch.norm"].values == ["batch", "none"]
    assert kinds["model.scratch.dropout"].step == 0.1
    assert kinds["model"].values == ["scratch", "mobilenet"]
    assert kinds["model.scratch.filters.0"].values == [2, 4]
    assert kinds["data.image_size"].values == ["[32, 32]", "[40, 32]"]


def test_a_log_scale_of_whole_numbers_goes_along() -> None:
    text = SPACE.replace("{seed: 1}", "{seed: 1, batch_size: {int: [8, 256], scale: log}}")
    logarithmic = loads_space(text, "photos")
    hyperparameters = hyperparameters_of(logarithmic)
    (found,) = (each for each in hyperparameters.space if each.name == "training.batch_size")
    assert (found.min_value, found.max_value, found.step, found.sampling) == (8, 256, None, "log")
    hyperparameters.values["training.batch_size"] = 100
    assert declare(logarithmic, hyperparameters)["training.batch_size"] == 100


def test_a_value_may_hang_on_two_others_that_have_nothing_to_do_with_each_other() -> None:
    when = "{choice: [2, 4], when: {optimizer: sgd, model.scratch.blocks: [1, 3]}, otherwise: 8}"
    text = SPACE.replace(
        "head: {dense: {choice: [[], [4], [{units: 4, dropout: 0.5}]]}}", "head: {dense: [{units: %s}]}"
    )
    crossed = loads_space(text % when, "photos")
    (found,) = (each for each in hyperparameters_of(crossed).space if each.name == "head.dense.0.units")
    assert {each.name: each.values for each in found.conditions} == {
        "model": ["scratch"], "model.scratch.blocks": [1, 3], "optimizer": ["sgd"]
    }  # fmt: skip
    source, seen = random.Random(0), set()
    for _ in range(60):
        values = declare(crossed, drawn(hyperparameters_of(crossed), source))
        assert values.keys() == {parameter.name for parameter in crossed.active(values)}
        seen.add(crossed.configuration(values).head.dense[0].units)
    assert seen == {2, 4, 8}


def test_conditions_go_along(space: Any) -> None:
    hyperparameters = hyperparameters_of(space)
    last = next(each for each in hyperparameters.space if each.name == "model.scratch.filters.2")
    assert [(each.name, each.values) for each in last.conditions] == [
        ("model", ["scratch"]),
        ("model.scratch.blocks", [3]),
    ]
    hyperparameters.values["model.scratch.blocks"] = 3
    assert hyperparameters.is_active(last)
    hyperparameters.values["model"] = "mobilenet"
    assert not hyperparameters.is_active(last)


def test_every_draw_of_keras_tuner_is_a_configuration(space: Any) -> None:
    source, seen = random.Random(0), set()
    for _ in range(200):
        values = declare(space, drawn(hyperparameters_of(space), source))
        assert set(values) == {parameter.name for parameter in space.active(values)}
        configuration = space.configuration(values)
        seen |= {(name, repr(value)) for name, value in values.items()}
        assert configuration.data.image_size in ([32, 32], [40, 32])
    for expected in [
        ("model.scratch.residual", "True"),
        ("model.scratch.residual", "False"),
        ("model.scratch.norm", "'batch'"),
        ("model.scratch.norm", "'none'"),
        ("model.scratch.dropout", "0.3"),
        ("model.mobilenet.weights", "None"),
        ("model.mobilenet.weights", "'imagenet'"),
        ("model.mobilenet.alpha", "0.25"),
        ("head.dense", "'[{units: 4, dropout: 0.0, activation: relu}]'"),
    ]:
        assert expected in seen


def test_the_shipped_space_can_be_drawn_by_keras_tuner() -> None:
    space, source = load_space("basic"), random.Random(1)
    for _ in range(20):
        space.configuration(declare(space, drawn(hyperparameters_of(space), source)))


def test_a_range_of_one_value_is_a_parameter_all_the_same() -> None:
    space = loads_space("{data: {source: x}, model: {scratch: {blocks: {int: [2, 2]}}}}", "one")
    assert declare(space, keras_tuner.HyperParameters()) == {"model.scratch.blocks": 2}


def test_a_search_of_keras_tuners_own(space: Any, tmp_path: Path) -> None:
    fixed = loads_space(SPACE.replace("{choice: [[32, 32], [40, 32]]}", "[32, 32]"), "photos").without(
        "model.mobilenet"
    )
    tuner = keras_tuner.RandomSearch(
        CnnHyperModel(fixed, classes=3, steps_per_epoch=2),
        objective=keras_tuner.Objective("val_accuracy", "max"),
        max_trials=2,
        seed=3,
        directory=tmp_path,
        project_name="photos",
    )
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 1)).astype("uint8")
    labels = np.array([0, 1, 2, 0, 1, 2])
    tuner.search(images, labels, validation_data=(images, labels), epochs=1, verbose=0)
    assert len(tuner.oracle.end_order) == 2
    best = tuner.get_best_hyperparameters()[0]
    model = tuner.hypermodel.build(best)
    blocks = [layer for layer in model.layers if layer.name.endswith("_pool")]
    assert len(blocks) == best.get("model.scratch.blocks")
