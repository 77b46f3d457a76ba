"""What a fixed or searched value may be, listed."""

from typing import Any

import pytest

from cnnsearch.spaces.values import all_values

WHEN = {"model.scratch.blocks": [3]}


@pytest.mark.parametrize(
    ("node", "found"),
    [
        (3, [3]),
        (None, [None]),
        ({"choice": [[8, 8], [16, 16]]}, [[8, 8], [16, 16]]),
        ({"choice": {"a": 1, "b": 2}}, ["a", "b"]),
        ({"int": [2, 6], "step": 2}, [2, 4, 6]),
        ({"float": [0.0, 0.5]}, [0.0, 0.5]),
        ({"choice": [1, 2], "when": WHEN}, [1, 2, 7]),
        ({"choice": [1, 2], "when": WHEN, "otherwise": None}, [1, 2, None]),
    ],
)
def test_all_values_of_a_node_are_listed_with_what_holds_where_it_is_absent(node: Any, found: list[Any]) -> None:
    assert all_values(node, default=7) == found
