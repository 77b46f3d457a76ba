"""What differs between two configurations."""

from cnnsearch.reports.comparison.parameters import Differing, differing
from cnnsearch.spaces.load import loads_space

CONFIGURATION = """\
data: {source: photos, image_size: [8, 8]}
model: {scratch: {blocks: 2, filters: [8, 16]}}
head: {dense: [{units: 8, dropout: 0.5}]}
optimizer: {adam: {learning_rate: 0.01}}
training: {epochs: 2, seed: 1}
"""


def found(changes: dict[str, str], drawn: frozenset[str] = frozenset()) -> list[Differing]:
    text = CONFIGURATION
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    one, other = (loads_space(each, "one").tree for each in (CONFIGURATION, text))
    return list(differing(one, other, drawn))


def test_each_value_is_named_by_its_path() -> None:
    assert found({"[8, 16]": "[8, 32]", "dropout: 0.5": "dropout: 0.25"}) == [
        Differing("model.scratch.filters", [8, 16], [8, 32]),
        Differing("head.dense.0.dropout", 0.5, 0.25),
    ]


def test_seeds_and_sources_are_no_difference() -> None:
    assert found({"seed: 1": "seed: 2", "source: photos": "source: others"}) == []


def test_of_another_branch_only_what_was_drawn_is_told() -> None:
    changes = {"adam: {learning_rate: 0.01}": "sgd: {learning_rate: 0.1, momentum: 0.9}"}
    assert found(changes, frozenset({"optimizer.adam.learning_rate"})) == [
        Differing("optimizer", "adam", "sgd"),
        Differing("optimizer.adam.learning_rate", 0.01, None),
    ]


def test_a_layer_more_has_its_values() -> None:
    names = [each.name for each in found({"[{units: 8, dropout: 0.5}]": "[{units: 8, dropout: 0.5}, {units: 4}]"})]
    assert "head.dense.1.units" in names
    assert "head.dense.0.units" not in names
