"""Grad-CAM on networks whose answer can be worked out by hand."""

import keras
import numpy as np
import pytest

from cnnsearch.search.explaining.grad_cam import heat, place_to_look_at
from cnnsearch.search.model.places import behind, maps_at, one_view, places_of
from cnnsearch.search.model.views import seen_through
from cnnsearch.spaces.document import Evaluation

SIDE = 8


def network(output: str, units: int, *, nested: bool = False) -> keras.Model:
    """Two filters that pass on red and green as they are; the first class is red, the second green."""
    images = keras.Input((SIDE, SIDE, 3))
    passing = keras.layers.Conv2D(2, 1, use_bias=False, name="conv")
    if nested:
        inner = keras.Input((SIDE, SIDE, 3))
        maps = keras.Model(inner, keras.layers.ReLU(name="relu")(passing(inner)), name="mobilenet")(images)
    else:
        maps = passing(images)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    head = keras.layers.Dense(units, activation=output, use_bias=False, name="classes")
    model = keras.Model(images, head(pooled), name="classifier")
    passing.set_weights([np.eye(3, 2, dtype=np.float32)[None, None]])
    head.set_weights([np.eye(2, dtype=np.float32)[:, -units:] * 4])
    return model


def photo() -> np.ndarray:
    """Red at the top left, green at the bottom right."""
    image = np.zeros((1, SIDE, SIDE, 3), dtype=np.uint8)
    image[0, :2, :2, 0] = 200
    image[0, -2:, -2:, 1] = 100
    return image


@pytest.mark.parametrize("nested", [False, True])
def test_heat_lies_where_the_class_is(nested: bool) -> None:
    model = network("softmax", 2, nested=nested)
    place = place_to_look_at(model)
    assert place is not None
    assert place.layer == ("mobilenet/relu" if nested else "conv")
    red, green = (heat(model, place, photo(), [k])[0] for k in (0, 1))
    assert (red[:2, :2] == 1).all()
    assert red[2:].max() == 0
    assert (green[-2:, -2:] == 1).all()
    assert green[:-2].max() == 0


def test_a_single_sigmoid_speaks_for_the_second_class_and_against_the_first() -> None:
    model = network("sigmoid", 1)
    place = place_to_look_at(model)
    assert place is not None
    assert heat(model, place, photo(), [1])[0, -1, -1] == 1
    assert heat(model, place, photo(), [0]).max() == 0


def test_a_sure_answer_is_explained_and_the_model_is_as_before() -> None:
    model = network("softmax", 2)
    model.get_layer("classes").set_weights([np.eye(2, dtype=np.float32) * 1e4])
    before = np.asarray(model(photo().astype(np.float32)))
    place = place_to_look_at(model)
    assert place is not None
    assert before.max() == 1.0
    assert heat(model, place, photo(), [0]).max() == 1
    assert np.asarray(model(photo().astype(np.float32))) == pytest.approx(before)


def test_a_network_without_maps_has_no_place() -> None:
    images = keras.Input((SIDE, SIDE, 1))
    model = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(images)))
    assert place_to_look_at(model) is None


def test_maps_that_are_too_small_give_way_to_earlier_ones() -> None:
    images = keras.Input((16, 16, 3))
    maps = keras.layers.Conv2D(4, 3, padding="same", name="wide")(images)
    maps = keras.layers.Conv2D(4, 3, strides=8, padding="same", name="narrow")(maps)
    model = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))
    place = place_to_look_at(model)
    assert place is not None
    assert place.layer == "wide"


def test_both_halves_make_the_whole() -> None:
    model = network("softmax", 2, nested=True)
    images = photo().astype(np.float32)
    for place in places_of(model):
        again = behind(model, place)(maps_at(model, [place])(images))
        assert np.asarray(again) == pytest.approx(np.asarray(model(images)))


def test_a_branch_is_no_place_to_look_at() -> None:
    images = keras.Input((SIDE, SIDE, 3))
    left, right = (keras.layers.Conv2D(2, 1, name=name)(images) for name in ("left", "right"))
    model = keras.Model(
        images, keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Add(name="sum")([left, right])))
    )
    assert [place.layer for place in places_of(model) if place.single] == ["sum"]


def test_what_looks_at_several_views_is_explained_by_one() -> None:
    model = network("softmax", 2)
    assert one_view(seen_through(model, Evaluation(flip=True))) is model
    assert one_view(model) is model
