"""Transactions of a study's storage that survive a lost connection: done anew, unless the server has committed them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from optuna.storages import RDBStorage
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cnnsearch.search.study import shared_tables
from cnnsearch.search.study.patience import Patience, StillGoingOn, is_passing
from cnnsearch.search.study.storage import StudyStorage

T = TypeVar("T")


class PatientStorage(StudyStorage):
    """Optuna's tables in a database that may be away for a while.

    Args:
        database: Optuna's own storage, which makes the tables and keeps what is not a trial's.
        patience: waits where the database does not answer.
    """

    def __init__(self, database: RDBStorage, patience: Patience) -> None:
        super().__init__(database)
        self._patience = patience
        self._reader = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._checked: set[int] | None = None
        """Trials that this step may change; None where no step goes on."""
        self._looked: set[int] = set()
        """Studies whose trials this step has read: until it locks one of them, it goes by what it has seen."""

    def close(self) -> None:
        """Close its connections."""
        self._database.remove_session()
        self.engine.dispose()

    def stop_waiting(self) -> None:
        """Nobody waits for the database any more; told where a worker is to end."""
        self._patience.stop()

    def tell_with(self, tell: Callable[[str], None]) -> None:
        """Have `tell` hear when this worker begins to wait for the database, and when it goes on."""
        self._patience.tell = tell

    def together(self, work: Callable[[], T]) -> T:
        """Do what reads and writes as one: together or not at all, and again where the connection broke before."""
        with self._lock:
            return work() if self._is_in_step else self._patience.patiently(lambda: self._attempt(work))

    @contextmanager
    def in_one_step(self) -> Iterator[None]:
        """Within it, what is written is written together or not at all; a lost connection is an error."""
        with self._lock:
            if self._is_in_step:
                yield
            else:
                with self._step():
                    yield

    @property
    def _is_in_step(self) -> bool:
        return self._checked is not None

    def _attempt(self, work: Callable[[], T]) -> T:
        with self._step():
            return work()

    @contextmanager
    def _step(self) -> Iterator[None]:
        """A transaction, which begins with the first thing that is written."""
        self._checked = set()
        self._looked.clear()
        try:
            with self._undone_where_it_fails():
                yield
                if self._connection is not None:
                    self._commit(self._connection)
        finally:
            self._checked = None
            self._close()

    def _commit(self, connection: Connection) -> None:
        transaction = shared_tables.transaction_id(connection)
        try:
            connection.commit()
        except DBAPIError as error:
            if transaction is None or not is_passing(error) or not self._was_committed(transaction):
                raise

    def _was_committed(self, transaction: int) -> bool:
        """Whether a transaction was committed whose connection broke before it could say so."""
        self._close()

        def ended() -> bool:
            with self._reader.connect() as connection:
                found = shared_tables.is_committed(connection, transaction)
            if found is None:
                raise StillGoingOn("a transaction of this worker still goes on")
            return found

        return self._patience.patiently(ended)

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError):  # one that is broken cannot even be given back
                connection.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        yield self._open()

    def _open(self) -> Connection:
        """The connection of the step's transaction."""
        if self._connection is None:
            self._connection = self.engine.connect()
        return self._connection

    def _read(self, work: Callable[[Connection], T]) -> T:
        """Ask the database, in the step's transaction where there is one."""
        with self._lock:
            if self._connection is not None:
                return work(self._connection)
            return self._reading(work) if self._is_in_step else self._patience.patiently(lambda: self._reading(work))

    def _reading(self, work: Callable[[Connection], T]) -> T:
        with self._reader.connect() as connection:
            return work(connection)
