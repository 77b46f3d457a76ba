"""Groups of images of which no two look alike."""

from collections.abc import Sequence

import numpy as np

from cnnsearch.search.dataset.split.groups import Groups, groups_of


def equal_contents(contents: Sequence[str]) -> Groups:
    """Groups (n,) of the images whose files are equal byte by byte."""
    return groups_of(np.zeros((0, 2), dtype=np.int64), contents)
