"""The augment section: random changes to training images."""

from typing import Annotated

from pydantic import Field

from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Section

Strength = Annotated[float, Field(ge=0, le=1)]


class Augment(Section):
    """Random changes to training images, drawn anew in every epoch. Strengths are shares of the image or of a turn."""

    horizontal_flip: Searched[bool] = False
    """Mirrors left and right, every second time."""
    vertical_flip: Searched[bool] = False
    """Mirrors top and bottom, every second time."""
    rotation: Searched[Strength] = 0.0
    """Turns by up to this share of a full turn, either way."""
    zoom: Searched[Strength] = 0.0
    """Zooms in or out by up to this share."""
    shear: Searched[Strength] = 0.0
    """Slants by up to this share."""
    translation: Searched[Strength] = 0.0
    """Moves by up to this share of the height and of the width."""
    contrast: Searched[Strength] = 0.0
    """Changes the contrast by up to this share."""
    brightness: Searched[Strength] = 0.0
    """Makes brighter or darker by up to this share of the range."""
    saturation: Searched[Strength] = 0.0
    """Makes colours stronger or paler by up to this share. Not for gray images."""
    hue: Searched[Strength] = 0.0
    """Turns the colours by up to this share of the wheel. Not for gray images."""
    erasing: Searched[Strength] = 0.0
    """Blanks out a rectangle of up to this share of the image (random erasing, arXiv:1708.04896)."""
    rand_augment: Searched[Strength] = 0.0
    """Two random changes out of many, of this strength (RandAugment, arXiv:1909.13719). Not for gray images."""
    mixup: Searched[Annotated[float, Field(ge=0, le=8)]] = 0.0
    """Blends pairs of images and their labels by shares from Beta(mixup, mixup) (arXiv:1710.09412); 0 for never."""
    cutmix: Searched[Annotated[float, Field(ge=0, le=8)]] = 0.0
    """Pastes rectangles of one image into another, and mixes their labels (arXiv:1905.04899), by shares from
    Beta(cutmix, cutmix); 0 for never. Beside mixup, each batch takes one of the two."""
    views: Searched[Annotated[int, Field(ge=0, le=64)]] = 4
    """Under a frozen backbone, which would make the same of an image in every epoch: so many changed copies of each
    training image are made in advance, and what the backbone makes of them is kept. Where images are only flipped, each
    way of it is one copy. 0 changes them anew, and runs the backbone, in every epoch."""
