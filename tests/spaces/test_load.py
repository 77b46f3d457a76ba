"""Reading a space: what is said about a wrong one, and where."""

import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.spaces.errors import Excerpt, SpaceError
from cnnsearch.spaces.load import load_space, loads_space, shipped_spaces

BASE = "data: {source: photos}\n"


def problems_of(text: str, *overrides: str) -> list[str]:
    """The messages of a text that is no valid space."""
    with pytest.raises(SpaceError, match=r": ") as caught:
        loads_space(text, "f", overrides)
    return [str(problem) for problem in caught.value.problems]


def test_all_problems_are_told_at_once_in_the_order_of_the_file():
    text = (
        "data: {source: photos, colour: rgb}\n"
        "model:\n"
        "  scratch:\n"
        "    fliters: 16\n"
        "    pool: maxx\n"
        "training: {epochs: 0}\n"
        "optimizer: {sgd: {}, adam: {}}\n"
    )
    assert problems_of(text, "keep.checkpoints=many") == [
        "f.yaml:1:24: a key must be known in `data`, got `colour`. "
        "Did you mean `color`? The keys here are source, image_size, resize, color, exclude, split, folds.",
        "f.yaml:4:5: a key must be known in `model.scratch`, got `fliters`. Did you mean `filters`?",
        'f.yaml:5:11: `model.scratch.pool` must be one of max, average, none, got "maxx". Did you mean `max`?',
        "f.yaml:6:20: `training.epochs` must be at least 1, got 0.",
        "f.yaml:7:12: `optimizer`: exactly one of sgd, rmsprop, adam, adamw, nadam, adagrad, lion stands here, "
        'got ["sgd", "adam"]. '
        "Put several of them under `choice:`.",
        '--set keep.checkpoints=many: `keep.checkpoints` must be a whole number, got "many".',
    ]


