"""A child process's line to its parent."""

import os
import queue
import threading
from multiprocessing.connection import Connection
from typing import Any

_PARENT_GONE = 70
"""Exit code of a child whose parent is gone; nobody is left to read it but a system's log."""


class Line:
    """The child's side of the connection: ends the process when the parent is gone, even in the middle of an epoch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._answers.put(self._connection.recv())
            except (EOFError, OSError):
                os._exit(_PARENT_GONE)

    def tell(self, message: object) -> None:
        """Send a message that wants no answer."""
        self._connection.send(message)

    def ask(self, message: object) -> Any:  # noqa: ANN401 - whatever the parent answers
        """Send a message and wait for its answer."""
        self._connection.send(message)
        return self._answers.get()
