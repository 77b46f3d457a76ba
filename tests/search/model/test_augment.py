"""Augmentation changes training images only, as strongly as it is asked to, and always in the same way from a seed."""

from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.augment import augmented
from cnnsearch.search.model.build import build_model, seeded
from cnnsearch.spaces.document import Augment
from cnnsearch.spaces.shapes import ImpossibleConfiguration

COLOURLESS = {
    "horizontal_flip": True,
    "vertical_flip": True,
    **dict.fromkeys(
        ("rotation", "zoom", "shear", "translation", "contrast", "brightness", "erasing", "mixup", "cutmix"), 0.4
    ),
}
COLOURED = dict.fromkeys(("saturation", "hue", "rand_augment"), 0.4)
LAYERS = [name for name in COLOURLESS if name not in ("mixup", "cutmix")]


def changer(channels: int = 3, seed: int = 3, **augment: Any) -> keras.Model:
    """A model of nothing but the augmentation."""
    with seeded(seed):
        images = keras.Input((24, 28, channels))
        return keras.Model(images, augmented(images, Augment.model_validate(augment)))


def photos(channels: int = 3) -> np.ndarray:
    """Eight images with edges and areas, 0-255."""
    coarse = np.random.default_rng(0).integers(0, 256, (8, 6, 7, channels))
    return np.kron(coarse, np.ones((1, 4, 4, 1))).astype("float32")


def change(model: keras.Model, images: np.ndarray) -> float:
    """By how much a pixel changes in the mean of five passes, 0-255."""
    passes = [np.abs(np.asarray(model(images, training=True)) - images).mean() for _ in range(5)]
    return float(np.mean(passes))


@pytest.mark.parametrize("name", [*LAYERS, *COLOURED])
def test_each_changes_images_in_training_alone(name: str) -> None:
    model, images = changer(**{name: (COLOURLESS | COLOURED)[name]}), photos()
    seen = np.asarray(model(images, training=True))
    assert seen.shape == images.shape
    assert seen.dtype == np.float32
    assert seen.min() >= 0
    assert seen.max() <= 255
    assert change(model, images) > 1
    for resting in (model(images), model(images, training=False), model.predict(images, verbose=0)):
        assert np.array_equal(resting, images)


@pytest.mark.parametrize("name", LAYERS)
def test_gray_images_are_changed_too(name: str) -> None:
    model, images = changer(1, **{name: COLOURLESS[name]}), photos(1)
    assert model(images, training=True).shape == images.shape
    assert change(model, images) > 1


@pytest.mark.parametrize("name", COLOURED)
def test_colours_of_gray_images_are_not_changed(make: Any, name: str) -> None:
    data = {"source": "photos", "image_size": [16, 16], "color": "gray"}
    with pytest.raises(ImpossibleConfiguration, match=rf"augment\.{name}: it changes colours, got data\.color gray"):
        build_model(make(data=data, augment={name: 0.1}), 3, 1)


@pytest.mark.parametrize("name", [*LAYERS[2:], *COLOURED])
def test_more_strength_changes_more(name: str) -> None:
    changes = [change(changer(**{name: strength}), photos()) for strength in (0.05, 0.3, 0.9)]
    assert changes == sorted(changes)
    assert changes[2] > 1.5 * changes[0]


def test_geometry_comes_first_and_erasing_last() -> None:
    model = changer(**COLOURLESS, **COLOURED)
    assert [layer.name for layer in model.layers][1:] == [
        *("augment_flip", "augment_rotation", "augment_zoom", "augment_shear", "augment_translation"),
        *("augment_contrast", "augment_brightness", "augment_saturation", "augment_hue", "augment_rand_augment"),
        "augment_erasing",
    ]


def test_only_what_has_a_strength_becomes_a_layer() -> None:
    model = changer(vertical_flip=True, zoom=0.1, mixup=0.2)
    assert [layer.name for layer in model.layers][1:] == ["augment_flip", "augment_zoom"]
    assert model.get_layer("augment_flip").mode == "vertical"


@pytest.mark.parametrize("name", [*LAYERS, *COLOURED])
def test_a_seed_repeats_the_changes(name: str) -> None:
    def seen(seed: int) -> list[np.ndarray]:
        model = changer(seed=seed, **{name: (COLOURLESS | COLOURED)[name]})
        return [np.asarray(model(photos(), training=True)) for _ in range(3)]

    first = seen(1)
    assert all(np.array_equal(one, other) for one, other in zip(first, seen(1), strict=True))
    assert any(not np.array_equal(one, other) for one, other in zip(first, seen(2), strict=True))
    assert not np.array_equal(first[0], first[1]) or not np.array_equal(first[0], first[2])


def test_a_saved_augmentation_loads_and_rests(tmp_path: Any) -> None:
    model, images = changer(**COLOURLESS, **COLOURED), photos()
    model(images, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert np.array_equal(loaded(images), images)
    assert change(loaded, images) > 1


def test_contrast_falls_as_well_as_it_rises() -> None:
    images = photos()
    model = changer(contrast=0.5)
    spreads = np.concatenate([np.asarray(model(images, training=True)).std(axis=(1, 2, 3)) for _ in range(4)])
    before = np.tile(images.std(axis=(1, 2, 3)), 4)
    assert (spreads < before).any()
    assert (spreads > before).any()


def test_a_hue_turns_by_its_share_of_the_wheel() -> None:
    red = np.full((200, 2, 2, 3), [200.0, 50.0, 50.0], "float32")
    images = keras.Input((2, 2, 3))
    model = keras.Model(images, augmented(images, Augment(hue=1 / 6)))
    seen = np.asarray(model(red, training=True))[:, 0, 0]
    assert np.allclose(seen[:, 0], 200, atol=1e-2)  # a sixth of the wheel from red to yellow or to magenta
    assert seen[:, 1].max() > 150
    assert seen[:, 2].max() > 150
    assert (np.minimum(seen[:, 1], seen[:, 2]) < 50.1).all()


def test_erasing_makes_a_rectangle_of_every_second_image_gray() -> None:
    images = keras.Input((40, 40, 3))
    model = keras.Model(images, augmented(images, Augment(erasing=0.2)))
    gone = (np.asarray(model(np.zeros((400, 40, 40, 3), "float32"), training=True)) == 127.5).all(axis=-1)
    shares = gone.mean(axis=(1, 2))
    assert 0.4 < (shares > 0).mean() < 0.6
    assert 0.1 < shares.max() < 0.2 * 1.15  # whole pixels


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_pixels_stay_exact_under_half_precision(policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        model = changer(**COLOURLESS, **COLOURED)
    finally:
        keras.config.set_dtype_policy("float32")
    seen = model(photos(), training=True)
    assert keras.backend.standardize_dtype(seen.dtype) == "float32"
    assert np.isfinite(np.asarray(seen)).all()
