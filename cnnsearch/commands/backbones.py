"""`cnnsearch backbones`: the pretrained networks that a space may name, and what one of them is made of."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cnnsearch import terminal
from cnnsearch.reports.backbones import anatomy_text, backbones_table
from cnnsearch.search.model.imagenet import WeightsFile, imagenet_file, imagenet_files, models_folder
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.nearest import among
from cnnsearch.spaces.sections.backbones import BACKBONES, Backbone

if TYPE_CHECKING:  # it stands on keras, which is imported when a network is really looked at
    from cnnsearch.search.model.anatomy import Anatomy

LAST = 30
"""The depth whose block is told as an example."""
_LARGEST = 4096
"""Pixels of an image."""


@dataclass(frozen=True)
class BackboneOptions:
    """What is asked of one backbone.

    Attributes:
        settings: its own ones, such as alpha, where they are given.
        image_size: `224` or `192x256`, height and width; None for 224 or what it takes at least.
    """

    settings: Mapping[str, Any]
    image_size: str | None = None


def list_backbones(*, as_json: bool) -> None:
    """Print every backbone with its size, its settings, and the files of its ImageNet weights that are here."""
    if as_json:
        terminal.say(json.dumps([_listed(name) for name in BACKBONES], indent=2))
        return
    here = {name: _here(name) for name in BACKBONES}
    terminal.show(backbones_table({name: [settings for settings, _ in files] for name, files in here.items()}))
    terminal.say(f"\nImageNet weights in {models_folder()}:")
    names = [file.name for files in here.values() for _, file in files]
    terminal.say("".join(f"  {name}\n" for name in names) or "  none yet; each file is downloaded when it is needed\n")
    terminal.say("cnnsearch backbones NAME lists the blocks of one.")


def show_backbone(name: str, asked: BackboneOptions, *, layers: bool, as_json: bool) -> None:
    """Print the blocks of a backbone from the image on, or each of its layers.

    Raises:
        CnnSearchError: no backbone has this name, or it has no such settings or takes no such images.
    """
    name = known_backbone(name)
    section = section_of(name, asked.settings)
    pixels = pixels_of(name, asked.image_size)
    with without_native_messages():
        from cnnsearch.search.model.anatomy import anatomy

        found = anatomy(name, section, pixels)
    if as_json:
        terminal.say(json.dumps(_described(found), indent=2))
    else:
        terminal.show(anatomy_text(found, LAST, each_layer=layers))
        terminal.say(f"\n{weights_text(name, section)}")


def known_backbone(name: str) -> str:
    """The name as the language has it.

    Raises:
        CnnSearchError: there is no such backbone.
    """
    wanted = re.sub(r"[^a-z0-9]", "", name.lower())
    if wanted not in BACKBONES:
        rule = f"it is the name of a network in keras.applications, got {name[:60]!r}"
        raise CnnSearchError(str(Problem("NAME", rule, among(wanted, list(BACKBONES), "They are"))))
    return wanted


def section_of(name: str, settings: Mapping[str, Any]) -> Backbone:
    """The section of a backbone with these settings of its own.

    Raises:
        CnnSearchError: it has no such setting, or one has no such value.
    """
    facts = BACKBONES[name]
    for key in settings.keys() - facts.settings.keys():
        own = f"It has {', '.join(facts.settings)}." if facts.settings else "It has no settings of its own."
        raise CnnSearchError(str(Problem(f"--{key}", f"{name} has no {key}, got one", own)))
    try:
        return facts.section.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        raise CnnSearchError(str(Problem(f"--{first['loc'][0]}", first["msg"]))) from error


def pixels_of(name: str, image_size: str | None) -> tuple[int, int]:
    """(height, width) in pixels from `224` or `192x256`; 224 each where none is given.

    Raises:
        CnnSearchError: it reads otherwise, or the backbone takes no such images.
    """
    match = re.fullmatch(r"(\d{1,9})(?:x(\d{1,9}))?", image_size or "224", re.ASCII)
    if match is None:
        rule = f"an image size is a number of pixels, or height x width, got {image_size!r}"
        raise CnnSearchError(str(Problem("--image-size", rule, "Write 224 or 192x256.")))
    height, width = int(match[1]), int(match[2] or match[1])
    least = BACKBONES[name].smallest
    if not least <= min(height, width) <= max(height, width) <= _LARGEST:
        rule = f"{name} takes images of {least} pixels or more each way, and {_LARGEST} at most, got {height} x {width}"
        raise CnnSearchError(str(Problem("--image-size", rule)))
    return height, width


def weights_text(name: str, section: Backbone) -> str:
    """Where the ImageNet weights of a backbone with these settings are, or come from."""
    file = imagenet_file(name, section)
    if file is None:
        return "No ImageNet weights were published for these settings."
    path = models_folder() / file.name
    if path.is_file():
        return f"Its ImageNet weights are on this machine:\n  {path}"
    return (
        f"Its ImageNet weights are downloaded when they are first needed, or put there by hand:\n  {file.url}\n  {path}"
    )


def _here(name: str) -> list[tuple[dict[str, Any], WeightsFile]]:
    """The files of a backbone's ImageNet weights that lie where they are looked for, with their settings."""
    return [(settings, file) for settings, file in imagenet_files(name) if (models_folder() / file.name).is_file()]


def _listed(name: str) -> dict[str, Any]:
    """A backbone as JSON values: pixels, counts; the files of its weights with their addresses."""
    facts = BACKBONES[name]
    return {
        "name": name,
        "weights": facts.parameters,
        "layers": facts.layers,
        "least_image": facts.smallest,
        "settings": {key: list(values) for key, values in facts.settings.items()},
        "imagenet": [
            {"settings": settings, "file": file.name, "here": (models_folder() / file.name).is_file(), "url": file.url}
            for settings, file in imagenet_files(name)
        ],
        "folder": str(models_folder()),
    }


def _described(found: "Anatomy") -> dict[str, Any]:
    return {**_listed(found.name), **asdict(found), "weights": found.weights}
