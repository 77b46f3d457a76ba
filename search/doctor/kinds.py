"""The kinds of findings: for each a fixed word, how much it matters, what it means, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    ERROR = "error"
    """These files will be left out."""
    WARNING = "warning"
    """This may mislead a training, or whoever reads its scores."""
    NOTE = "note"
    """Good to know; nothing needs to be done."""


class Kind(StrEnum):
    """What a finding is about. The words are part of the JSON and stay as they are."""

    EMPTY_FILE = "empty-file"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    TWO_LABELS = "two-labels"
    NEAR_TWO_LABELS = "near-two-labels"
    LEAK = "leak"
    NEAR_LEAK = "near-leak"
    DUPLICATES = "duplicates"
    BLANK = "blank"
    TINY = "tiny"
    EXTREME_SHAPE = "extreme-shape"
    SMALL_CLASS = "small-class"
    IMBALANCE = "imbalance"
    MISSING_IN_PART = "missing-in-part"
    TWIN_CLASSES = "twin-classes"
    EMPTY_FOLDER = "empty-folder"
    UNREAD_FORMAT = "unread-format"
    UNLABELLED = "unlabelled"
    LINK = "link"
    NEAR_DUPLICATES = "near-duplicates"
    WRONG_EXTENSION = "wrong-extension"
    ANIMATED = "animated"
    TURNED = "turned"
    SIXTEEN_BIT = "16-bit"
    CMYK = "cmyk"
    TRANSPARENT = "transparent"
    ODD_NAME = "odd-name"
    NO_IMAGE = "no-image"
    CLUTTER = "clutter"


@dataclass(frozen=True)
class Trait:
    """What every finding of a kind has in common.

    Attributes:
        severity: how much it matters.
        title: a few words for a heading.
        meaning: a sentence on what it means.
        advice: a sentence on what to do.
    """

    severity: Severity
    title: str
    meaning: str
    advice: str


_ERROR, _WARNING, _NOTE = Severity

TRAITS: Mapping[Kind, Trait] = {
    Kind.EMPTY_FILE: Trait(
        _ERROR,
        "Empty files",
        "Files of 0 bytes hold no image and will be left out.",
        "Copy or download them again, or remove them.",
    ),
    Kind.TRUNCATED: Trait(
        _ERROR,
        "Truncated files",
        "The end of these images is missing; they will be left out.",
        "Copy or download them again.",
    ),
    Kind.UNREADABLE: Trait(
        _ERROR,
        "Unreadable files",
        "These files cannot be decoded and will be left out.",
        "Save them anew as JPEG or PNG, or remove them.",
    ),
    Kind.TWO_LABELS: Trait(
        _WARNING,
        "The same image under two labels",
        "One of the labels is wrong, or the image shows both; a model cannot learn it.",
        "Look at each and keep the right copy; the exclusion list leaves out all of them.",
    ),
    Kind.NEAR_TWO_LABELS: Trait(
        _WARNING,
        "Nearly the same image under two labels",
        "One picture, scaled, recoloured, mirrored or saved anew, has two labels; one of them is probably wrong.",
        "Look at each and keep the right copy; the exclusion list leaves out all of them.",
    ),
    Kind.LEAK: Trait(
        _WARNING,
        "The same image in several parts",
        "What is trained on is tested again, so that the score will be too good.",
        "Keep the copy in test (else in validation); the exclusion list leaves out the others.",
    ),
    Kind.NEAR_LEAK: Trait(
        _WARNING,
        "Nearly the same image in several parts",
        "Nearly what is trained on is tested again, so that the score will be too good.",
        "Keep the copy in test (else in validation); the exclusion list leaves out the others.",
    ),
    Kind.DUPLICATES: Trait(
        _WARNING,
        "Equal files",
        "An image that is there several times counts several times.",
        "Keep one of each; the exclusion list leaves out all but the first.",
    ),
    Kind.BLANK: Trait(
        _WARNING,
        "Blank images",
        "These images have nearly one colour and show nothing.",
        "Remove them; the exclusion list leaves them out.",
    ),
    Kind.TINY: Trait(
        _WARNING,
        "Tiny images",
        "These images are less than 8 pixels high or wide; enlarged, they show next to nothing.",
        "Replace them by larger ones, or exclude them.",
    ),
    Kind.EXTREME_SHAPE: Trait(
        _WARNING,
        "Extreme shapes",
        "One side is more than 8 times the other; stretched or cropped to the model's shape, little can be recognised.",
        "Cut them, exclude them, or set data.resize to pad.",
    ),
    Kind.SMALL_CLASS: Trait(
        _WARNING,
        "Almost empty classes",
        "These classes have fewer than 10 readable images: too few to learn from and to be tested on.",
        "Add images of them, or remove the class.",
    ),
    Kind.IMBALANCE: Trait(
        _WARNING,
        "Unbalanced classes",
        "These classes have less than a tenth of the largest one's images; a model can ignore them and score well.",
        "Add images of them, and rank by a metric that counts each class alike.",
    ),
    Kind.MISSING_IN_PART: Trait(
        _WARNING,
        "Classes missing in a part",
        "A part without images of a class says nothing of how well it is recognised.",
        "Move some of its images there, or let cnnsearch split all of them.",
    ),
    Kind.TWIN_CLASSES: Trait(
        _WARNING,
        "Classes with nearly one name",
        "These names differ only in capitals, spaces or the way of writing accents, and count as different classes.",
        "Give them one name if they mean one class.",
    ),
    Kind.EMPTY_FOLDER: Trait(
        _WARNING,
        "Folders without images",
        "Nothing in these folders is read; a class whose folder is empty will not exist.",
        "Put images there, or remove the folder.",
    ),
    Kind.UNREAD_FORMAT: Trait(
        _WARNING,
        "Images of formats that are not read",
        "By their names these are images, but of a format that is left out.",
        "Save them as JPEG, PNG or WebP.",
    ),
    Kind.UNLABELLED: Trait(
        _WARNING,
        "Images without a label",
        "These images lie where no class can be told, and are not used.",
        "Move them into their class's folder. Those to classify, as in Kaggle's test.zip, go to cnnsearch predict.",
    ),
    Kind.LINK: Trait(
        _WARNING,
        "Links that are not followed",
        "Links to folders, out of the source or to nothing are left out.",
        "Copy the files to where the links are.",
    ),
    Kind.NEAR_DUPLICATES: Trait(
        _NOTE,
        "Nearly the same images",
        "One picture is there several times: scaled, recoloured, mirrored or saved anew.",
        "Nothing to do: a split by cnnsearch keeps them on one side.",
    ),
    Kind.WRONG_EXTENSION: Trait(
        _NOTE,
        "Wrong extensions",
        "The content is of another format than the name says.",
        "Nothing to do: files are read by their content. Other programs may stumble over them.",
    ),
    Kind.ANIMATED: Trait(
        _NOTE, "Animated images", "Only the first frame of an animation is used.", "See that it shows its class."
    ),
    Kind.TURNED: Trait(
        _NOTE,
        "Photos turned by EXIF",
        "The camera noted which side is up.",
        "Nothing to do: they are turned upright. Other programs may not do so.",
    ),
    Kind.SIXTEEN_BIT: Trait(
        _NOTE, "16-bit images", "These images have 16 bits for each channel.", "Nothing to do: they are scaled to 8."
    ),
    Kind.CMYK: Trait(
        _NOTE, "CMYK images", "These images are made for printing.", "Nothing to do: they are read as RGB."
    ),
    Kind.TRANSPARENT: Trait(
        _NOTE, "Transparent images", "These images can be seen through.", "Nothing to do: they are laid on white."
    ),
    Kind.ODD_NAME: Trait(
        _NOTE,
        "Odd names",
        "These names have control characters or are no UTF-8; they are shown with these spelled out.",
        "Nothing to do: they are read. Other programs may stumble over them.",
    ),
    Kind.NO_IMAGE: Trait(
        _NOTE,
        "Files that are no images",
        "By their names these are no images, or they are pipes or devices.",
        "Nothing to do: not used.",
    ),
    Kind.CLUTTER: Trait(
        _NOTE,
        "Clutter",
        "The operating system or a tool has left these, hidden files among them.",
        "Nothing to do: not used.",
    ),
}
"""Every kind's trait, the worst kinds first."""
