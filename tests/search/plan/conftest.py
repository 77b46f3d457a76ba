"""The forkserver of the children that build and time models, and small spaces."""

import pytest

from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space

WIDE = """\
data: {source: "sample:digits", image_size: {choice: [[8, 8], [32, 32]]}, color: gray}
model:
  choice:
    scratch: {blocks: {int: [1, 4]}, filters: {choice: [2, 32], per: block}, padding: {choice: [same, valid]}}
    vgg16: {weights: null, trainable_from: none}
head: {pooling: {choice: [average, flatten]}, dense: [{units: {int: [4, 64]}}]}
optimizer: {choice: {adam: {learning_rate: {choice: [0.001, 0.01]}}, sgd: {}}}
training: {epochs: 9, batch_size: 64}
search: {trials: 6, time: 1m, pruner: asha}
"""
FIXED = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1, filters: 4}}
training: {epochs: 2}
"""


@pytest.fixture(scope="session")
def forkserver() -> None:
    """Start it with keras imported, as the command does."""
    start_forkserver()


@pytest.fixture(scope="session")
def wide() -> Space:
    """Some draws of it are impossible, in both branches, and its smallest and largest models are far apart."""
    return loads_space(WIDE, "wide")


@pytest.fixture(scope="session")
def fixed() -> Space:
    """A space of one point."""
    return loads_space(FIXED, "fixed")
