"""What a model looks at: Grad-CAM, its first filters, what its layers make of a photo, photos as it was trained on."""

from collections.abc import Mapping
from typing import Any

from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.model.files import figure, mappings, picture, shape_text, shown
from cnnsearch.reports.model.gallery import probabilities
from cnnsearch.search.json_file import read_object
from cnnsearch.search.run_folder import ModelFolder


def read_explained(folder: ModelFolder) -> dict[str, Any]:
    """What was shown when the model was exported; nothing where that is not known."""
    return read_object(folder.explained / "explained.json")


def heat_body(folder: ModelFolder, told: Mapping[str, Any]) -> tuple[Element, ...]:
    """The photos under heat, right and wrong ones; nothing without any."""
    found = _mapping(told.get("grad_cam"))
    photos = mappings(found.get("photos"))
    if not photos:
        return ()
    about = (
        f"Grad-CAM at {found.get('layer')}, maps of {_size(found.get('maps'))}: the brighter, the more a place speaks "
        "for a class. The photo as the model sees it, then what speaks for its answer; of a mistake also what speaks "
        "for the true class. A heat is scaled by itself; grey all over means that nothing speaks for the class."
    )
    right = [_heat(folder, each) for each in photos if each.get("right") is True]
    wrong = [_heat(folder, each) for each in photos if each.get("right") is not True]
    parts = [element("p", about, class_="dim")]
    for title, figures in (("Right", shown(right)), ("Wrong", shown(wrong))):
        if figures:
            parts += [element("h3", title), element("div", *figures, class_="strips")]
    return tuple(parts)


def _heat(folder: ModelFolder, told: Mapping[str, Any]) -> Element | None:
    label, predicted, name = (str(told.get(key, "")) for key in ("label", "predicted", "image"))
    heats = f"heat for {predicted}" if label == predicted else f"heat for {predicted}, heat for {label}"
    drawn = picture(folder.explained, told.get("file"), f"{name}: the photo, {heats}")
    return figure(drawn, element("b", f"{label} → {predicted}"), f" · {probabilities(told)} · {name}")


def layers_body(folder: ModelFolder, told: Mapping[str, Any]) -> tuple[Element, ...]:
    """The first filters and the maps of some layers; nothing without any."""
    filters, maps = _mapping(told.get("filters")), _mapping(told.get("maps"))
    size = f"{filters.get('rows')} by {filters.get('columns')}"
    about = f"{filters.get('layer')}: {filters.get('shown')} of {filters.get('filters')} filters, {size}"
    drawn = picture(folder.explained, filters.get("file"), f"the filters of {filters.get('layer')}", class_="sharp")
    figures = [figure(drawn, f"What the first layer looks for. {about}, each stretched over the whole range.")]
    for each in mappings(maps.get("layers")):
        text = f"{each.get('layer')}: {each.get('shown')} of its maps, {_size(each.get('maps'))}"
        figures.append(figure(picture(folder.explained, each.get("file"), text, class_="sharp"), text))
    found = shown(figures)
    if not found:
        return ()
    note = f"Of the photo {maps.get('image')}, those maps whose answer differs most over it, from early layers to late."
    return *found, element("p", note, class_="dim")


def changes_body(folder: ModelFolder, told: Mapping[str, Any]) -> tuple[Element, ...]:
    """Some photos as the training changed them; nothing where it left them as they are."""
    found = _mapping(told.get("augmented"))
    strengths = ", ".join(f"{name} {value}" for name, value in _mapping(found.get("augment")).items())
    drawn = picture(folder.explained, found.get("file"), "photos, each several times as augmented")
    caption = f"Left each photo itself, then {found.get('times')} times as a training sees it: {strengths}."
    return tuple(shown([figure(drawn, caption)]))


def left_out(told: Mapping[str, Any]) -> tuple[Element, ...]:
    """Why something is not shown, in a line each."""
    reasons = _mapping(told.get("left_out")).items()
    return tuple(element("p", f"{name} cannot be shown: {reason}", class_="dim") for name, reason in reasons)


def _mapping(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _size(told: object) -> str:
    return shape_text(told) if isinstance(told, list) else ""
