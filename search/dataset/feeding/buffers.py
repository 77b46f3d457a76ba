"""Memory for batches that is used again as soon as nobody holds the batch that lies in it.

Fresh memory is handed out by the system page by page: for a batch of 32 photos of 150 x 150 that takes several times as
long as copying them. And what begins at a multiple of 64 bytes is taken over by TensorFlow and JAX without a copy.
"""

import mmap
import weakref
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SPARE = 16
"""Pieces of memory that wait for their next batch; more are only in use where batches are hoarded."""


class Buffers:
    """Gives arrays of at most `capacity` bytes; any thread may ask."""

    def __init__(self, capacity: int) -> None:
        self._capacity = max(capacity, 1)
        self._free: deque[mmap.mmap] = deque(maxlen=_SPARE)

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
        """An array of this shape with anything in it. It is nobody else's as long as it or a view of it lives."""
        try:
            memory = self._free.popleft()
        except IndexError:
            memory = mmap.mmap(-1, self._capacity)
        # Every view, of whatever shape, holds this array, since the memory below is none of numpy's.
        whole = np.frombuffer(memory, dtype, int(np.prod(shape)))
        weakref.finalize(whole, self._free.append, memory).atexit = False
        return whole.reshape(shape)
