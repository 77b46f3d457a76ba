"""Where the images lie for a model: the files of TensorBoard's projector."""

from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.explaining.choosing import Predicted
from cnnsearch.search.explaining.embeddings import reduced, write_embeddings
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space

SPACE = 'data: {source: "sample:digits", image_size: [8, 8], color: gray}\nmodel: {scratch: {blocks: 1}}\n'


@given(st.integers(2, 30), st.integers(1, 200), st.integers(0, 9))
def test_few_numbers_keep_the_distances_of_few_images(images: int, numbers: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(images, numbers)).astype(np.float32)
    found = reduced(vectors, most=40)
    assert found.shape[1] <= 40
    before, after = (np.linalg.norm(each[:, None] - each[None], axis=2) for each in (vectors, found))
    assert np.allclose(before, after, atol=1e-3)


def test_vectors_labels_and_sprite_are_of_the_same_images(tmp_path: Path) -> None:
    dataset = prepare_dataset(loads_space(SPACE, "tiny").configuration({}).data, tmp_path / "cache")
    names = [dataset.names[row] for row in range(5)]
    asked = [Predicted(name, int(dataset.labels[row]), 0, (1.0, *[0.0] * 9)) for row, name in enumerate(names)]
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3), keras.layers.Dense(10)]
    about = write_embeddings(tmp_path / "embeddings", keras.Sequential(layers), dataset, asked)
    assert about == {"images": 5, "numbers": 3, "width": 40, "height": 40}
    header, *labels = (tmp_path / "embeddings" / "labels.tsv").read_text().splitlines()
    assert header.split("\t") == ["image", "class", "predicted", "probability", "right"]
    assert [line.split("\t")[0] for line in labels] == names
    assert len((tmp_path / "embeddings" / "vectors.tsv").read_text().splitlines()) == 5
    with Image.open(tmp_path / "embeddings" / "sprite.png") as sprite:
        assert sprite.size == (120, 120)
    with pytest.raises(CnnSearchError, match="a dense layer at its end, and know two images"):
        write_embeddings(tmp_path / "embeddings", keras.Sequential(layers[:2]), dataset, asked)
