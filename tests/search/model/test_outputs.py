"""What a model's outputs say of the classes."""

import numpy as np
import pytest

from cnnsearch.search.model.outputs import class_probabilities


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_one_sigmoid_output_is_the_second_class(kind: type[np.floating]) -> None:
    probabilities = class_probabilities(np.array([[0.25], [1.0]], kind))
    assert probabilities.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert probabilities.dtype == kind


def test_softmax_stays_as_it_is() -> None:
    outputs = np.array([[0.25, 0.75]], dtype="float32")
    assert np.array_equal(class_probabilities(outputs), outputs)
