"""How this process connects to a study's database: few connections, dead ones noticed, times in UTC."""

import math
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

_WRITER_WAIT = 60.0
"""Seconds that SQLite waits for another writer."""
_LOCK_WAIT = 60
"""Seconds that a statement waits for another worker's lock."""
_IDLE = 120
"""Seconds after which the server undoes the transaction of a worker that says nothing and may be cut off."""
_CONNECTED_AGAIN = 1800
"""Seconds after which a connection is replaced."""
_FRESH = 5.0
"""Seconds after its last use in which a connection counts as whole; later it is asked before it is used."""
_USED = "used"
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""When to ask whether the other side is there, in seconds, and how often."""


def engine_settings(url: URL, *, shared: bool) -> dict[str, Any]:
    """What SQLAlchemy's `create_engine` is told. Hundreds of workers share a server's connections: each keeps one."""
    backend = url.get_backend_name()
    settings: dict[str, Any] = {"hide_parameters": True}  # errors quote them
    if backend == "sqlite":
        return settings | {"connect_args": {"timeout": _WRITER_WAIT}}
    settings |= {"pool_pre_ping": not shared, "pool_recycle": _CONNECTED_AGAIN}
    if shared:
        settings |= {"pool_size": 1, "max_overflow": 4, "isolation_level": "READ COMMITTED"}
    if url.drivername == "postgresql+psycopg":
        settings["connect_args"] = {"connect_timeout": 10, "tcp_user_timeout": 60_000, **_KEEPALIVE}
    return settings


def prepare(engine: Engine) -> None:
    """Have every connection of a shared database tell times in UTC and let nobody wait for one that was cut off."""
    _ask_when_idle(engine)
    match engine.dialect.name:
        case "postgresql":
            event.listen(engine, "connect", _prepare_postgresql)
        case "mysql" | "mariadb":
            event.listen(engine, "connect", _prepare_mysql)
        case "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_immediate)
    engine.dispose()  # those that were made before


def _ask_when_idle(engine: Engine) -> None:
    """Ask connections that were idle whether they live. Asking each time would cost one question for every answer."""

    def used(_: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = time.monotonic()

    def wanted(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        if time.monotonic() - record.info.get(_USED, math.inf) < _FRESH:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection was idle, and is broken") from error  # then there is a new one

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", wanted)


def _prepare_postgresql(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET TIME ZONE 'UTC'; SET lock_timeout = '{_LOCK_WAIT}s'; "
            f"SET idle_in_transaction_session_timeout = '{_IDLE}s'; "
            + "; ".join(f"SET tcp_{name} = {value}" for name, value in _KEEPALIVE.items())
        )
    connection.autocommit = False


def _prepare_mysql(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's
    with connection.cursor() as cursor:
        cursor.execute(f"SET time_zone = '+00:00', innodb_lock_wait_timeout = {_LOCK_WAIT}")


def _prepare_sqlite(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's
    connection.isolation_level = None  # Python's module would begin transactions by itself, and without the lock


def _begin_immediate(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # else two could read a trial as waiting, and both take it
