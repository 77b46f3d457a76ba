"""Configurations for the tests of models, and the warnings that come from elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest

from cnnsearch.spaces.document import Configuration

Make = Callable[..., Configuration]


def configuration(**sections: Any) -> Configuration:
    """A small configuration; sections replace its own."""
    base: dict[str, Any] = {
        "data": {"source": "photos", "image_size": [16, 16]},
        "model": {"scratch": {"blocks": 2, "filters": 4}},
        "training": {"seed": 7},
    }
    return Configuration.model_validate(base | sections)


@pytest.fixture(scope="session")
def make() -> Make:
    """Makes a small configuration; sections given replace its own."""
    return configuration
