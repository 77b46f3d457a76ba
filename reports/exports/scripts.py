"""The scripts that lie beside an exported model: predict.py, which needs no cnnsearch, and the photo.py it stands on.

photo.py is made of the source of our own decoder, so that a photo gives the same pixels there as here.
"""

import ast
import inspect

from cnnsearch.reports.exports.formats import Format
from cnnsearch.search.dataset.decoding import colors, fitting, seen
from cnnsearch.search.dataset.decoding.opening import FORMATS as IMAGE_FORMATS

_RUNS = {
    "keras": (
        "keras tensorflow",
        "import keras",
        'model = keras.saving.load_model(HERE / "model.keras", compile=False)',
        "model.predict_on_batch(image)[0]",
    ),
    "saved_model": (
        "tensorflow",
        "import tensorflow as tf",
        'model = tf.saved_model.load(str(HERE / "saved_model"))',
        "model.serve(image).numpy()[0]",
    ),
    "onnx": (
        "onnxruntime",
        "import onnxruntime",
        'model = onnxruntime.InferenceSession(str(HERE / "model.onnx"), providers=["CPUExecutionProvider"])',
        "model.run(None, {model.get_inputs()[0].name: image})[0][0]",
    ),
    "litert": (
        "ai-edge-litert",
        "from ai_edge_litert.interpreter import Interpreter",
        'model = Interpreter(str(HERE / "model.tflite")).get_signature_runner()',
        "next(iter(model(image=image).values()))[0]",
    ),
    "openvino": (
        "openvino",
        'sys.modules["openvino_telemetry"] = None  # else it reports to its makers that it is used\nimport openvino',
        'model = openvino.Core().compile_model(str(HERE / "model.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})',
        "model(image)[0][0]",
    ),
}
"""For each format what pip calls its runtime, and what that stands on and does not bring; its import, how it opens the
model, and one image's outputs."""

_PREDICT = '''\
"""Print class and probability of each image: python predict.py IMAGE...

It needs: pip install {package} numpy pillow
"""

import json
import sys
from pathlib import Path

import numpy as np
{imported}

from photo import pixels

HERE = Path(__file__).resolve().parent
ABOUT = json.loads((HERE / "classes.json").read_text(encoding="utf-8"))
{opened}

for name in sys.argv[1:]:
    image = pixels(name, ABOUT["shape"], ABOUT.get("resize", "stretch"))
    outputs = np.asarray({outputs})
    chances = outputs if len(outputs) > 1 else np.array([1 - outputs[0], outputs[0]])
    best = int(chances.argmax())
    print(name, ABOUT["classes"][best], f"{{chances[best]:.4f}}", sep="\\t")
'''

_PHOTO = '''\
"""Brings a photo to what the model was trained on, as cnnsearch does. It needs numpy and pillow."""

{imports}

Resize = str


def pixels(path, shape, resize):
    """A photo's pixels 0-255 as (1, height, width, channels): upright, on white, in sRGB, in the model's size."""
    height, width, channels = shape
    mode = "L" if channels == 1 else "RGB"
    with Image.open(path, formats={formats}) as image:
        picture = seen(image)
    if picture.mode != mode:
        picture = picture.convert(mode)
    return np.asarray(fitted(picture, height, width, resize), np.float32).reshape(1, *shape)


{bodies}
'''


def predict_script(kind: Format) -> str:
    """The text of predict.py: under 40 lines, which need this format's runtime, numpy and pillow."""
    package, imported, opened, outputs = _RUNS[kind.name]
    return _PREDICT.format(package=package, imported=imported, opened=opened, outputs=outputs)


def photo_script() -> str:
    """The text of photo.py, the same for all formats."""
    imports = {"import numpy as np", "from PIL import Image"}
    bodies = []
    for module in (seen, colors, fitting):
        found, body = _parts(inspect.getsource(module))
        imports |= found
        bodies.append(body)
    ordered = sorted(imports, key=lambda line: (_third_party(line), line.startswith("from"), line))
    first = next(k for k, line in enumerate(ordered) if _third_party(line))
    lines = "\n".join([*ordered[:first], "", *ordered[first:]])
    return _PHOTO.format(imports=lines, formats=list(IMAGE_FORMATS), bodies="\n\n\n".join(bodies))


def _third_party(line: str) -> bool:
    return "PIL" in line or "numpy" in line


def _parts(source: str) -> tuple[set[str], str]:
    """A module's imports, without those of cnnsearch, and what comes behind them."""
    lines = source.splitlines()
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    texts = {"\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in nodes}
    end = max(node.end_lineno or 0 for node in nodes)
    return {text for text in texts if "cnnsearch" not in text}, "\n".join(lines[end:]).strip("\n")
