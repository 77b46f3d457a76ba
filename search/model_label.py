"""`classes.json`, a model's label: what somebody must know of it who has only its folder."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

from cnnsearch.search.json_file import unreadable
from cnnsearch.search.records import Origin
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.writing import write_json
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.sections.data import Resize

_EXAMPLE = '{"classes": ["cat", "dog"], "shape": [64, 64, 3]}'


@dataclass(frozen=True)
class WeighedFile:
    """The file of which a folder's scores and predictions are.

    Attributes:
        file: its name.
        sha256: of its bytes, in hexadecimal digits.
    """

    file: str
    sha256: str

    @classmethod
    def told_by(cls, told: object) -> "WeighedFile | None":
        """A file from its JSON; None of anything else."""
        known = _mapping(told)
        file, sha256 = known.get("file"), known.get("sha256")
        return cls(file, sha256) if isinstance(file, str) and isinstance(sha256, str) else None


@dataclass(frozen=True)
class ModelLabel:
    """What a model takes and gives, and where it comes from.

    Attributes:
        classes: their names, in the order of the model's outputs.
        shape: of its input: height, width, channels.
        resize: how its images were brought to that size.
        origin: the trial that it was, if it was one.
        source: of the images that it was trained on; empty where nothing says it, and so is their stamp.
        stamp: of these images.
        parts: those that it was trained on.
        weighed: the file that was asked; None where nothing says it.
    """

    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    resize: Resize = "stretch"
    origin: Origin | None = None
    source: str = ""
    stamp: str = ""
    parts: tuple[str, ...] = ("train",)
    weighed: WeighedFile | None = None

    def write(self, path: Path) -> None:
        """Replace the file.

        Raises:
            UnwritableFile: the system does not let us write there.
        """
        write_json(
            path,
            {
                "classes": list(self.classes),
                "shape": list(self.shape),
                "resize": self.resize,
                "origin": asdict(self.origin) if self.origin else None,
                "data": {"source": self.source, "stamp": self.stamp, "parts": list(self.parts)},
                "model": asdict(self.weighed) if self.weighed else None,
            },
        )

    @classmethod
    def read(cls, path: Path) -> "ModelLabel":
        """Read a label, one of an earlier version, too, or one written by hand: classes and shape must stand there.

        Raises:
            CnnSearchError: the file is absent, or is no such file.
        """
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            height, width, channels = (int(size) for size in told["shape"])
            classes = tuple(str(name) for name in told["classes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            rule = f"a file like {_EXAMPLE} must lie here, got {unreadable(error)}."
            raise CnnSearchError(
                str(Problem(str(path), rule, "It is written beside every model: copy both."))
            ) from error
        data = _mapping(told.get("data"))
        parts = data.get("parts")
        return cls(
            classes,
            (height, width, channels),
            _resize(path, told.get("resize", "stretch")),
            _origin(path, told.get("origin")),
            str(data.get("source") or ""),
            str(data.get("stamp") or ""),
            tuple(map(str, parts)) if isinstance(parts, list) else ("train",),
            WeighedFile.told_by(told.get("model")),
        )


def label_of(folder: ModelFolder) -> ModelLabel | None:
    """The label in a model's folder; None where none is that can be read."""
    try:
        return ModelLabel.read(folder.classes)
    except CnnSearchError:
        return None


def _mapping(told: object) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _resize(path: Path, told: object) -> Resize:
    if told in get_args(Resize):
        return cast(Resize, told)
    rule = f"resize is one of {', '.join(get_args(Resize))}, got {told!r}."
    raise CnnSearchError(str(Problem(str(path), rule, "Write what the config.yaml beside it says in data.resize.")))


def _origin(path: Path, told: object) -> Origin | None:
    try:
        return Origin.told_by(_mapping(told)) if told else None
    except (TypeError, ValueError) as error:
        rule = f"an origin has trial, epoch, objective and score, got {told!r}."
        raise CnnSearchError(str(Problem(str(path), rule, "Leave it out, or train the model again."))) from error
