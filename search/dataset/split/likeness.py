"""Near duplicates: the same picture recompressed, resized, brightened, trimmed, turned a little or mirrored.

Pictures are alike if both bands of their spectra agree: coarse shapes, which are cheap to compare, and fine detail.
Two ships on the sea agree in the first alone.

Where pictures are alike by their kind, as scans of digits or products before a fixed camera, likeness leads from one to
the next until it holds hundreds. There only all but equal ones count, and where even these are many, none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.split.groups import Groups, connected, groups_of
from cnnsearch.search.dataset.split.spectra import Spectra, Thumbnails, Vectors, spectra_of

LEAST_COARSE, LEAST_FINE = 0.85, 0.75
"""Cosines from which two pictures are alike. The most alike pictures of 4,000 photos that are no copies have a fine
cosine of 0.61; of a hundred copies with 2 % trimmed, or turned by 2 degrees, 99 have at least 0.95 or 0.79."""
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


def alike(thumbnails: Thumbnails, contents: Sequence[str]) -> Groups:
    """Groups (n,) of equal files and near duplicates, by grey pictures (n, 32, 32) and the files' hashes.

    Of equal files one alone is compared: a class that was filled up with copies makes no crowd.
    """
    first = np.unique(np.array(contents, dtype=np.str_), return_index=True)[1]
    return groups_of(first[like_pairs(thumbnails[first]).rows], contents)


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
        crowd += int(np.count_nonzero(np.bincount(all_but_equal) > MOST_ALIKE))
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
    forms = here, here.mirrored()
    suffices = [form.coarse @ there.coarse.T >= LEAST_COARSE for form in forms]
    if sum(map(np.count_nonzero, suffices)) * _CROWD > suffices[0].size:
        own = np.arange(max(start, column), min(start + len(here), column + len(there)))
        for form in suffices:
            form[own - start, own - column] = False
        edges = _among_many(forms, there, suffices)
    else:
        edges = _among_few(forms, there, suffices)
    edges["rows"] += (start, column)
    others: _Edges = edges[edges["rows"][:, 0] != edges["rows"][:, 1]]
    return others


def _among_few(forms: Sequence[Spectra], there: Spectra, suffices: Sequence[NDArray[np.bool_]]) -> _Edges:
    """The edges where a product for each pair is quickest: in nearly every tile of nearly every source."""
    found = []
    for mirrored, (here, suffice) in enumerate(zip(forms, suffices, strict=True)):
        row, column = np.nonzero(suffice)
        cosines = np.einsum("ij,ij->i", here.fine[row], there.fine[column])
        near = cosines >= LEAST_FINE
        found.append(_edges_of(row[near], column[near], cosines[near], np.full(np.count_nonzero(near), mirrored)))
    edges: _Edges = np.concatenate(found)
    edges = edges[np.argsort(-edges["similarity"], kind="stable")]
    return edges[np.unique(edges["rows"], axis=0, return_index=True)[1]]


def _among_many(forms: Sequence[Spectra], there: Spectra, suffices: Sequence[NDArray[np.bool_]]) -> _Edges:
    """The edges where whole products are quickest; in a crowded row the highest ones alone."""
    upright, mirrored = (
        np.where(suffice, here.fine @ there.fine.T, np.float32(-1))
        for here, suffice in zip(forms, suffices, strict=True)
    )
    cosines = np.maximum(upright, mirrored)
    row, column = _highest(cosines)
    return _edges_of(row, column, cosines[row, column], mirrored[row, column] > upright[row, column])


def _edges_of(row: Groups, column: Groups, similarity: Vectors, mirrored: NDArray[Any]) -> _Edges:
    edges = np.zeros(len(row), _EDGE)
    edges["rows"] = np.stack([row, column], axis=1)
    edges["similarity"], edges["mirrored"] = similarity, mirrored
    return edges


def _highest(cosines: Vectors) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of those that suffice; in a crowded row the highest ones alone."""
    chosen = cosines >= LEAST_FINE
    crowded = np.flatnonzero(np.count_nonzero(chosen, axis=1) > MOST_ALIKE)
    if len(crowded):
        highest = np.argpartition(-cosines[crowded], MOST_ALIKE, axis=1)[:, : MOST_ALIKE + 1]
        chosen[crowded] = False
        chosen[crowded[:, None], highest] = True
    row, column = np.nonzero(chosen)
    return row, column
