"""Memory of batches: aligned, used again, and never while somebody looks at it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.feeding.buffers import Buffers


def place(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_memory_is_aligned_and_used_again() -> None:
    buffers = Buffers(2 * 3 * 5)
    first = buffers.empty((2, 3, 5))
    where = place(first)
    assert where % 64 == 0
    del first
    smaller = buffers.empty((1, 3, 5))
    assert (place(smaller), smaller.shape, smaller.dtype) == (where, (1, 3, 5), np.uint8)


def test_an_empty_batch_has_a_shape() -> None:
    assert Buffers(0).empty((0, 4, 4, 3)).shape == (0, 4, 4, 3)


@given(st.lists(st.tuples(st.integers(0, 255), st.sampled_from(["keep", "view", "drop"]), st.integers(0, 9))))
def test_what_is_held_is_never_written_again(batches: list[tuple[int, str, int]]) -> None:
    buffers, held = Buffers(12), []
    for value, fate, forgotten in batches:
        batch = buffers.empty((2, 6))
        batch[:] = value
        if fate != "drop":
            held.append((value, batch if fate == "keep" else batch.reshape(3, 4)[1:].T))
        del batch
        if forgotten < len(held):
            del held[forgotten]
        assert all((array == value).all() for value, array in held)
