"""Random changes to training images as the model's first layers: they run on the device and rest in inference."""

import keras

from cnnsearch.spaces.document import Augment

_FLIPS = {
    (True, True): "horizontal_and_vertical",
    (True, False): "horizontal",
    (False, True): "vertical",
}


def augmented(images: keras.KerasTensor, augment: Augment) -> keras.KerasTensor:
    """The same images (batch, height, width, channels), 0-255, as the training sees them: changed anew each time.

    Only what has a strength becomes a layer. A rotation of 0.1 turns by up to a tenth of a full turn either way,
    a zoom, shear or translation of 0.1 moves by up to a tenth of the image, contrast and brightness of 0.1 change by
    up to a tenth of the range.
    """
    for layer in _layers(augment):
        # Keras' random layers default to training, also where a finished model is called without a word about it.
        images = layer(images, training=False)
    return images


def _layers(augment: Augment) -> list[keras.layers.Layer]:
    # float32 under every policy: the contrast's mean over 0-255 pixels overflows half precision.
    layers, exact = keras.layers, {"dtype": "float32"}
    chosen = []
    flip = _FLIPS.get((augment.horizontal_flip, augment.vertical_flip))
    if flip:
        chosen.append(layers.RandomFlip(flip, name="augment_flip", **exact))
    if augment.rotation:
        chosen.append(layers.RandomRotation(augment.rotation, name="augment_rotation", **exact))
    if augment.zoom:
        chosen.append(layers.RandomZoom(augment.zoom, name="augment_zoom", **exact))
    if augment.shear:
        # It turns half of these around itself. A single number would mean the same, but then fails to load again.
        shear = (0.0, augment.shear)
        chosen.append(layers.RandomShear(shear, shear, name="augment_shear", **exact))
    if augment.translation:
        both = (augment.translation, augment.translation)
        chosen.append(layers.RandomTranslation(*both, name="augment_translation", **exact))
    if augment.contrast:
        chosen.append(layers.RandomContrast(augment.contrast, name="augment_contrast", **exact))
    if augment.brightness:
        chosen.append(layers.RandomBrightness(augment.brightness, name="augment_brightness", **exact))
    return chosen
