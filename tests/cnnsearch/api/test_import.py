"""`import cnnsearch` is quick, and nothing heavy comes along before it must."""

import pydoc
import subprocess
import sys

import pytest

import cnnsearch

HEAVY = "{'keras', 'tensorflow', 'optuna', 'keras_tuner', 'sklearn', 'scipy', 'pydantic', 'rich'}"


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import cnnsearch; dir(cnnsearch)", HEAVY),
        ("import cnnsearch; cnnsearch.CnnSearchError", HEAVY),
        ("import cnnsearch; cnnsearch.run, cnnsearch.open_run, cnnsearch.Run", "{'keras', 'tensorflow', 'optuna'}"),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str, heavy: str) -> None:
    check = f"import sys\n{code}\nsys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_all_public_names_are_there() -> None:
    assert [name for name in cnnsearch.__all__ if not hasattr(cnnsearch, name)] == []
    assert dir(cnnsearch) == sorted(cnnsearch.__all__)


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'cnnsearch' has no attribute 'serch'"):
        _ = cnnsearch.serch


def test_help_tells_how_to_begin() -> None:
    text = pydoc.plain(pydoc.render_doc(cnnsearch))
    assert 'run = cnnsearch.run("basic", data="photos/", trials=20, time="30m")' in text
    for name in ("run(", "open_run(", "class Run(", "class CnnSearchError("):
        assert name in text
    assert "keras_tuner.HyperModel" in pydoc.plain(pydoc.render_doc(cnnsearch.run))
