"""The formats that a model leaves in: what each is called, which packages it needs, how near to Keras it must come."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.nearest import nearest

QUANTIZED = ("float16", "int8")
"""What the weights of a LiteRT file may be in, instead of float32."""


@dataclass(frozen=True)
class Format:
    """A kind of model file.

    Attributes:
        name: what a person calls it.
        file: its main file, or its folder.
        packages: the modules that write and run it, besides Keras and TensorFlow.
        extra: of cnnsearch, which brings them; empty where there are none.
    """

    name: str
    file: str
    packages: tuple[str, ...] = ()
    extra: str = ""


FORMATS = {
    found.name: found
    for found in (
        Format("keras", "model.keras"),
        Format("saved_model", "saved_model"),
        Format("onnx", "model.onnx", ("onnx", "tf2onnx", "onnxruntime"), "onnx"),
        Format("litert", "model.tflite", ("ai_edge_litert",), "litert"),
        Format("openvino", "model.xml", ("openvino",), "openvino"),
    )
}


@dataclass(frozen=True)
class Tolerance:
    """How far a converted model may be from Keras.

    Attributes:
        difference: the largest one of any probability; None for no bound.
        agreement: the least share of images of which both say the same class.
    """

    difference: float | None
    agreement: float


_TOLERANCES = {
    "": Tolerance(1e-3, 1.0),
    "float16": Tolerance(2e-2, 0.95),  # weights of 11 bits: a photo between two classes may change sides
    "int8": Tolerance(None, 0.95),
}


@dataclass(frozen=True)
class Target:
    """One file to be made.

    Attributes:
        format: its kind.
        quantized: `float16` or `int8`; empty for float32.
    """

    format: Format
    quantized: str = ""

    @property
    def name(self) -> str:
        """What it is called, and its folder: `onnx`, `litert-int8`."""
        return f"{self.format.name}-{self.quantized}" if self.quantized else self.format.name

    @property
    def tolerance(self) -> Tolerance:
        """How near to Keras it must come."""
        return _TOLERANCES[self.quantized]


def targets_of(to: str, quantize: str | None = None) -> tuple[Target, ...]:
    """The files that `--to onnx,litert --quantize int8` asks for: LiteRT in float32, and in each quantized form.

    Raises:
        CnnSearchError: a name is unknown, or LiteRT is not asked for and shall be quantized.
    """
    names = _listed("--to", to, tuple(FORMATS))
    kinds = _listed("--quantize", quantize, QUANTIZED) if quantize else ()
    if kinds and "litert" not in names:
        rule = f"only litert can be quantized, got --to {','.join(names)}"
        raise CnnSearchError(str(Problem("--quantize", rule, "Add litert to --to, or leave --quantize out.")))
    quantized = [Target(FORMATS["litert"], kind) for kind in kinds]
    return (*(Target(FORMATS[name]) for name in names), *quantized)


def _listed(option: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = next((name for name in names if name not in known), None)
    if unknown is None and names:
        return names
    rule = f"it lists some of {', '.join(known)}, got {text if unknown is None else unknown!r}"
    advice = nearest(unknown or "", known).strip() or f"Such as {option} {','.join(known[-2:])}."
    raise CnnSearchError(str(Problem(option, rule, advice)))


def check_installed(targets: Sequence[Target]) -> None:
    """Refuse what cannot be made for want of a package; all that is missing is told at once.

    Raises:
        CnnSearchError: packages are missing; the message names the extras that bring them.
    """
    wanted = {target.format.name: target.format for target in targets}
    missing = {found: _missing(found) for found in wanted.values() if _missing(found)}
    if missing:
        kinds = ", ".join(f"{found.name} ({', '.join(names)})" for found, names in missing.items())
        extras = ",".join(found.extra for found in missing)
        rule = f"each format's packages must be installed, got none of these: {kinds}"
        raise CnnSearchError(str(Problem("--to", rule, f"pip install 'cnnsearch[{extras}]'")))


def _missing(kind: Format) -> tuple[str, ...]:
    return tuple(name for name in kind.packages if find_spec(name) is None)
