"""Random changes to training images as the model's first layers: they run on the device and rest in inference.

Random erasing: Zhong et al., arXiv:1708.04896. RandAugment: Cubuk et al., arXiv:1909.13719.
"""

import keras

from cnnsearch.spaces.document import Augment

_FLIPS = {
    (True, True): "horizontal_and_vertical",
    (True, False): "horizontal",
    (False, True): "vertical",
}
_EXACT = {"dtype": "float32"}
"""Under every policy: the contrast's mean over 0-255 pixels overflows half precision."""
_LEAST_ERASED = 0.02
_MIDDLE = 127.5


def augmented(images: keras.KerasTensor, augment: Augment) -> keras.KerasTensor:
    """The same images (batch, height, width, channels), 0-255, as the training sees them: changed anew each time.

    Only what has a strength becomes a layer, in the order geometry, colour, erasing. A rotation of 0.1 turns by up to
    a tenth of a full turn either way, a zoom, shear or translation of 0.1 moves by up to a tenth of the image,
    contrast and brightness of 0.1 change by up to a tenth of the range, saturation by a tenth of itself, a hue of 0.1
    turns by up to a tenth of the wheel. Every second image loses a rectangle of at most the share `erasing`.
    Mixing images with each other changes labels too: that is done where the batches are fed.
    """
    for layer in [*_geometry(augment), *_colour(augment), *_erasing(augment)]:
        # Keras' random layers default to training, also where a finished model is called without a word about it.
        images = layer(images, training=False)
    return images


def _geometry(augment: Augment) -> list[keras.layers.Layer]:
    layers, chosen = keras.layers, []
    flip = _FLIPS.get((augment.horizontal_flip, augment.vertical_flip))
    if flip:
        chosen.append(layers.RandomFlip(flip, name="augment_flip", **_EXACT))
    if augment.rotation:
        chosen.append(layers.RandomRotation(augment.rotation, name="augment_rotation", **_EXACT))
    if augment.zoom:
        chosen.append(layers.RandomZoom(augment.zoom, name="augment_zoom", **_EXACT))
    if augment.shear:
        # It turns half of these around itself. A single number would mean the same, but then fails to load again.
        shear = (0.0, augment.shear)
        chosen.append(layers.RandomShear(shear, shear, name="augment_shear", **_EXACT))
    if augment.translation:
        both = (augment.translation, augment.translation)
        chosen.append(layers.RandomTranslation(*both, name="augment_translation", **_EXACT))
    return chosen


def _colour(augment: Augment) -> list[keras.layers.Layer]:
    layers, chosen = keras.layers, []
    if augment.contrast:
        # A single number would only raise it.
        chosen.append(layers.RandomContrast((augment.contrast, augment.contrast), name="augment_contrast", **_EXACT))
    if augment.brightness:
        chosen.append(layers.RandomBrightness(augment.brightness, name="augment_brightness", **_EXACT))
    if augment.saturation:
        # Keras multiplies by factor / (1 - factor). It cuts the product off at the range's end, but a saturation lies
        # between 0 and 1 whatever the pixels' range: with (0, 255) it would run over and give negative pixels.
        factor = tuple(change / (1 + change) for change in (1 - augment.saturation, 1 + augment.saturation))
        chosen.append(layers.RandomSaturation(factor, value_range=(0, 1), name="augment_saturation", **_EXACT))
    if augment.hue:
        # Keras turns by half of its factor, either way.
        chosen.append(layers.RandomHue(min(1.0, 2 * augment.hue), name="augment_hue", **_EXACT))
    if augment.rand_augment:
        chosen.append(_rand_augment(augment.rand_augment))
    return chosen


def _erasing(augment: Augment) -> list[keras.layers.Layer]:
    if not augment.erasing:
        return []
    # One gray: normal noise, Keras' default, costs more than twice the time, and half of it is cut off to black.
    share = (min(_LEAST_ERASED, augment.erasing), augment.erasing)
    return [
        keras.layers.RandomErasing(
            (0.5, 0.5), scale=share, fill_value=_MIDDLE, value_range=(0, 255), name="augment_erasing", **_EXACT
        )
    ]


def _rand_augment(strength: float) -> keras.layers.Layer:
    """Keras' RandAugment with each change's range as in the paper, times the strength.

    Two changes are drawn for each batch, their amounts for each image. With Keras' own ranges some changes are the
    harsher the less strength is asked for (a posterization to 8 * strength bits, a solarization of all pixels above
    255 * strength, a sharpness that starts at a blur), and others go one way only. A loaded model has Keras' ranges
    again, but no longer uses them.
    """
    layer = keras.layers.RandAugment((0, 255), num_ops=2, factor=strength, name="augment_rand_augment", **_EXACT)
    far, blend = 0.3 * strength, 0.9 * strength
    layer.random_shear.x_factor = layer.random_shear.y_factor = (0.0, far)  # it turns half of them around itself
    layer.random_translation.height_lower, layer.random_translation.height_upper = -far, far
    layer.random_translation.width_lower, layer.random_translation.width_upper = -far, far
    layer.random_rotation.factor = (-strength / 12, strength / 12)  # of a full turn
    layer.random_brightness.factor = (-far, far)
    layer.random_contrast.factor = (blend, blend)
    layer.random_color_degeneration.factor = (-blend, blend)
    layer.random_sharpness.factor = ((1 - blend) / 2, (1 + blend) / 2)
    bits = 8 - round(4 * strength)
    layer.random_posterization.factor = (bits, bits)
    # Its lower end is in pixels, its upper end in shares of 255.
    layer.solarization.threshold_factor = (255 * (1 - strength), 1.0)
    layer.solarization.addition_factor = (0.0, 0.0)
    return layer
