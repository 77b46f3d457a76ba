"""What differs between two spaces."""

import pytest

from cnnsearch.spaces.compare import Kind, differences
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space


def space_of(rest: str, model: str = "vgg16") -> Space:
    """A space with this in it."""
    return loads_space(f"data: {{source: x}}\nmodel: {model}\n{rest}\n", "s")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("training: {epochs: 3}", "training: {epochs: {int: [3, 5]}}", Kind.WIDENED),
        ("training: {epochs: {int: [3, 5]}}", "training: {epochs: 3}", Kind.NARROWED),
        ("training: {epochs: 3}", "training: {epochs: {int: [4, 5]}}", Kind.CHANGED),
        ("training: {epochs: {int: [3, 5]}}", "training: {epochs: {int: [4, 6]}}", Kind.CHANGED),
        ("training: {epochs: {int: [2, 8], step: 2}}", "training: {epochs: {int: [2, 9]}}", Kind.WIDENED),
        ("training: {epochs: {int: [1, 100000000]}}", "training: {epochs: {int: [1, 200000000]}}", Kind.WIDENED),
        ("training: {epochs: {int: [1, 10]}}", "training: {epochs: {int: [1, 999], step: 2}}", Kind.CHANGED),
        ("head: {l2: {float: [0.1, 0.2]}}", "head: {l2: {float: [0.1, 0.3]}}", Kind.WIDENED),
        ("head: {l2: {choice: [0.1, 0.2]}}", "head: {l2: {float: [0.1, 0.3]}}", Kind.WIDENED),
        ("head: {l2: {float: [0.1, 0.2]}}", "head: {l2: {float: [0.1, 0.2], scale: log}}", Kind.CHANGED),
        ("head: {l2: {float: [0.0, 1.0], step: 1.0e-08}}", "head: {l2: {float: [0.0, 1.0], step: 0.5}}", Kind.NARROWED),
        ("training: {epochs: {int: [1, 9]}}", "training: {epochs: {int: [1, 9], scale: log}}", Kind.CHANGED),
        ("head: {pooling: max}", "head: {pooling: {choice: [average, max]}}", Kind.WIDENED),
        ("optimizer: sgd", "optimizer: {choice: [adam, sgd]}", Kind.WIDENED),
    ],
)
def test_a_value_is_widened_narrowed_or_changed(before: str, after: str, kind: Kind):
    found = differences(space_of(before), space_of(after))
    assert found[0].kind is kind
    assert found[0].keeps_trials is (kind is Kind.WIDENED)
    assert differences(space_of(after), space_of(after)) == []
