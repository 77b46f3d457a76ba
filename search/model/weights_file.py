"""Reads a file of weights into a backbone, and says before the first trial why one cannot be read into it."""

import hashlib
import warnings
import zipfile
from pathlib import Path

import keras

from cnnsearch.search.model.backbones import backbone_network, own_settings
from cnnsearch.search.model.imagenet import imagenet_file, models_folder
from cnnsearch.search.model.size import outlined
from cnnsearch.search.model.weights import WrongWeights, locate_weights
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.sections.backbones import BACKBONES, Backbone

_HDF5 = b"\x89HDF\r\n\x1a\n"
"""What an HDF5 file begins with."""
_MD5 = 32
"""Characters of an MD5 checksum; the others are SHA-256."""
_PIXELS = 224
"""Every backbone takes images of this height and width."""
_LONGEST = 250
"""Characters of Keras' own words in a message."""


def load_weights(name: str, section: Backbone, network: keras.Model) -> None:
    """Give a freshly built backbone the weights its section asks for.

    Raises:
        WeightsUnavailable: they are neither on disk nor to be downloaded.
        WrongWeights: the file is damaged, or of another network.
    """
    if section.weights is None:
        return
    path = locate_weights(name, section)
    try:
        _read(path, name, network)
    except Exception as error:  # Keras and h5py raise whatever they stumble over
        raise WrongWeights(_misfit(name, section, path, error)) from error


def misfit(name: str, section: Backbone) -> str:
    """Why the file of a section's weights is not the right one; empty where it is, and where there is none here.

    The network is built in outline at an image size that every one takes. The file is read whole, as a trial reads it.
    """
    file = imagenet_file(name, section) if section.weights == "imagenet" else None
    if section.weights is None or (file and not (models_folder() / file.name).is_file()):
        return ""
    try:
        if file and file.checksum:
            _check_whole(name, section, models_folder() / file.name, file.checksum)
        with outlined():
            load_weights(name, section, backbone_network(name, section, (_PIXELS, _PIXELS)))
    except CnnSearchError as error:
        return str(error)
    return ""


def _check_whole(name: str, section: Backbone, path: Path, published: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "md5" if len(published) == _MD5 else "sha256").hexdigest()
    if found != published:
        error = ValueError(f"it is not the published file, whose checksum is {published}")
        raise WrongWeights(_misfit(name, section, path, error))


def _misfit(name: str, section: Backbone, path: Path, error: Exception) -> str:
    settings = ", ".join(f"{key} {str(value).lower()}" for key, value in own_settings(section).items())
    network = f"{name} ({settings})" if settings else name
    advice = f"Give weights of a {network} without its top.{_form_advice(path, error)}"
    if section.weights == "imagenet":
        advice = "The file may be damaged: delete it, and it is downloaded again."
    rule = f"{path} does not fit this {network}: {_reason(error)}"
    return str(Problem(f"model.{name}.weights", rule, advice))


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return "it is cut short" if "truncated file" in text else text[:_LONGEST].rstrip(" .:")


def _form_advice(path: Path, error: Exception) -> str:
    """Keras tells its two forms of weights files apart by their names alone."""
    if path.name.endswith(".weights.h5"):
        return " A file in the form of Keras 2 ends in .h5 without .weights."
    return " A file in the form of Keras 3 ends in .weights.h5." if "found 0 saved layers" in str(error) else ""


def _read(path: Path, name: str, network: keras.Model) -> None:
    _check_form(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of each container that a file lacks; what is really missing is an error
        if path.suffix != ".keras":
            network.load_weights(path)
            return
        saved = keras.saving.load_model(path, compile=False, safe_mode=True)
    network.set_weights(_backbone_in(saved, name).get_weights())
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with copies of its moments, which set_weights leaves as they were


def _check_form(path: Path) -> None:
    """Keras and h5py name a web page, a pointer to a large file and an empty file alike, and none by its name."""
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ValueError("it is no whole .keras file")
    with path.open("rb") as file:
        start = file.read(len(_HDF5))
    if path.suffix != ".keras" and start != _HDF5:
        raise ValueError("it is empty" if not start else f"it is no HDF5 file, it begins with {start!r}")


def _backbone_in(saved: keras.Model, name: str) -> keras.Model:
    """The backbone of this name in a whole classifier, however deep; the saved model itself where it holds none.

    Raises:
        ValueError: it holds another backbone.
    """
    inner = {layer.name: layer for layer in saved._flatten_layers(include_self=False) if isinstance(layer, keras.Model)}
    others = sorted(inner.keys() & BACKBONES.keys())
    if others and name not in inner:
        raise ValueError(f"it holds {', '.join(others)}")
    return inner.get(name, saved)
