"""Runs an exported model with its own format's runtime: to compare it with Keras, and to time it."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.exports.formats import Format

Run = Callable[[NDArray[np.float32]], Any]
"""From one image (1, height, width, channels), 0-255, to the model's outputs (1, units)."""
_WARM_UP = 10
_MOST_CALLS = 100
_MOST_SECONDS = 2.0


def opened(kind: Format, file: Path) -> Run:
    """The model in a file, or folder, of this format."""
    return _OPENERS[kind.name](file)


def answers(run: Run, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A model's outputs (images, units), asked one by one, as an exported model is used."""
    return np.concatenate([np.asarray(run(image[None].astype(np.float32)), dtype=np.float64) for image in images])


def latency(run: Run, image: NDArray[np.float32]) -> float:
    """The median of the seconds that calls with one image take, after some that do not count."""
    for _ in range(_WARM_UP):
        run(image)
    times: list[float] = []
    while len(times) < _MOST_CALLS and sum(times) < _MOST_SECONDS:
        start = time.perf_counter()
        run(image)
        times.append(time.perf_counter() - start)
    return median(times)


def keep_openvino_silent() -> None:
    """Before it is imported: else it reports to its makers that it is used, and keeps a file for that at home."""
    cast(dict[str, Any], sys.modules)["openvino_telemetry"] = None


def _keras(file: Path) -> Run:
    import keras

    run: Run = keras.saving.load_model(file, compile=False, safe_mode=True).predict_on_batch
    return run


def _saved_model(file: Path) -> Run:
    import tensorflow as tf  # type: ignore[import-untyped]

    loaded = tf.saved_model.load(str(file))  # kept: its functions do not hold its variables
    return lambda image: loaded.serve(image).numpy()


def _onnx(file: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda image: session.run(None, {name: image})[0]


def _litert(file: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    given, outputs = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def run(image: NDArray[np.float32]) -> Any:  # noqa: ANN401 - LiteRT has no types
        interpreter.set_tensor(given, image)
        interpreter.invoke()
        return interpreter.get_tensor(outputs)

    return run


def _openvino(file: Path) -> Run:
    keep_openvino_silent()
    import openvino

    compiled = openvino.Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda image: compiled(image)[0]


_OPENERS: dict[str, Callable[[Path], Run]] = {
    "keras": _keras,
    "saved_model": _saved_model,
    "onnx": _onnx,
    "litert": _litert,
    "openvino": _openvino,
}
