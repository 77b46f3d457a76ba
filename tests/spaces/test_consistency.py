"""The rules that look at more than one value."""

import pytest

from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import loads_space

L2 = "head: {l2: {choice: [0.0, 0.1], when: %s}}"
START = "search: {start_from: [%s]}"


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (L2 % "{head.dropuot: 0.5}", r"found no dropuot on the way\. Did you mean"),
        (L2 % "{head.l2: 0.0}", r"in a circle, got head\.l2 -> head\.l2"),
        (L2 % "{data.split: 1}", r"compares with one value, got data\.split, which holds"),
        (L2 % "{training.epochs: 7}", r"training\.epochs can have .*from 1 to 5\), got 7"),
        (L2 % "{training.epochs: true}", r"`when` names values .*, got true"),
        (L2 % "{augment.zoom: 0.1}", r"values that can be listed, got augment\.zoom, a range"),
        (L2 % "{}", r"`when` names other values and what they must be, got \{\}"),
        (START % "{model: vgg19}", r"4:24: .*this space has no 'vgg19' here\. Did you mean `vgg16`"),
        (START % "{training: {epochs: 9}}", r"4:43: `search\.start_from\.0\.training\.epochs`: .*got 9"),
        ("optimizer: {sgd: {momentum: {float: [0.5, 0.6], step: 1.0e-20}}}", r"at most 1000000000 steps, from 0 on"),
    ],
)
def test_values_that_do_not_go_together_are_named(rest: str, message: str):
    text = "data: {source: x}\nmodel: vgg16\naugment: {zoom: {float: [0.0, 0.2]}}\n"
    training = "" if rest.startswith("training") else "\ntraining: {epochs: {int: [1, 5]}}"
    with pytest.raises(SpaceError, match=message):
        loads_space(text + rest + training, "s")
