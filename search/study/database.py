"""The database of a study: its address, how it is opened, and what is said of one that cannot be read."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from cnnsearch.search.study.storage import StudyStorage
from cnnsearch.spaces.errors import CnnSearchError

_WRITER_WAIT = 60.0
"""Seconds that SQLite waits for another writer."""


def sqlite_url(path: Path) -> str:
    """The storage URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def open_storage(url: str) -> BaseStorage:
    """The storage behind a database URL; made if it does not exist.

    Raises:
        CnnSearchError: the database cannot be opened.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    arguments = {"connect_args": {"timeout": _WRITER_WAIT}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        with readable(url):
            database = RDBStorage(url, engine_kwargs=arguments)
        return StudyStorage(database) if url.startswith("sqlite") else database  # others may have several writers
    except (ValueError, ImportError, RuntimeError) as error:
        raise CnnSearchError(
            f"{url}: a study's database must open, got {type(error).__name__}: {error}. Check the URL and its driver."
        ) from error


@contextmanager
def readable(place: str | Path) -> Iterator[None]:
    """Within it, a database that cannot be opened or read is an error that names it."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise CnnSearchError(
            f"{place}: a study's database must be whole and readable, got {cause}. "
            "Restore it from a copy, or begin a new run."
        ) from error
