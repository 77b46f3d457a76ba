"""A model's answer over several views of an image is the mean of its answers to each of them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.model.build import build_model, build_network, make_plain
from cnnsearch.search.model.cut import cut
from cnnsearch.search.model.views import mean_over_views, seen_through, views_of
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.sections.evaluation import Evaluation

EVERY = [Evaluation(flip=flip, crops=crops) for flip in (False, True) for crops in (1, 5)]
CROPS = [f"crop:0.875:{place}" for place in ("top-left", "top-right", "bottom-left", "bottom-right", "middle")]


def photos(*shape: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape)).astype("uint8")


def array(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def applied(evaluation: Evaluation, images: np.ndarray) -> list[np.ndarray]:
    return [array(view.apply(images)) for view in views_of(evaluation)]


@pytest.mark.parametrize(
    ("evaluation", "names"),
    [
        (Evaluation(), ["plain"]),
        (Evaluation(flip=True), ["plain", "flip"]),
        (Evaluation(crops=5), CROPS),
        (Evaluation(flip=True, crops=5), [*CROPS, *(f"{name}+flip" for name in CROPS)]),
    ],
)
def test_the_views_are_named(evaluation: Evaluation, names: list[str]) -> None:
    assert [view.name for view in views_of(evaluation)] == names
    assert evaluation.views == len(names)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_mirror_image_is_exact(dtype: str) -> None:
    images = photos(5, 6, 3).astype(dtype)
    plain, mirrored = applied(Evaluation(flip=True), images)
    assert np.array_equal(plain, images)
    assert np.array_equal(mirrored, images[:, :, ::-1])
    assert mirrored.dtype == dtype


def test_crops_keep_seven_eighths_of_the_corners_and_the_middle() -> None:
    images = photos(16, 24, 3)
    starts = [(0, 0), (0, 3), (2, 0), (2, 3), (1, 2)]
    for crop, (top, left) in zip(applied(Evaluation(crops=5), images), starts, strict=True):
        part = images[:, top : top + 14, left : left + 21].astype("float32")
        assert crop.dtype == "float32"
        assert np.allclose(crop, array(keras.ops.image.resize(part, (16, 24))), atol=1e-3)


@given(st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])), st.sampled_from(EVERY))
def test_every_view_has_the_images_shape_and_range(shape: tuple[int, int, int], evaluation: Evaluation) -> None:
    images = photos(*shape)
    for view in applied(evaluation, images):
        assert view.shape == images.shape
        assert images.min() - 1e-3 <= view.min() <= view.max() <= images.max() + 1e-3


def backbone(color: str = "rgb", **head: Any) -> Configuration:
    raw = {
        "data": {"source": "photos", "image_size": [32, 40], "color": color},
        "model": {"mobilenet": {"weights": None, "alpha": 0.25}},
        "head": head,
        "training": {"seed": 3},
    }
    return Configuration.model_validate(raw)


def by_hand(model: keras.Model, evaluation: Evaluation, images: np.ndarray) -> np.ndarray:
    return np.mean([array(model(view.apply(images))) for view in views_of(evaluation)], axis=0)


def test_one_view_is_the_model_itself(make: Any) -> None:
    model = build_network(make(), 3)
    assert seen_through(model, Evaluation()) is model


@pytest.mark.parametrize("evaluation", EVERY[1:])
@pytest.mark.parametrize(("output", "classes"), [("softmax", 3), ("sigmoid", 2)])
def test_the_answer_is_the_mean_over_the_views(make: Any, evaluation: Evaluation, output: str, classes: int) -> None:
    model = build_network(make(head={"output": output}), classes)
    images = photos(16, 16, 3)
    expected = by_hand(model, evaluation, images)
    seen = seen_through(model, evaluation)
    assert not np.allclose(array(model(images)), expected, atol=1e-4)
    assert np.allclose(array(seen(images)), expected, atol=1e-5)
    assert np.allclose(seen.predict(images, verbose=0, batch_size=2), expected, atol=1e-5)
    assert {id(variable) for variable in seen.variables} == {id(variable) for variable in model.variables}


def test_the_mean_from_features_is_that_from_images() -> None:
    evaluation = Evaluation(flip=True, crops=5)
    model = build_network(backbone(), 3)
    parts = cut(model)
    assert parts is not None
    images = photos(32, 40, 3)
    features = np.stack([array(parts.frozen(view.apply(images))) for view in views_of(evaluation)], axis=1)
    over = mean_over_views(parts.rest, evaluation.views)
    assert over.input_shape == (None, 10, *parts.frozen.output_shape[1:])
    assert np.allclose(array(over(features)), by_hand(model, evaluation, images), atol=1e-5)
    assert {id(variable) for variable in over.variables} == {id(variable) for variable in parts.rest.variables}


LOAD = """
import sys
from pathlib import Path
import keras
import numpy as np
for folder in Path(sys.argv[1]).iterdir():
    model = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    images = np.load(folder / "images.npy")
    np.save(folder / "outputs.npy", model.predict(images, verbose=0))
    model.evaluate(images, np.zeros(len(images)), verbose=0)
assert not [name for name in sys.modules if name.startswith("cnnsearch")]
"""


def test_a_saved_model_looks_at_the_views_without_cnnsearch(make: Any, tmp_path: Path) -> None:
    custom = {"custom": {"function": "tests.search.model.own_parts:build"}}
    evaluation = Evaluation(flip=True, crops=5)
    models = {
        "scratch": build_model(make(augment={"rotation": 0.1}, head={"output": "sigmoid"}), 2, 1),
        "gray": build_model(backbone(color="gray"), 3, 1),
        "hypermodel": build_model(make(model=custom), 3, 1),
    }
    expected = {}
    for name, model in models.items():
        images = photos(*model.input_shape[1:])
        expected[name] = by_hand(model, evaluation, images)
        seen = seen_through(model, evaluation)
        make_plain(seen)
        (tmp_path / name).mkdir()
        seen.save(tmp_path / name / "model.keras")
        np.save(tmp_path / name / "images.npy", images)
    subprocess.run([sys.executable, "-c", LOAD, str(tmp_path)], check=True, timeout=120)
    for name, outputs in expected.items():
        assert np.allclose(np.load(tmp_path / name / "outputs.npy"), outputs, atol=1e-5)
