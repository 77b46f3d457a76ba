"""What a frozen network is, in one hash: equal for equal structures and weights, however Keras numbered its layers."""

import keras


def identity_of(model: keras.Model) -> str:
    """The hash, in hex, of a functional model's structure and weights.

    Names, seeds, what is trained, and the layers that change images at random (`augment_...`) do not count.
    """
    raise NotImplementedError
