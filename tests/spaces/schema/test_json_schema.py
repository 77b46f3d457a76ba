"""The JSON schema of the language against the language itself: what one takes, the other takes, rule by rule."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import load_space, loads_space, shipped_spaces
from cnnsearch.spaces.reading.nodes import read_nodes
from cnnsearch.spaces.schema.space_schema import space_schema, space_schema_text
from cnnsearch.spaces.sections.json_schema import SEARCHED, documented_keys
from cnnsearch.spaces.sections.optimizers import AdamW
from cnnsearch.spaces.written import as_yaml

from ..strategies.broken import broken_documents
from ..strategies.documents import documents
from ..strategies.values import Tree

SCHEMA = space_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
BASE = {"data": "{source: photos, image_size: 64}", "model": "vgg16"}
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def errors_of(text: str) -> list[str]:
    """What the schema has against a text."""
    root, problems = read_nodes(text, "f.yaml")
    assert root is not None
    assert problems == []
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(root.plain())]


def document(**sections: str) -> str:
    """A whole document of some sections, and of the two that must be there."""
    return "".join(f"{key}: {value}\n" for key, value in {**BASE, **sections}.items())


def scratch(keys: str) -> str:
    return document(model=f"{{scratch: {{{keys}}}}}")


def test_the_schema_is_one_and_the_same_each_time():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(space_schema_text()) == SCHEMA
    assert space_schema_text() == space_schema_text()
    assert SEARCHED not in space_schema_text()


def keys_of(node: Any, path: str = "") -> Iterator[tuple[str, Tree]]:
    """Every key that the schema knows, with its own schema; a rule about known keys is no object of its own."""
    if isinstance(node, dict):
        if node.get("type") == "object" and isinstance(node.get("properties"), dict):
            yield from ((f"{path}.{key}", value) for key, value in node["properties"].items())
        for key, value in node.items():
            yield from keys_of(value, f"{path}.{key}")
    elif isinstance(node, list):
        for value in node:
            yield from keys_of(value, path)


def test_every_key_has_a_description():
    found = dict(keys_of(SCHEMA))
    assert len(found) > 200
    shared = SCHEMA["$defs"]["when"]["description"]
    told = {path: key.get("description") or (key == {"$ref": "#/$defs/when"} and shared) for path, key in found.items()}
    assert [path for path, text in told.items() if not text] == []


def test_every_reference_leads_somewhere_and_every_definition_is_used():
    text = space_schema_text()
    named = {word.partition('"')[0] for word in text.split('"#/$defs/')[1:]}
    assert named == set(SCHEMA["$defs"])


def test_descriptions_are_the_docstrings_under_the_fields():
    texts = documented_keys(AdamW)
    assert texts["beta_1"] == "How slowly the gradients' running mean forgets."  # of its base class
    patience = SCHEMA["$defs"]["EarlyStopping"]["properties"]["patience"]
    assert patience["description"] == "Epochs without a better value before the end."
    assert patience["default"] == 3


def test_sections_have_the_defaults_of_their_keys_and_kinds_their_names():
    keys = SCHEMA["properties"]
    assert "default" not in keys["training"]
    assert keys["optimizer"]["default"] == "adam"
    assert SCHEMA["$defs"]["Data"]["properties"]["image_size"]["default"] == [64, 64]


@pytest.mark.parametrize("name", shipped_spaces())
def test_a_shipped_space_is_valid_as_written_and_with_its_defaults(name: str):
    from importlib import resources

    text = (resources.files("cnnsearch.spaces") / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=space.schema.json"
    assert errors_of(text) == []
    assert errors_of(load_space(name).to_yaml()) == []


@unhurried
@given(documents())
def test_made_spaces_are_valid_as_written_and_with_their_defaults(tree: Tree):
    text = as_yaml(tree)
    assert errors_of(text) == []
    assert errors_of(loads_space(text, "made", allow_code=True).to_yaml()) == []


@unhurried
@given(broken_documents())
def test_the_schema_refuses_nothing_that_can_be_loaded(tree: Tree):
    text = as_yaml(tree)
    try:
        loads_space(text, "any", allow_code=True)
    except SpaceError:
        return
    assert errors_of(text) == []


GOOD = [
    document(),
    document(model="{choice: [vgg16, mobilenet]}", optimizer="adam"),
    document(model="{choice: {vgg16: null, small: {scratch: {blocks: 2}}}, prior: small}"),
    document(model="{choice: {a: {choice: {vgg16: {}, b: {choice: [mobilenet]}}}, c: {vgg16: {weights: null}}}}"),
    document(model="{scratch: {choice: {deep: {blocks: 4}, wide: {blocks: 2, filters: 128}}}}"),
    document(data="{source: photos, image_size: {choice: [32, [48, 64]]}}"),
    document(data="{source: photos, image_size: {int: [32, 64], step: 32}}", version="1"),
    document(augment="{choice: {none: null, some: {zoom: {float: [0, 1]}}}}"),
    document(head="{dense: [64, {int: [8, 16]}, {units: {choice: [8, 16]}, dropout: 0.5}]}"),
    document(head="{dense: {layers: {int: [0, 2]}, units: {choice: [8, 16], per: layer}, dropout: [0, 0.5]}}"),
    document(head="{dense: {choice: {none: [], two: {layers: 2, units: 64}}}}"),
    document(optimizer="{choice: {sgd: {momentum: {float: [0.0, 0.9], prior: 0.5}}, fast: {lion: {}}}}"),
    document(
        training="{class_weights: {cat: 1, dog: 2.5}, schedule: {choice: [constant, cosine]}, early_stopping: null}"
    ),
    document(
        training="{early_stopping: {choice: {never: null, soon: {patience: 2}}}, clip_norm: {choice: [null, 1.0]}}"
    ),
    document(search="{time: 1h30m, start_from: [{model: vgg16}]}"),
    document(search="{time: 7200}", keep="{checkpoints: 1}"),
    document(training="{batch_size: {int: [8, 256], scale: log}, epochs: {int: [1, 5], scale: null}}"),
    scratch("batch_norm: {choice: [true, false], per: block}"),
    scratch("blocks: 2, batch_norm: [true, {choice: [true, false]}], filters: [8, {int: [8, 32], step: 8}]"),
    scratch("filters: {start: {choice: [8, 16]}, growth: {float: [1, 2]}}, pool_stride: {choice: [null, 2]}"),
    scratch("dropout: {float: [0.1, 0.5], step: 0.1, scale: linear}, l2: {float: [1.0e-6, 1.0e-3], scale: log}"),
    scratch(
        "blocks: {int: [2, 3]}, residual: {choice: [true, false], when: {model.scratch.blocks: 3}, otherwise: false}"
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_both_take_every_form_of_the_language(text: str):
    loads_space(text, "f")
    assert errors_of(text) == []


BAD = [
    "data: {source: photos}\n",  # no model
    "model: vgg16\n",
    "data: {}\nmodel: vgg16\n",
    document(modell="vgg16"),
    document(version="2"),
    document(version="one"),
    document(data="{source: photos, colour: rgb}"),
    document(data="{source: 5}"),
    document(data="{source: photos, color: {choice: [rgb, gray]}}"),  # not to be searched
    document(data="{source: photos, image_size: [64]}"),
    document(data="{source: photos, image_size: [64, 64, 3]}"),
    document(data="{source: photos, image_size: {float: [32.0, 64.0]}}"),
    document(model="vgg61"),
    document(model="[vgg16]"),
    document(model="custom"),  # which function?
    document(model="{vgg16: {}, mobilenet: {}}"),
    document(model="{choice: {}}"),
    document(model="{choice: []}"),
    document(model="{choice: {other: {}}}"),
    document(model="{choice: {other: vgg16}}"),
    document(model="{choice: {other: {scratch: {}, vgg16: {}}}}"),
    document(model="{choice: {1st: {scratch: {}}}}"),
    document(model="{choice: [vgg16, vgg16]}"),
    document(augment="{zoom: {int: [0, 1], flaot: 1}}"),
    document(head="{dense: [{unit: 5}]}"),
    document(head="{dense: {units: {choice: [8], per: block}}}"),
    document(head="{dense: {layers: 2}}"),
    document(optimizer="{adam: {momentum: 0.9}}"),
    document(training="{epochs: 0}"),
    document(training="{epochs: '20'}"),
    document(training="{epochs: {int: [0, 5]}}"),
    document(training="{epochs: {int: [5]}}"),
    document(training="{epochs: {int: [1, 5], step: 0}}"),
    document(training="{epochs: {int: [1, 5], scale: lgo}}"),
    document(training="{epochs: {int: [1, 5], choice: [1]}}"),
    document(training="{epochs: {choice: [1, 1]}}"),
    document(training="{epochs: {choice: [1, {int: [2, 3]}]}}"),
    document(training="{epochs: {choice: [1, 2], otherwise: 1}}"),
    document(training="{epochs: {choice: [1, 2], when: {}}}"),
    document(training="{class_weights: balance}"),
    document(training="{class_weights: {cat: -1}}"),
    document(search="{time: 2 hours}"),
    document(search="{start_from: {model: vgg16}}"),
    scratch("filters: {choice: [8, 16], per: layer}"),
    scratch("blocks: {choice: [2, 3], per: block}"),
    scratch("blocks: true"),
    scratch("filters: 16.5"),
    scratch("filters: []"),
    scratch("pool: maximum"),
    scratch("norm: batch, batch_norm: true"),
    scratch("batch_norm: yes"),
    scratch("dropout: {float: [0.0, 1.0]}"),
    scratch("dropout: {float: [low, 0.5]}"),
    scratch("dropout: {float: [0.1, 0.5], scale: lgo}"),
    scratch("dropout: {float: [0.1, 0.5], stp: 0.1}"),
]


@pytest.mark.parametrize("text", BAD)
def test_both_refuse_a_broken_document(text: str):
    with pytest.raises(SpaceError, match=r"f\.yaml:\d+:\d+: "):
        loads_space(text, "f")
    assert errors_of(text) != []


ONLY_LOADED = {
    "a range runs upwards": scratch("blocks: {int: [4, 2]}"),
    "steps lead from one end to the other": scratch("filters: {int: [8, 30], step: 8}"),
    "a log scale is above 0": scratch("dropout: {float: [0.0, 0.5], scale: log}"),
    "a log scale has no step": scratch("dropout: {float: [0.1, 0.5], scale: log, step: 0.1}"),
    "a whole number is written without a point": scratch("blocks: 2.0"),
    "infinity is no value": document(training="{clip_norm: .inf}"),
    "a prior is one of the values": scratch("blocks: {choice: [2, 3], prior: 4}"),
    "a condition names a value": scratch("dropout: {float: [0.0, 0.5], when: {model.scratch.block: 3}}"),
    "a number of blocks has no condition": scratch("blocks: {choice: [2, 3], when: {head.output: softmax}}"),
    "a list has an entry for each block": scratch("blocks: 3, filters: [8, 16]"),
    "options differ in meaning": document(data="{source: photos, image_size: {choice: [64, [64, 64]]}}"),
    "an option in a list is fixed": document(model="{choice: [{vgg16: {weights: {choice: [null]}}}]}"),
    "some draw must be possible": document(data="{source: photos, image_size: 16}"),
    "weights exist for four alphas": document(model="{mobilenet: {alpha: 0.3}}"),
    "a time is more than nothing": document(search="{time: 0s}"),
    "a start lies in the space": document(search="{start_from: [{model: mobilenet}]}"),
}
"""What a schema cannot say, or not in a way that an editor could explain."""


@pytest.mark.parametrize("text", ONLY_LOADED.values(), ids=ONLY_LOADED.keys())
def test_what_a_schema_cannot_know_is_refused_when_it_is_read(text: str):
    assert errors_of(text) == []
    with pytest.raises(SpaceError, match=r"f\.yaml:\d+:\d+: "):
        loads_space(text, "f")
