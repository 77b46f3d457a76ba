"""The model card: `README.md` in a model's folder, for people and in the form that the Hugging Face hub reads."""

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any

from cnnsearch.reports.inert import visible
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.json_file import read_object
from cnnsearch.search.model_label import ModelLabel, label_of
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.run_status import trained_on
from cnnsearch.search.writing import write_text
from cnnsearch.spaces.document import branch_of
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import load_space

_SPECIAL = re.compile(r"([\\`*_\[\]!|~>$])")
_MOST_CLASSES = 50
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Card:
    """What a model card tells.

    Attributes:
        name: of the model: its run's, or its folder's.
        label: its `classes.json`; None where that is gone or damaged.
        metrics: its `metrics.json`.
        images: those that it was trained on; None where nothing describes them.
        network: its kind, as the space language calls it.
        versions: of what wrote it, by package.
    """

    name: str
    label: ModelLabel | None
    metrics: Mapping[str, Any]
    images: Summary | None
    network: str
    versions: Mapping[str, str]

    @property
    def classes(self) -> Sequence[str]:
        """The classes' names in the order of the model's outputs."""
        return self.label.classes if self.label else ()

    @property
    def source(self) -> str:
        """What the images came from; of a path only the last name, for a card is made to be published."""
        return PurePath(self.label.source).name if self.label and self.label.source else "unknown"


def write_model_card(folder: ModelFolder) -> None:
    """Write `README.md` into a model's folder where none is: what people have filled in stays.

    Raises:
        UnwritableFile: it cannot be written.
    """
    path = folder.path / "README.md"
    if not path.exists():
        write_text(path, model_card(read_card(folder)))


def read_card(folder: ModelFolder) -> Card:
    """What the files of a model's folder and of its run tell; what is missing or damaged is left out."""
    run = folder.run
    name = run.path.name if folder.path.name == run.best.path.name else folder.path.resolve().name
    label, metrics = label_of(folder), read_object(folder.metrics)
    return Card(name, label, metrics, trained_on(folder), _network(folder), _versions(folder))


def model_card(card: Card) -> str:
    """The text of a model card."""
    sections = (_head(card), _use(card), _scores(card), _images(card), _again(card), _limits())
    return "\n\n".join([_front_matter(card), *sections]) + "\n"


def escaped(text: object) -> str:
    """A text from names or data as Markdown shows it, and nothing else: no mark, no HTML, no new line."""
    plain = visible(str(text)).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", plain)


def _front_matter(card: Card) -> str:
    """YAML; a JSON text is one of YAML, too, so names are quoted as JSON has them."""
    lines = [
        "---",
        "# Fill in before you publish it: https://huggingface.co/docs/hub/repositories-licenses",
        "license: unknown  # of the model, such as apache-2.0",
        "datasets: []  # where its images are, and under which licence",
        "library_name: keras",
        "pipeline_tag: image-classification",
        "tags: [image-classification, keras, cnnsearch]",
    ]
    if test := card.metrics.get("test"):
        dataset = json.dumps(visible(card.source))
        lines += [
            "model-index:",
            f"- name: {json.dumps(visible(card.name))}",
            "  results:",
            "  - task: {type: image-classification}",
            f"    dataset: {{name: {dataset}, type: imagefolder, split: test}}",
            f"    metrics: [{{type: accuracy, value: {test['accuracy']:.4f}}}]",
        ]
    return "\n".join([*lines, "---"])


def _head(card: Card) -> str:
    height, width, channels = card.label.shape if card.label else (0, 0, 0)
    colour = "grey" if channels == 1 else "RGB"
    classes = ", ".join(map(escaped, card.classes[:_MOST_CLASSES]))
    more = f" and {len(card.classes) - _MOST_CLASSES} more" if len(card.classes) > _MOST_CLASSES else ""
    return (
        f"# {escaped(card.name)}\n\nAn image classifier that tells {len(card.classes)} classes apart: {classes}{more}. "
        f"It takes {colour} images of {height} x {width} pixels (height x width), raw values 0-255: preprocessing is "
        "inside the model. Found by [cnnsearch](https://pypi.org/project/cnnsearch/), an architecture search."
    )


def _use(card: Card) -> str:
    shape = card.label.shape if card.label else ()
    return (
        "## Use\n\n"
        "```sh\ncnnsearch predict . photos/                  # in this folder\n"
        "cnnsearch evaluate . labelled-photos/\ncnnsearch export . --to onnx,litert\n```\n\n"
        "```python\nimport keras\nimport numpy as np\n\n"
        'model = keras.saving.load_model("model.keras", compile=False)\n'
        f'probabilities = model.predict(np.zeros((1, {", ".join(map(str, shape))}), "float32"))\n```\n\n'
        f"The outputs are in the order of `classes.json`{_one_output(card)}; images were brought to size by "
        f"`{card.label.resize if card.label else 'stretch'}`."
    )


