"""Every key of the optimizer and of what training does to its steps reaches Keras."""

from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.build import build_model
from cnnsearch.search.model.optimizer import optimizer_of
from cnnsearch.spaces.shapes import ImpossibleConfiguration

KINDS = {
    "sgd": ({"learning_rate": 0.5, "momentum": 0.9, "nesterov": True}, keras.optimizers.SGD),
    "rmsprop": (
        {"learning_rate": 0.5, "rho": 0.8, "momentum": 0.1, "epsilon": 1e-3, "centered": True},
        keras.optimizers.RMSprop,
    ),
    "adam": ({"learning_rate": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}, keras.optimizers.Adam),
    "adamw": ({"learning_rate": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}, keras.optimizers.AdamW),
    "nadam": ({"learning_rate": 0.5, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}, keras.optimizers.Nadam),
    "adagrad": ({"learning_rate": 0.5, "initial_accumulator_value": 0.2, "epsilon": 1e-3}, keras.optimizers.Adagrad),
    "lion": ({"learning_rate": 0.5, "beta_1": 0.8, "beta_2": 0.9}, keras.optimizers.Lion),
}


@pytest.fixture(params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_setting_arrives(make: Any, name: str) -> None:
    values, kind = KINDS[name]
    optimizer = optimizer_of(make(optimizer={name: values | {"weight_decay": 0.01}}), 10)
    assert type(optimizer) is kind
    config = optimizer.get_config()
    assert {key: pytest.approx(config[key]) for key in values} == values
    assert config["weight_decay"] == 0.01
    assert (config["clipnorm"], config["clipvalue"], config["global_clipnorm"]) == (None, None, None)
    assert config["use_ema"] is False


def test_whole_numbers_are_as_good_as_fractions(make: Any, name: str) -> None:
    zeros = {"sgd": {"momentum": 0}, "rmsprop": {"momentum": 0}, "lion": {"beta_2": 0}}
    configuration = make(optimizer={name: {"learning_rate": 1, "weight_decay": 1} | zeros.get(name, {})})
    assert float(optimizer_of(configuration, 10).learning_rate) == 1.0


def test_no_weight_decay_is_none(make: Any, name: str) -> None:
    decay = optimizer_of(make(optimizer={name: {"weight_decay": 0.0}}), 10).weight_decay
    assert decay == (0.0 if name == "adamw" else None)


def test_the_defaults_are_keras_own(make: Any, name: str) -> None:
    ours, theirs = optimizer_of(make(optimizer=name), 10).get_config(), KINDS[name][1]().get_config()
    counted = ("learning_rate", "name")  # names are numbered
    assert {key: ours[key] for key in ours if key not in counted} == {
        key: theirs[key] for key in theirs if key not in counted
    }


def test_every_optimizer_trains(make: Any, name: str) -> None:
    configuration = make(optimizer=name, training={"seed": 1, "ema": 0.9, "clip_norm": 1.0, "schedule": "cosine"})
    model = build_model(configuration, classes=3, steps_per_epoch=2)
    model.run_eagerly = True
    before = model.get_weights()
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3)).astype("uint8")
    model.train_on_batch(images, np.arange(6) % 3)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert any((new != old).any() for new, old in zip(model.get_weights(), before, strict=True))


def test_clipping_by_the_length_of_all_gradients(make: Any) -> None:
    optimizer = optimizer_of(make(training={"clip_norm": 2}), 10)
    assert (optimizer.global_clipnorm, optimizer.clipnorm, optimizer.clipvalue) == (2.0, None, None)


def test_clipping_each_gradient(make: Any) -> None:
    optimizer = optimizer_of(make(training={"clip_value": 0.5}), 10)
    assert (optimizer.clipvalue, optimizer.global_clipnorm) == (0.5, None)


def test_clipping_in_both_ways_is_refused(make: Any) -> None:
    configuration = make(training={"clip_norm": 2.0, "clip_value": 0.5})
    with pytest.raises(
        ImpossibleConfiguration,
        match=r"training: gradients are clipped by norm or by value, got clip_norm 2\.0 and clip_value 0\.5\. Set one",
    ):
        build_model(configuration, classes=3, steps_per_epoch=1)


def test_averaged_weights(make: Any) -> None:
    optimizer = optimizer_of(make(training={"ema": 0.95}), 10)
    assert (optimizer.use_ema, optimizer.ema_momentum, optimizer.ema_overwrite_frequency) == (True, 0.95, None)
