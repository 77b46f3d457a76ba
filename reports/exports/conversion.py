"""Turns a loaded Keras model into the files of another format. Runs in a child process, where Keras is imported."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnsearch.reports.exports.formats import Target
from cnnsearch.reports.exports.int8 import Model, leave_worst_in_float
from cnnsearch.reports.exports.runtimes import keep_openvino_silent
from cnnsearch.reports.exports.samples import Calibration, one_by_one
from cnnsearch.spaces.errors import CnnSearchError, Problem

_AUGMENTATION = "augment_"
"""What the names of our augmentation layers begin with."""


@dataclass(frozen=True)
class Material:
    """What a file is made of.

    Attributes:
        model: the loaded Keras model.
        source: the file that it was loaded from.
        calibration: what int8 is made by; None for the other kinds.
    """

    model: Model
    source: Path
    calibration: Calibration | None = None


def convert(material: Material, target: Target, place: Path) -> dict[str, int]:
    """Write a model as the target's file, or folder, at a place where nothing is yet.

    Returns:
        Of an int8 file on how many images it was calibrated, and how many of its layers stayed in float32.

    Raises:
        CnnSearchError: the converter refuses this model.
    """
    try:
        return _WRITERS[target.format.name](material, target, place) or {}
    except Exception as error:  # converters raise anything
        line = next((line for line in str(error).splitlines() if line.strip()), "")[:300]
        rule = f"this model must be convertible to {target.name}, got {type(error).__name__}: {line}"
        advice = "Another format may take it; its layers are in config.yaml."
        raise CnnSearchError(str(Problem(f"--to {target.format.name}", rule, advice))) from error


def for_inference(model: Model) -> Model:
    """The same model without the layers that change training images, which converters stumble on, and in float32.

    Those layers rest in inference, but draw random numbers all the same. One that was trained in half precision has
    weights in float32, and few runtimes know bfloat16.
    """
    import keras

    def cloned(layer: Any) -> Any:  # noqa: ANN401
        return type(layer).from_config(_with_float32(layer.get_config()))

    def called(layer: Any, *inputs: Any, **settings: Any) -> Any:  # noqa: ANN401
        return inputs[0] if layer.name.startswith(_AUGMENTATION) else layer(*inputs, **settings)

    plain = keras.models.clone_model(model, clone_function=cloned, call_function=called, recursive=True)
    plain.set_weights(model.get_weights())
    plain(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras exports what was called
    return plain


def _with_float32(node: Any) -> Any:  # noqa: ANN401 - a tree of JSON values
    """A layer's configuration without half precision."""
    if isinstance(node, dict):
        mixed = node.get("class_name") == "DTypePolicy"
        return "float32" if mixed else {key: _with_float32(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_float32(value) for value in node]
    return "float32" if node in ("mixed_float16", "mixed_bfloat16") else node


def _keras(material: Material, _target: Target, place: Path) -> None:
    shutil.copyfile(material.source, place)


def _saved_model(material: Material, _target: Target, place: Path) -> None:
    for_inference(material.model).export(place, format="tf_saved_model", verbose=False)


def _onnx(material: Material, _target: Target, place: Path) -> None:
    for_inference(material.model).export(place, format="onnx", verbose=False)


def _openvino(material: Material, _target: Target, place: Path) -> None:
    keep_openvino_silent()
    for_inference(material.model).export(str(place), format="openvino", verbose=False)


def _litert(material: Material, target: Target, place: Path) -> dict[str, int]:
    """For one image at a time: a free batch size would keep LiteRT's fast kernels out."""
    import keras

    plain = for_inference(material.model)
    image = keras.InputSpec(shape=(1, *plain.input_shape[1:]), dtype="float32", name="image")
    calibration = material.calibration
    settings = _litert_settings(target.quantized, calibration)
    plain.export(place, format="litert", verbose=False, input_signature=[image], **settings)
    if calibration is None:
        return {}
    in_float = leave_worst_in_float(plain, place, calibration)
    return {"calibrated_on": len(calibration.ranges), "layers_in_float32": in_float}


def _litert_settings(quantized: str, calibration: Calibration | None) -> dict[str, Any]:
    """Of the converter; without TensorFlow's own operations, which LiteRT's runtime lacks."""
    import tensorflow as tf  # type: ignore[import-untyped]

    plain = [tf.lite.OpsSet.TFLITE_BUILTINS]
    smaller = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if quantized == "float16":
        return {**smaller, "target_spec": {"supported_ops": plain, "supported_types": [tf.float16]}}
    if calibration:  # int8: what has no int8 form, such as some activations, stays float32
        kinds = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, *plain]}
        return {**smaller, "representative_dataset": lambda: one_by_one(calibration.ranges), "target_spec": kinds}
    return {"target_spec": {"supported_ops": plain}}


_WRITERS: dict[str, Callable[[Material, Target, Path], dict[str, int] | None]] = {
    "keras": _keras,
    "saved_model": _saved_model,
    "onnx": _onnx,
    "litert": _litert,
    "openvino": _openvino,
}
