"""The decoded images of a search."""

from pathlib import Path

import pytest

from cnnsearch.search.datasets import Datasets, Unwanted
from cnnsearch.spaces.document import Data

DATA = Data.model_validate({"source": "sample:digits", "image_size": [8, 8], "color": "gray"})


def test_decoding_that_is_given_up_ends_and_leaves_nothing_half(tmp_path: Path) -> None:
    told: list[int] = []
    datasets = Datasets(tmp_path, lambda done, total: told.append(done))
    with pytest.raises(Unwanted, match=r"^$"):
        datasets.of(DATA, lambda: len(told) == 3)
    assert len(told) == 3
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert len(datasets.of(DATA).rows("train")) > 1000