SCRATCH = "data: {source: photos}\nmodel: {scratch: {%s}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SCRATCH % "filters: '16'", '2:28: `model.scratch.filters` must be a whole number, got "16". Take the quotes'),
        (
            SCRATCH % "filters: 16" + "search: {per_device: all}\n",
            '3:22: `search.per_device`: trials on a device are a whole number from 1 to 64, or auto, got "all". Write',
        ),
        (SCRATCH % "filters: true", "2:28: `model.scratch.filters` must be a whole number, got true"),
        (SCRATCH % "filters: 16.0", "2:28: `model.scratch.filters` must be a whole number, got 16.0"),
        (SCRATCH % "filters: {choice: [16, '16']}", "`model.scratch.filters.choice.1` must be a whole number"),
        (SCRATCH % "filters: {choice: [16, 16]}", "`model.scratch.filters.choice.1`: the options of a choice differ"),
        (SCRATCH % "filters: {choice: []}", "a choice has one option or more, got none"),
        (SCRATCH % "filters: {choice: 16}", "the options of a choice are a list of values, got 16"),
        (
            SCRATCH % "filters: {choice: [{int: [1, 2]}]}",
            'an option in a list of a choice is a fixed value, got {"int": [1, 2]}. List all the values.',
        ),
        (
            BASE + "model: {vgg16: {fine_tune: {choice: [null, {epochs: {int: [2, 4]}}]}}}",
            'an option in a list of a choice is a fixed value, got {"epochs": {"int": [2, 4]}}. '
            "Give the options names: {choice: {off: null, way2: {epochs: {int: [2, 4]}}}}.",
        ),
        (
            BASE + "model: {vgg16: {trainable_from: {choice: [none, {last: {int: [2, 9]}}]}}}",
            "Give the options names: {choice: {none: none, way2: {last: {int: [2, 9]}}}}.",
        ),
        (SCRATCH % "filters: {int: [64, 16]}", "a range goes from low to high, got [64, 16]. Write [16, 64]."),
        (SCRATCH % "filters: {int: [1, 8], step: 3}", "steps of 3 lead from 1 to 8, got a rest. End the range at 7."),
        (SCRATCH % "filters: {int: [0, 8]}", "2:35: `model.scratch.filters.int.0` must be at least 1, got 0"),
        (SCRATCH % "filters: {float: [1, 8]}", "`model.scratch.filters.float.0` must be a whole number, got 1.0"),
        (
            SCRATCH % "filters: {int: [1, 8], scael: log}",
            "beside `int` stand only step, scale, prior, when, otherwise, per, got `scael`. Did you mean `scale`?",
        ),
        (SCRATCH % "filters: {int: [1, 8], scale: lgo}", 'the scale is linear or log, got "lgo". Did you mean `log`?'),
        (SCRATCH % "filters: {int: [1, 7], scale: log, step: 2}", "a log scale has no step, got step 2"),
        (SCRATCH % "filters: {int: [0, 8], scale: log}", "a log scale needs bounds above 0, got 0."),
        (SCRATCH % "dropout: {float: [0.0, 1.0]}", "`model.scratch.dropout.float.1` must be less than 1.0, got 1.0"),
        (
            SCRATCH % "dropout: {float: [0.0, .nan]}",
            "`model.scratch.dropout.float.1`: an end of a range is a finite number, got NaN",
        ),
        (SCRATCH % "dropout: {float: [0, 0.5], step: 1}", "steps of 1 lead from 0 to 0.5, got a rest."),
        (SCRATCH % "dropout: {float: [0, 0.5], step: 0.2}", "got a rest. End the range at 0.4."),
        (SCRATCH % "dropout: {float: [0, 0.5], step: 1e-300}", "a range has at most 1000000000 steps"),
        (SCRATCH % "dropout: {float: [0, 0.5], scale: log}", "a log scale needs bounds above 0, got 0."),
        (SCRATCH % "dropout: {float: [0.1, 0.5], scale: log, step: 0.1}", "a log scale has no step, got step 0.1"),
        (
            SCRATCH % "dropout: {flaot: [0, 0.5]}",
            "Did you mean `float`? A searched value has one of the keys choice, int",
        ),
        (SCRATCH % "dropout: {int: [0, 0], float: [0, 0.5]}", "got int and float. Keep one."),
        (SCRATCH % "batch_norm: yes", 'must be true or false, got "yes". YAML 1.2 has true and false only.'),
        (SCRATCH % "pool: {int: [1, 2]}", "`model.scratch.pool.int.0` must be one of max, average, none, got 1"),
        (SCRATCH % "blocks: {int: [2, 3], per: block}", "`per` is for the values of a stack of blocks or layers"),
        (
            SCRATCH % "blocks: {int: [2, 4]}, filters: [8, 8]",
            "2:51: `model.scratch.filters`: a list here has one entry for each of up to 4 blocks, got 2",
        ),
        (BASE + "model: {choice: {}}", "a choice has one or more branches of scratch, custom, vgg16"),
        (BASE + "model: {choice: [vgg16, vgg16]}", "the branches of a choice differ from each other"),
        (
            BASE + "model: {choice: [vgg16], scratch: {}}",
            "beside `choice` stand only prior, when, otherwise, got `scratch`. Move it into the choice.",
        ),
        (BASE + "model: {vgg61: {}}", "2:9: a key must be known in `model`, got `vgg61`. Did you mean `vgg16` or"),
        (BASE + "model: 5", "2:8: `model` must be a mapping of keys to values, got 5"),
        (BASE + "model: {mobilenet: {alpha: 0.3}}", "an alpha of 0.25, 0.5, 0.75 or 1.0, got 0.3"),
        (BASE + "model: vgg16\nversion: 2", "3:10: `version`: this cnnsearch reads version 1 of the language, got 2"),
        (BASE + "model: vgg16\nversion: true", "3:10: `version` must be a whole number, got true"),
        (
            BASE + "model: vgg16\nhead:\ntraining: {seed: 1}",
            "3:1: `head` must be a mapping of keys to values",
        ),
        (
            BASE + "model: vgg16\ntraining: {int: [1, 2]}",
            "`training` is a section, got `int` as if it",
        ),
        (
            BASE + "model: vgg16\nsearch: {time: soon}",
            "a length of time is written like 90s, 30m",
        ),
        (
            BASE + "model: vgg16\ntraining: {early_stopping: {monitor: loss}}",
            "a metric of the validation part begins with val_, got 'loss'. Write val_loss.",
        ),
        (BASE + "model: vgg16\naugment: {zoom: 1" + "0" * 399 + "}", "`augment.zoom` must be a number, got 1000"),
        ("model: vgg16", "1:1: `data` must be given, got nothing. Write `data:` in a space document."),
        ("data: {source: ''}\nmodel: vgg16", '`data.source` must have at least 1 characters, got ""'),
        (
            "data: {source: x, image_size: 16}\nmodel: vgg16",
            "`model.vgg16`: takes images of 32 pixels or more, got at most 16",
        ),
        ("data: {source: x, image_size: [1, 2, 3]}\nmodel: vgg16", "`data.image_size` must have at most 2 entries"),
        (
            "data: {source: x, image_size: 16}\nmodel: {scratch: {blocks: 5}}",
            "some draw must leave a pixel after its last",
        ),
        (
            "a: 1\na: 2",
            "2:1: a key stands once in a mapping, got `a` again. Keep one of the two; the first stands at f.y",
        ),
        ("- a", "1:1: a space must be a mapping of keys, got a list"),
        ("word", "1:1: a space must be a mapping of keys, got 'word'"),
        ("# nothing", "f.yaml: a space must say at least `data:` and `model:`, got an empty document"),
        ("[" * 33 + "]" * 33, "1:33: a document has at most 32 levels, got more"),
    ],
)
def test_a_wrong_document_is_refused_with_place_rule_and_value(text: str, message: str):
    assert any(message in problem for problem in problems_of(text)), problems_of(text)


