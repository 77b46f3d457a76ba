"""A relay between a worker and its database that can be cut, as a network can."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Relay:
    """Carries bytes between a TCP port of this machine and a Unix socket; while it is cut, no byte passes.

    Args:
        target: the Unix socket of the database.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where workers connect to."""
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Let nothing pass from now on; connections stay, as they do where a cable is unplugged."""
        self._open.clear()

    def mend(self) -> None:
        """Let everything pass again that has waited."""
        self._open.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.mend()
        for each in (self._listener, *self._ends):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
