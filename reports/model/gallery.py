"""The photos that a model is most wrong about, and those it is least sure of: from its gallery, with what it says."""

from collections.abc import Mapping
from typing import Any

from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.model.files import mappings, picture
from cnnsearch.search.json_file import read_object
from cnnsearch.search.run_folder import ModelFolder

_SETS = {
    "wrong": ("Most wrong", "The mistakes it is surest of. Look for wrong labels among them first."),
    "unsure": ("Least sure", "The photos whose two most probable classes are closest to each other."),
}


def gallery_body(folder: ModelFolder) -> tuple[Element, ...]:
    """The pictures of both sets, each with its name, truth, answer and probabilities; nothing without a gallery."""
    told = read_object(folder.gallery / "gallery.json")
    parts: list[Element] = []
    for name, (title, meaning) in _SETS.items():
        photos = mappings(told.get(name))
        if photos:
            head = [element("h3", title), element("p", meaning, class_="dim")]
            parts += [*head, element("div", *(_photo(folder, each) for each in photos), class_="pictures")]
    if not parts:
        return ()
    wrong, images, part = told.get("mistakes"), told.get("images"), told.get("part")
    return element("p", f"{wrong} of {images} photos of the {part} part are taken for another class."), *parts


def _photo(folder: ModelFolder, told: Mapping[str, Any]) -> Element:
    name, label, predicted = (str(told.get(key, "")) for key in ("image", "label", "predicted"))
    says = f"{name}: {label}, taken for {predicted}"
    drawn = picture(folder.gallery, told.get("file"), says)
    right = "good" if label == predicted else "bad"
    return element(
        "div",
        element("div", "no picture", class_="none") if drawn is None else drawn,
        element("div", label, " → ", element("b", predicted, class_=right)),
        element("div", probabilities(told), class_="dim"),
        element("div", name, class_="file"),
        class_="picture",
    )


def probabilities(told: Mapping[str, Any]) -> str:
    """What a model says of a photo, such as `dog 0.93, cat 0.07`."""
    found = told.get("probabilities")
    if not isinstance(found, dict):
        return ""
    known = {str(name): value for name, value in found.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:.3f}" for name, value in known.items())
