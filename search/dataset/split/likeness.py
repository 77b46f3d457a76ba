"""Near duplicates: the same picture recompressed, resized, brightened, trimmed, turned a little or mirrored.

Pictures are alike if both bands of their spectra agree: coarse shapes, which are cheap to compare, and fine detail.
Two ships on the sea agree in the first alone.

Where pictures are alike by their kind, as scans of digits or products before a fixed camera, likeness leads from one to
the next until it holds hundreds. There only all but equal ones count, and where even these are many, none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.split.groups import connected
from cnnsearch.search.dataset.split.spectra import Spectra, Thumbnails, Vectors, spectra_of

LEAST_COARSE, LEAST_FINE = 0.85, 0.75
"""Cosines from which two pictures are alike; benchmarks/likeness.py measures what lies on either side."""
ALL_BUT_EQUAL = 0.97
"""The fine cosine that is asked for where too many pictures are alike."""
MOST_ALIKE = 20
"""The most pictures that likeness alone may put together."""
MOST_CROWDED = 0.1
"""The share of pictures connected with more than that, beyond which the whole source is taken to be of such a kind."""
MOST_COMPARED = 150_000
"""Beyond so many pictures none are compared: the time grows with the square of their number."""

_ROWS, _COLUMNS = 512, 4096
"""Compared at a time: matrices of 8 MiB."""
_CROWD = 16
"""Where one of so many pictures agrees in coarse shapes, a whole product is quicker than one for each pair."""
_EDGE = np.dtype([("rows", np.int64, 2), ("similarity", np.float32), ("mirrored", np.bool_)])
_Edges = NDArray[np.void]


@dataclass(frozen=True, eq=False)
class LikePairs:
    """Pairs of near duplicates, each once.

    Attributes:
        rows: (m, 2) numbers of pictures, the smaller one first, ascending.
        similarity: (m,) cosines of the fine detail, up to 1.
        mirrored: (m,) whether one is like the other's mirror image.
    """

    rows: NDArray[np.int64]
    similarity: Vectors
    mirrored: NDArray[np.bool_]


def like_pairs(thumbnails: Thumbnails) -> LikePairs:
    """The near duplicates among grey pictures (n, 32, 32); none where n is more than MOST_COMPARED.

    Equal pictures are pairs, too. Takes seconds for 25,000 pictures and sixteen times as long for 100,000.
    """
    spectra = spectra_of(thumbnails[: len(thumbnails) * (len(thumbnails) <= MOST_COMPARED)])
    edges = _edges(spectra)
    edges["rows"].sort(axis=1)
    edges = edges[np.unique(edges["rows"], axis=0, return_index=True)[1]]
    for least in (ALL_BUT_EQUAL, np.inf):
        crowded = _crowded(edges, len(thumbnails))[edges["rows"][:, 0]]
        edges = edges[~crowded | (edges["similarity"] >= least)]
    return LikePairs(edges["rows"], edges["similarity"], edges["mirrored"])


def _edges(spectra: Spectra) -> _Edges:
    """The edges from all rows to their nearest partners; none as soon as it is plain that none will count."""
    found, crowd = [np.zeros(0, _EDGE)], 0
    for start in range(0, len(spectra), _ROWS):
        edges = _nearest(spectra, start)
        all_but_equal = edges["rows"][edges["similarity"] >= ALL_BUT_EQUAL, 0] - start
        crowd += np.count_nonzero(np.bincount(all_but_equal) > MOST_ALIKE)
        if crowd > MOST_CROWDED * len(spectra):
            return found[0]
        found.append(edges)
    return np.concatenate(found)


def _crowded(edges: _Edges, count: int) -> NDArray[np.bool_]:
    """Which pictures (n,) are connected with too many others; all of them where that is so of many."""
    group = connected(edges["rows"], count)
    crowded = np.bincount(group, minlength=1)[group] > MOST_ALIKE
    return crowded | (np.count_nonzero(crowded) > MOST_CROWDED * count)


def _nearest(spectra: Spectra, start: int) -> _Edges:
    """The edges from some rows to their nearest partners, one more than may be: that is enough to see the crowd."""
    edges = np.concatenate([_tile(spectra, start, column) for column in range(0, len(spectra), _COLUMNS)])
    rows = edges["rows"]
    edges = edges[np.lexsort((rows[:, 1], -edges["similarity"], rows[:, 0]))]
    rank = np.arange(len(edges)) - np.searchsorted(edges["rows"][:, 0], edges["rows"][:, 0])
    return edges[rank <= MOST_ALIKE]


def _tile(spectra: Spectra, start: int, column: int) -> _Edges:
    """The edges between some rows and some columns."""
    here, there = spectra[start : start + _ROWS], spectra[column : column + _COLUMNS]
    upright, mirrored = _cosines(here, there), _cosines(here.mirrored(), there)
    cosines = np.maximum(upright, mirrored)
    own = np.arange(max(start, column), min(start + len(here), column + len(there)))
    cosines[own - start, own - column] = -1
    row, partner = _highest(cosines)
    edges = np.zeros(len(row), _EDGE)
    edges["rows"] = np.stack([row + start, partner + column], axis=1)
    edges["similarity"] = cosines[row, partner]
    edges["mirrored"] = mirrored[row, partner] > upright[row, partner]
    return edges


def _cosines(here: Spectra, there: Spectra) -> Vectors:
    """The fine cosines (rows, columns) where the coarse ones suffice, else -1."""
    alike = here.coarse @ there.coarse.T >= LEAST_COARSE
    if np.count_nonzero(alike) * _CROWD > alike.size:
        return np.where(alike, here.fine @ there.fine.T, np.float32(-1))
    cosines = np.full(alike.shape, -1, np.float32)
    row, column = np.nonzero(alike)
    cosines[row, column] = np.einsum("ij,ij->i", here.fine[row], there.fine[column])
    return cosines


def _highest(cosines: Vectors) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of those that suffice; in a crowded row the highest ones alone."""
    alike = cosines >= LEAST_FINE
    crowded = np.flatnonzero(np.count_nonzero(alike, axis=1) > MOST_ALIKE)
    if len(crowded):
        highest = np.argpartition(-cosines[crowded], MOST_ALIKE, axis=1)[:, : MOST_ALIKE + 1]
        alike[crowded] = False
        alike[crowded[:, None], highest] = True
    row, column = np.nonzero(alike)
    return row, column