def _one_output(card: Card) -> str:
    return "; a single output is the probability of the second class" if len(card.classes) == 2 else ""


def escaped_code(text: object) -> str:
    """A text from data between backticks: without any of its own."""
    return visible(str(text)).replace("`", "'")


def _scores(card: Card) -> str:
    rows = [
        f"| {name} | {found['images']} | {found['accuracy']:.4f} | {found['interval'][0]:.4f} to "
        f"{found['interval'][1]:.4f} | {found['loss']:.4f} |"
        for name in ("test", "validation")
        if (found := card.metrics.get(name))
    ]
    table = ["| part | images | accuracy | 95 % interval | log loss |", "|---|---|---|---|---|", *rows]
    honest = (
        "Measured once, on the model in this folder. The test images were used for nothing else; the validation images "
        "chose the model, so its score on them is optimistic."
    )
    told = " ".join([honest, *_confirmation(card), "Scores of each class are in `metrics.json`."])
    return "\n".join(["## Scores", "", *(table if rows else ["No images were left to measure it on."]), "", told])


def _confirmation(card: Card) -> list[str]:
    """What the search said of it, and what retrainings with new seeds did."""
    found = card.metrics
    told = []
    if found.get("score") is not None and found.get("objective"):
        told.append(f"Its training reached {escaped(found['objective'])} {found['score']:.4f}.")
    if confirmed := found.get("confirmed"):
        error = f" +- {confirmed['error']:.4f}" if confirmed.get("error") is not None else ""
        told.append(
            f"Confirmed: its configuration was trained {confirmed['seeds']} times with new seeds, with a mean score of "
            f"{confirmed['mean']:.4f}{error}; this is the one with the median score."
        )
    return told


def _images(card: Card) -> str:
    lines = [
        "## Images",
        "",
        f"- source: {escaped(card.source)}",
        f"- fingerprint: `{escaped_code(card.label.stamp if card.label else '') or 'unknown'}`",
        "- licence: (fill in: whose photos these are, and what they may be used for)",
    ]
    counts = _counts(card.images)
    if counts:
        head = ["", f"| class | {' | '.join(_PARTS)} |", "|---|" + "---|" * len(_PARTS)]
        lines += [*head, *(f"| {escaped(name)} | {' | '.join(map(str, row))} |" for name, row in counts.items())]
    return "\n".join(lines)


def _counts(images: Summary | None) -> dict[str, list[int]]:
    """How many images of each class each part has, of the first classes."""
    counts: dict[str, list[int]] = {}
    for file in images.files.values() if images else ():
        row = counts.setdefault(file.class_name, [0] * len(_PARTS))
        if file.part in _PARTS:
            row[_PARTS.index(file.part)] += 1
    return {name: counts[name] for name in sorted(counts)[:_MOST_CLASSES]}


def _again(card: Card) -> str:
    told = ", ".join(f"{escaped(name)} {escaped(found)}" for name, found in card.versions.items())
    trial = card.metrics.get("trial")
    which = f"It was trial {trial} of the search, whose space is the run's `space.yaml`. " if trial is not None else ""
    network = f"The network is of the kind {escaped(card.network)}. " if card.network else ""
    return (
        "## Train it again\n\n```sh\ncnnsearch retrain config.yaml  # --data PATH for other images\n```\n\n"
        f"{network}{which}`config.yaml` has every setting, the seed included. Versions: {told}."
    )


def _limits() -> str:
    return (
        "## Intended use and limits\n\n"
        "(Fill in: what it is for, who may use it, what must not be decided by it.)\n\n"
        "It knows the classes above and nothing else: a photo of anything else is given one of them, often with "
        "confidence. The scores hold for photos like those that it was measured on; other cameras, places or seasons "
        "lower them. It was not tested for fairness between groups of people."
    )


def _network(folder: ModelFolder) -> str:
    """The kind of network, as the configuration names it; empty where it cannot be read."""
    try:
        return branch_of(load_space(folder.config, allow_code=True).configuration({}).model)[0]
    except (CnnSearchError, OSError):
        return ""


def _versions(folder: ModelFolder) -> dict[str, str]:
    found = {"cnnsearch": _installed("cnnsearch"), "keras": _keras_of(folder), "tensorflow": _installed("tensorflow")}
    return {name: text for name, text in found.items() if text}


def _keras_of(folder: ModelFolder) -> str:
    """The version of Keras that wrote the model."""
    try:
        with zipfile.ZipFile(folder.model) as archive:
            return str(json.loads(archive.read("metadata.json"))["keras_version"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return _installed("keras")


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