@pytest.mark.timeout(30)
def test_a_yaml_bomb_is_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    assert problems_of("\n".join(lines)) == [
        "f.yaml:5:10: a document has at most 10000 values, got more. Follow fewer aliases."
    ]
    assert "at most 262144 bytes" in problems_of("#" * 262_145)[0]
    assert "at most 10000 values" in problems_of("- 1\n" * 60_000)[0]


@pytest.mark.parametrize("source", ["basic", "basic.yaml", "spaces/basic.yaml"])
def test_a_shipped_space_is_found_by_its_name_and_by_its_place_in_the_project(tmp_path: Path, monkeypatch, source: str):
    monkeypatch.chdir(tmp_path)
    assert load_space(source).name == "basic"


def test_a_file_of_that_name_comes_before_the_shipped_space(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("basic.yaml").write_text(BASE + "model: vgg16\n", encoding="utf-8")
    assert load_space("basic.yaml").document.data.source == "photos"


@pytest.mark.parametrize("name", shipped_spaces())
def test_every_shipped_space_bears_the_name_of_its_file(name: str):
    assert load_space(name).name == name


def test_what_is_no_readable_file_is_refused_in_one_line(tmp_path: Path):
    wrong = tmp_path / "latin.yaml"
    wrong.write_bytes(b"data: x\nmodel: \xe9\n")
    with pytest.raises(SpaceError, match=r"latin\.yaml:2:8: a space must be UTF-8 text, got the byte 0xe9"):
        load_space(wrong)
    with pytest.raises(SpaceError, match=r"a space must be a YAML file, got a folder\. Name the file in it\."):
        load_space(tmp_path)
    with pytest.raises(SpaceError, match=r"basik: a space must be a file or a shipped .* Did you mean `basic`\?"):
        load_space("basik")
    with pytest.raises(SpaceError, match=r"a space must be readable, got: File name too long"):
        load_space("x" * 5000)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("space.yaml", b"PK\x03\x04rest", r"space\.yaml: a space is a YAML text, got a zip archive\. Name the space's"),
        ("space.yaml", b"\xff\xd8\xff\xe0", r"a space is a YAML text, got a JPEG image"),
        ("space.yaml", b"\x89HDF\r\n", r"got an HDF5 file"),
        ("train.py", b"import os\n", r"train\.py: a space is a YAML text, got a Python file"),
        ("space.yaml", "data: x".encode("utf-16"), r"a space must be UTF-8 text, got UTF-16\. Save it as UTF-8\."),
        ("space.yaml", "data: x".encode("utf-16-le"), r"a space must be UTF-8 text, got UTF-16"),
        ("space.yaml", b"", r"space\.yaml: a space must say at least .*, got an empty document\. Begin with a copy of"),
        ("space.yaml", b"# later\n\n---\n", r"got an empty document"),
        ("space.yaml", b"data: x\n\x00", r"space\.yaml:2:1: a space is made of characters .*, got U\+0000\. Delete it"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(tmp_path: Path, name: str, content: bytes, message: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SpaceError, match=message):
        load_space(tmp_path / name)


def test_a_wrong_byte_is_shown_in_its_line(tmp_path: Path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("\ufeffdata: x\nsource: 語".encode() + b"\xe9t\xe9\n")
    with pytest.raises(SpaceError, match=r"latin\.yaml:2:10: .* got the byte 0xe9") as caught:
        load_space(path)
    assert caught.value.problems[0].excerpt == Excerpt("source: 語\ufffdt\ufffd", 9, 1, 2)


def test_json_is_yaml(tmp_path: Path):
    path = tmp_path / "space.json"
    path.write_text('{\n\t"data": {"source": "photos"},\n\t"model": {"vgg16": {"weights": null}}\n}', encoding="utf-8")
    assert load_space(path).document.data.source == "photos"


def test_the_words_of_other_countries_and_versions_are_text():
    assert loads_space("data: {source: no}\nmodel: vgg16", "f").document.data.source == "no"
    assert loads_space("data: {source: 2024-01-01}\nmodel: vgg16", "f").document.data.source == "2024-01-01"


def test_a_problem_carries_its_line_and_where_in_it():
    with pytest.raises(SpaceError, match="must be one of max") as caught:
        loads_space("data: {source: x}\nmodel:\n  scratch: {pool: maxx}   # pool\n", "f")
    assert caught.value.problems[0].excerpt == Excerpt("  scratch: {pool: maxx}   # pool", 18, 4, 3)
    with pytest.raises(SpaceError, match="got `colour`") as caught:
        loads_space("data: {source: x, colour: rgb}\nmodel: vgg16", "f")
    assert caught.value.problems[0].excerpt == Excerpt("data: {source: x, colour: rgb}", 18, 6, 1)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path):
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfdata: {source: photos}\r\nmodel: vgg16\r\n")
    assert load_space(path).document.data.source == "photos"


def test_short_forms_mean_what_they_are_short_for():
    short = loads_space(
        BASE + "model: {choice: [vgg16, mobilenet]}\noptimizer: sgd\nhead: {dense: [512, {int: [8, 16]}]}\n", "s"
    )
    written_out = loads_space(
        BASE + "model: {choice: {vgg16: {}, mobilenet: null}}\noptimizer: {sgd: {}}\n"
        "head: {dense: [{units: 512}, {units: {int: [8, 16]}}]}\n",
        "s",
    )
    assert short == written_out


def test_loading_imports_no_framework():
    code = (
        "import sys, cnnsearch.spaces.load as load; load.load_space('basic');"
        "print(sorted({'keras', 'optuna', 'tensorflow', 'numpy', 'keras_tuner'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_start_that_a_setting_rules_out_is_dropped_and_one_of_the_file_is_refused():
    text = BASE + "model: {scratch: {kernel_size: {choice: [3, 5]}}}\nsearch: {start_from: [{model: {scratch: {%s}}}]}"
    assert loads_space(text % "kernel_size: 5", "f", ["model.scratch.kernel_size=3"]).document.search.start_from == []
    kept = loads_space(text % "kernel_size: 5", "f", ["training.epochs=3"]).document.search.start_from
    assert kept == [{"model": {"scratch": {"kernel_size": 5}}}]
    assert any("it is one of 3, 5 in this space, got 7" in problem for problem in problems_of(text % "kernel_size: 7"))
