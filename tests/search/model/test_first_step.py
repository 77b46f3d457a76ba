"""The first training step of a model: what is ready before it, and what it costs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cnnsearch.search.model.build import build_model, create_variables
from cnnsearch.spaces.document import Configuration

Make = Callable[..., Configuration]
OPTIMIZERS = [{"adam": {}}, {"rmsprop": {}}, {"sgd": {"momentum": 0.9, "nesterov": True}}]


def fit(configuration: Configuration, *, prepared: bool) -> tuple[dict[str, list[float]], int]:
    """The history of two epochs on random images, and how often TensorFlow traced the training step."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (12, 16, 16, 3)).astype("uint8")
    labels = draw.integers(0, 2, 12).astype("int32")
    model = build_model(configuration, classes=2, steps_per_epoch=2)
    if prepared:
        create_variables(model)
    traced, step = [], model.train_step
    model.train_step = lambda data: traced.append(1) or step(data)
    history = model.fit(images, labels, batch_size=6, epochs=2, shuffle=False, verbose=0, validation_split=0.5)
    return history.history, len(traced)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: next(iter(optimizer)))
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_prepared_model_trains_as_before_and_is_traced_once(make: Make, optimizer: Any, output: str) -> None:
    configuration = make(
        optimizer=optimizer, head={"dense": [{"units": 4, "dropout": 0.3}], "output": output}, augment={"zoom": 0.2}
    )
    as_before, _ = fit(configuration, prepared=False)
    prepared, traced = fit(configuration, prepared=True)
    assert prepared == as_before
    assert traced == 1


def test_preparing_moves_no_weight_and_leaves_no_count(make: Make) -> None:
    model = build_model(make(), classes=3, steps_per_epoch=1)
    before = model.get_weights()
    create_variables(model)
    assert all(np.array_equal(new, old) for new, old in zip(model.get_weights(), before, strict=True))
    assert {name: float(value) for name, value in model.get_metrics_result().items()} == {"accuracy": 0.0, "loss": 0.0}
    assert int(model.optimizer.iterations.numpy()) == 0
