"""Where a backbone's weights come from: Keras' own cache, a download, or a file of the person's."""

import functools
import itertools
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import keras

from cnnsearch.search.model.backbones import own_settings
from cnnsearch.search.model.imagenet import WeightsFile, imagenet_file, models_folder
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.sections.backbones import Backbone
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import all_values

_SUFFIXES = (".h5", ".keras")
_PATIENCE = 4.0
"""Seconds until a network that does not answer counts as none."""


class WeightsUnavailable(CnnSearchError):
    """ImageNet weights that are neither on disk nor to be downloaded."""


class WrongWeights(CnnSearchError):
    """A file of the person's that is not there, cannot be read, or holds other weights."""


def locate_weights(name: str, section: Backbone) -> Path:
    """The file with a backbone's weights; ImageNet's are downloaded where they are missing and there is a network.

    Raises:
        WeightsUnavailable: ImageNet's are not here and cannot be had.
        WrongWeights: the person's own file is not there or cannot be read.
        ValueError: the section asks for random weights.
    """
    if section.weights is None:
        raise ValueError(f"model.{name}.weights is null: there is no file to look for")
    if section.weights != "imagenet":
        return _own_file(name, section.weights)
    file = imagenet_file(name, section)
    if file is None:
        raise WeightsUnavailable(_unpublished(name, section))
    path = models_folder() / file.name
    return path if path.is_file() else _downloaded(name, file)


def _unpublished(name: str, section: Backbone) -> str:
    settings = ", ".join(f"{key} {str(value).lower()}" for key, value in own_settings(section).items())
    problem = Problem(
        f"model.{name}.weights",
        f"no ImageNet weights were published for {name} with {settings}.",
        f"Change one of these settings, or set model.{name}.weights to the path of a weights file or to null.",
    )
    return str(problem)


def _own_file(name: str, weights: str) -> Path:
    if not weights.endswith(_SUFFIXES):
        raise _wrong(
            name, f"weights are imagenet, null, or the path of a .h5, .weights.h5 or .keras file, got {weights!r}"
        )
    try:
        path = Path(weights).expanduser()
        with path.open("rb") as file:
            file.read(1)
    except IsADirectoryError:
        raise _wrong(name, f"weights are one file, got the folder {weights!r}") from None
    except FileNotFoundError:
        here = "" if path.is_absolute() else f" in {Path.cwd()}, where the command runs"
        raise _wrong(name, f"there is no weights file {str(path)!r}{here}") from None
    except (OSError, RuntimeError, ValueError) as error:  # no home for ~, a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise _wrong(name, f"the weights file {weights[:200]!r} cannot be read: {reason}") from error
    return path


def _wrong(name: str, rule: str) -> WrongWeights:
    return WrongWeights(str(Problem(f"model.{name}.weights", rule, "Correct the path, or use imagenet or null.")))


def _downloaded(name: str, file: WeightsFile) -> Path:
    obstacle = _obstacle(urlsplit(file.url).netloc)
    if obstacle:
        raise WeightsUnavailable(_missing(name, file, obstacle))
    try:
        home = _writable_home()
        path = keras.utils.get_file(file.name, file.url, cache_subdir="models", cache_dir=home, file_hash=file.checksum)
    except Exception as error:  # a failed download is a bare Exception in Keras
        raise WeightsUnavailable(_missing(name, file, f"the download failed ({error})")) from error
    return Path(path)


def _writable_home() -> str:
    """Keras' home, made where it is not there yet: Keras itself would turn to /tmp, where anybody may put files."""
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder.parent, os.W_OK):
        raise PermissionError(f"{folder.parent} cannot be written to")
    return str(folder.parent)


def _missing(name: str, file: WeightsFile, obstacle: str) -> str:
    problem = Problem(
        f"model.{name}.weights",
        f"the ImageNet weights are not on this machine and {obstacle}.",
        f"Put {file.url} at {models_folder() / file.name}, or set model.{name}.weights to the path of a weights file, "
        "or to null for random weights.",
    )
    return str(problem)


def _obstacle(host: str) -> str:
    """Why nothing can be downloaded from a host; empty where it answers."""
    if os.environ.get("CNNSEARCH_OFFLINE") == "1":
        return "CNNSEARCH_OFFLINE=1 forbids to download them"
    return _silence(host)


@functools.cache
def _silence(host: str) -> str:
    # A name server that does not answer knows no timeout, hence the thread; the time is bounded by join alone.
    answer: list[str] = []
    thread = threading.Thread(target=lambda: answer.append(_asked(host)), daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return answer[0] if answer else f"{host} did not answer within {_PATIENCE:.0f} s"


def _asked(host: str) -> str:
    request = urllib.request.Request(f"https://{host}/", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE):
            return ""
    except urllib.error.HTTPError:
        return ""  # it has nothing at its root, but it answers
    except OSError as error:
        return f"{host} cannot be reached ({getattr(error, 'reason', error)})"


def unavailable_weights(space: Space) -> dict[str, str]:
    """The branches of a space that need weights which cannot be had: dotted name -> why, for a person.

    Every draw of a branch counts: where one of several searched widths or variants has no weights, the branch is named.

    Raises:
        WrongWeights: a file of the person's is not there or cannot be read, with all of these: somebody wanted it.
    """
    found: dict[str, str] = {}
    wrong: dict[str, None] = {}
    for name, kind, section in leaves(space.document.model, "model"):
        for drawn in draws_of(section):
            try:
                locate_weights(kind, drawn)
            except WeightsUnavailable as error:
                found.setdefault(name, str(error))
            except WrongWeights as error:
                wrong[str(error)] = None
    if wrong:
        raise WrongWeights("\n".join(wrong))
    return found


def draws_of(section: Section) -> Iterator[Backbone]:
    """A branch with each combination of what decides its file; none for random weights or a scratch network."""
    if not isinstance(section, Backbone):
        return
    keys = ["weights", *own_settings(section)]
    options = [all_values(getattr(section, key), type(section).model_fields[key].default) for key in keys]
    for values in itertools.product(*options):
        drawn = section.model_copy(update=dict(zip(keys, values, strict=True)))
        if drawn.weights is not None:
            yield drawn
