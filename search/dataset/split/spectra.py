"""What of a picture is compared with others: two bands of its thumbnail's cosine transform.

The lowest frequency of each direction is left out, and with it the brightness and whatever whole rows or columns have
in common, such as a horizon or a white frame.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Thumbnails = NDArray[np.uint8]

SIDE = 32
"""Height and width of a thumbnail."""
LEAST_CONTRAST = 1.0
"""Grey levels (root mean square) that both bands need, so that blank pictures are like none."""

_ROW, _COLUMN = np.mgrid[1:16, 1:16]
_BAND = np.maximum(_ROW, _COLUMN)
_COARSE, _FINE = _BAND < 8, _BAND >= 6
"""Which frequencies, in half waves to a side, make up the bands."""
_MIRROR = np.where(_COLUMN % 2, -1, 1).astype(np.float32)
_WAVES = np.cos(np.pi / SIDE * np.arange(1, 16)[:, None] * (np.arange(SIDE) + 0.5)).astype(np.float32) / 4
"""The cosines of the transform (15, 32), of length 1."""
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Spectra:
    """Unit vectors of coarse shapes (n, 49) and fine detail (n, 200); zeros for a picture without contrast."""

    coarse: Vectors
    fine: Vectors

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.fine)

    def __getitem__(self, rows: slice) -> "Spectra":
        """Some of the pictures."""
        return Spectra(self.coarse[rows], self.fine[rows])

    def mirrored(self) -> "Spectra":
        """Those of the mirror images."""
        return Spectra(self.coarse * _MIRROR[_COARSE], self.fine * _MIRROR[_FINE])


def spectra_of(thumbnails: Thumbnails) -> Spectra:
    """The spectra of grey pictures (n, 32, 32)."""
    spectra = Spectra(
        np.zeros((len(thumbnails), np.count_nonzero(_COARSE)), np.float32),
        np.zeros((len(thumbnails), np.count_nonzero(_FINE)), np.float32),
    )
    for start in range(0, len(thumbnails), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        transforms = _WAVES @ thumbnails[some].astype(np.float32) @ _WAVES.T
        coarse, fine = transforms[:, _COARSE], transforms[:, _FINE]
        lengths = [np.linalg.norm(band, axis=1, keepdims=True) for band in (coarse, fine)]
        plain = np.minimum(*lengths) < LEAST_CONTRAST * SIDE
        for to, band, length in zip((spectra.coarse, spectra.fine), (coarse, fine), lengths, strict=True):
            to[some] = np.where(plain, 0, band / np.maximum(length, 1))
    return spectra
