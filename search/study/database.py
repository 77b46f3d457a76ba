"""The database of a study: how it is opened, and what is said of one that cannot be read."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, RDBStorage
from sqlalchemy import URL
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError

from cnnsearch.search.study.addresses import GRPC, address, shown, sqlite_url, without_secrets
from cnnsearch.search.study.connections import engine_settings, prepare
from cnnsearch.search.study.patience import LIMIT, Patience, cause_of
from cnnsearch.search.study.quiet import quiet_optuna
from cnnsearch.search.study.shared_storage import SharedStorage
from cnnsearch.search.study.storage import StudyStorage
from cnnsearch.spaces.errors import CnnSearchError

__all__ = ["open_storage", "readable", "sqlite_url"]

_EXTRAS = {"postgresql": "postgres", GRPC: "grpc"}
_TRIES = 10
"""How often the tables are made where others make them at the same time, or the server has just begun."""
_PASSING = (
    "already exists",
    "duplicate key",
    "UNIQUE constraint",
    "locked",
    "starting up",
    "too many clients",
    "timeout expired",
)
"""What is said then, or by one that is busy."""
_PATIENT = 40.0
"""Seconds after which it is tried no more: of a host that does not exist the same is said as of a busy one."""

_BEGIN = 10.0
"""Seconds until a proxy must have answered for the first time."""
_ADVICE_FILE = "Restore it from a copy, or begin a new run."
_ADVICE_SERVER = "Check that its server runs, the URL, and the password (PGPASSWORD and ~/.pgpass count, too)."


def open_storage(url: str, *, shared: bool | None = None, patience: float = LIMIT) -> BaseStorage:
    """The storage behind a URL; made if it does not exist.

    Args:
        url: of a database, such as sqlite:///my.db or postgresql://user@host/database, or grpc://host:port, where
            Optuna's proxy serves one.
        shared: whether several workers change it at a time. None: unless it is a SQLite file, which one parent has for
            itself and answers from memory.
        patience: seconds that a shared database may be away.

    Raises:
        CnnSearchError: it cannot be opened.
    """
    quiet_optuna()
    parts = address(url)
    if parts.drivername == GRPC:
        return _proxy(parts, patience)
    is_shared = parts.get_backend_name() != "sqlite" if shared is None else shared
    database = _opened(url, parts, shared=is_shared)
    if not is_shared:
        return StudyStorage(database)
    prepare(database.engine)
    return SharedStorage(database, Patience(shown(url), patience))


def _proxy(parts: URL, patience: float) -> BaseStorage:
    place = shown(parts.render_as_string(hide_password=False))
    try:
        from cnnsearch.search.study.proxy import Proxy
    except ImportError as error:
        raise _no_driver(place, GRPC, error) from error
    proxy = Proxy(parts, Patience(place, patience))
    try:
        proxy.wait_server_ready(_BEGIN)
    except ConnectionError as error:
        raise CnnSearchError(
            f"{place}: Optuna's proxy must answer within {_BEGIN:g} s, got nothing. Check that it runs, and the URL."
        ) from error
    return proxy


def _opened(url: str, parts: URL, *, shared: bool) -> RDBStorage:
    place, whole = shown(url), parts.render_as_string(hide_password=False)
    template = whole.replace("{", "{{").replace("}", "}}")  # Optuna fills in what it finds in braces
    try:
        with readable(place, url):
            return _made(template, parts, shared=shared)
    except ImportError as error:
        raise _no_driver(place, parts.get_backend_name(), error) from None
    except (ValueError, RuntimeError) as error:
        raise CnnSearchError(
            f"{place}: a study's database must open, got {type(error).__name__}: {without_secrets(str(error), url)}. "
            "Check the URL and its driver."
        ) from None


def _made(template: str, parts: URL, *, shared: bool) -> RDBStorage:
    """Optuna's storage; others may be making its tables at the same time."""
    tried, until = 0, time.monotonic() + _PATIENT
    while True:
        tried += 1
        try:
            return RDBStorage(template, engine_kwargs=engine_settings(parts, shared=shared))
        except (ProgrammingError, IntegrityError, OperationalError, optuna.exceptions.StorageInternalError) as error:
            may_pass = shared and any(told in str(error.__cause__ or error) for told in _PASSING)
            if not may_pass or tried == _TRIES or time.monotonic() >= until:
                raise
            time.sleep(random.uniform(0.1, 0.5) * tried)


def _no_driver(place: str, backend: str, error: ImportError) -> CnnSearchError:
    extra = _EXTRAS.get(backend)
    cause = error.__cause__ or error
    advice = f"pip install 'cnnsearch[{extra}]'." if extra else f"Install the Python driver that it wants ({backend})."
    return CnnSearchError(f"{place}: its driver must be installed, got {cause}. {advice}")


@contextmanager
def readable(place: str | Path, url: str = "") -> Iterator[None]:
    """Within it, a database that cannot be opened or read is an error that names it, without the secrets of its URL."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        raise CnnSearchError(
            f"{place}: a study's database must be whole and readable, got {without_secrets(cause_of(error), url)}. "
            + (_ADVICE_SERVER if url and not url.startswith("sqlite") else _ADVICE_FILE)
        ) from (None if url else error)
