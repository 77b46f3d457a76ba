"""The forkserver that the jobs of these tests come from."""

import pytest

from cnnsearch.search.engine.processes import start_forkserver


@pytest.fixture(scope="session")
def forkserver() -> None:
    """Start it with keras imported, as the commands do: without that each job would import it anew."""
    start_forkserver()
