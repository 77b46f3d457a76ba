"""Finds the layers that cost an int8 model its answers, and leaves those in float32: selective quantization.

Which they are is told by TensorFlow's quantization debugger: the root mean square of what int8 changes in a layer's
output, over its scale, the step of int8. Rounding alone makes 1 / sqrt(12), or 0.29, of it
(https://ai.google.dev/edge/litert/models/quantization_debugger).
"""

import csv
import io
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnsearch.reports.exports.formats import FORMATS
from cnnsearch.reports.exports.runtimes import answers, opened
from cnnsearch.reports.exports.samples import Calibration, Images, one_by_one
from cnnsearch.search.model.outputs import class_probabilities

LIKE_KERAS = 0.99
"""The share of the weighed images on which int8 is to say what Keras says before no layer is left in float32: on 64
others it then falls below 95 % once in some 300 times."""
_STEPS = (3, 6, 12, 24)
"""How many layers are left in float32, until it is enough."""
_LOOKED_AT = 24
"""Images through which the debugger follows every layer, slowly."""
_WEIGHTY = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""The operations whose rounding matters; what stands between them follows."""

Model = Any
"""Of Keras, which has no types."""


@dataclass(frozen=True)
class _Attempt:
    content: bytes
    left: int
    agreement: float


def leave_worst_in_float(model: Model, place: Path, calibration: Calibration) -> int:
    """Make an int8 file anew, with layers in float32, where it does not say what its model says.

    Args:
        model: in float32, without augmentation.
        place: the int8 file; replaced by the first that is like Keras, else by the nearest.
        calibration: by which it was made.

    Returns:
        How many layers are in float32.
    """
    weighed = calibration.weighed
    expected = class_probabilities(model.predict(weighed.astype(np.float32), batch_size=32, verbose=0)).argmax(axis=1)

    def agreement(content: bytes) -> float:
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            file = Path(folder, place.name)
            file.write_bytes(content)
            got = class_probabilities(answers(opened(FORMATS["litert"], file), weighed))
        return float((got.argmax(axis=1) == expected).mean())

    whole = place.read_bytes()
    best = _Attempt(whole, 0, agreement(whole))
    if best.agreement < LIKE_KERAS:
        try:
            best = _nearest(best, _debugged(model, place.parent, calibration.ranges), agreement)
        except Exception:  # the debugger is experimental, and there is a file already
            logging.getLogger(__name__).exception("no layer is left in float32")
        place.write_bytes(best.content)
    return best.left


def _nearest(first: _Attempt, debugger: Any, agreement: Callable[[bytes], float]) -> _Attempt:  # noqa: ANN401
    """With no more layers in float32 than it needs."""
    import tensorflow as tf  # type: ignore[import-untyped]

    best, worst = first, _worst_layers(debugger)
    for count in (step for step in _STEPS if step < len(worst)):
        debugger.options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=worst[:count])
        content = debugger.get_nondebug_quantized_model()
        found = _Attempt(content, count, agreement(content))
        logging.getLogger(__name__).info("%d layers in float32: %.3f agree", count, found.agreement)
        best = max(best, found, key=lambda attempt: attempt.agreement)
        if best.agreement >= LIKE_KERAS:
            break
    return best


def _debugged(model: Model, near: Path, ranges: Images) -> Any:  # noqa: ANN401 - TensorFlow has no types
    """The debugger of a model, which has followed some images through all of its layers."""
    import keras
    import tensorflow as tf

    image = keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32", name="image")
    with tempfile.TemporaryDirectory(dir=near) as folder:
        model.export(folder, format="tf_saved_model", verbose=False, input_signature=[image])
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: one_by_one(ranges)
        looked_at = ranges[np.linspace(0, len(ranges) - 1, min(_LOOKED_AT, len(ranges))).astype(int)]
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=lambda: one_by_one(looked_at)
        )
    debugger.run()
    return debugger


def _worst_layers(debugger: Any) -> list[str]:  # noqa: ANN401
    """The names of their outputs, the worst first."""
    table = io.StringIO()
    debugger.layer_statistics_dump(table)
    rows = [row for row in csv.DictReader(io.StringIO(table.getvalue())) if row["op_name"] in _WEIGHTY]

    def cost(row: dict[str, str]) -> float:
        scale = float(row["scale"])
        return float(row["mean_squared_error"]) ** 0.5 / scale if scale > 0 else 0.0

    return [row["tensor_name"] for row in sorted(rows, key=cost, reverse=True)]
