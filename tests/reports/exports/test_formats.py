"""What --to and --quantize may say, and what is told where a package is missing."""

import pytest

from cnnsearch.reports.exports.formats import Format, Target, check_installed, targets_of
from cnnsearch.spaces.errors import CnnSearchError


def test_quantized_litert_comes_beside_the_plain_one() -> None:
    assert [target.name for target in targets_of("onnx, litert", "int8,float16")] == [
        "onnx",
        "litert",
        "litert-int8",
        "litert-float16",
    ]


@pytest.mark.parametrize(
    ("to", "quantize", "message"),
    [
        ("onx", None, r"--to: it lists some of keras, saved_model, onnx, .*, got 'onx'\. Did you mean `onnx`\?"),
        ("", None, r"--to: it lists some of .*, got ''\."),
        ("onnx", "int8", r"--quantize: only litert can be quantized, got --to onnx\. Add litert to --to"),
        ("litert", "int4", r"--quantize: it lists some of float16, int8, got 'int4'\. Did you mean `int8`"),
    ],
)
def test_what_cannot_be_is_refused(to: str, quantize: str | None, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        targets_of(to, quantize)


def test_missing_packages_are_named_with_their_extras() -> None:
    targets = [Target(Format("onnx", "m", ("no_such_onnx", "json"), "onnx")), Target(Format("x", "m", ("nix",), "x"))]
    with pytest.raises(
        CnnSearchError, match=r"got none of these: onnx \(no_such_onnx\), x \(nix\)\. pip install 'cnnsearch\[onnx,x\]'"
    ):
        check_installed(targets)
