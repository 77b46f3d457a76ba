"""How a process of the forkserver is born: without its parent's main script where nothing of it is needed."""

import io
import os
from multiprocessing import context, forkserver, popen_forkserver, reduction, spawn, util
from multiprocessing.process import BaseProcess
from typing import Any

_OF_MAIN = ("init_main_from_name", "init_main_from_path")
"""What tells a child to import the parent's main script."""


class ForkedProcess(context.ForkServerProcess):
    """A process of the forkserver that imports the main script only for what is defined there."""

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:  # noqa: N802, ANN401 - the standard library's name and type
        return _Birth(process_obj)


class _Birth(popen_forkserver.Popen):
    """The standard library's, but for what the child is told of the main script (Python 3.11 to 3.14)."""

    def _launch(self, process_obj: BaseProcess) -> None:
        told = self._told(process_obj)
        self.sentinel, pipe = forkserver.connect_to_new_process(self._fds)  # type: ignore[attr-defined]  # absent from the stubs
        kept = os.dup(pipe)  # the child knows by it that its parent lives
        self.finalizer = util.Finalize(self, _close, (kept, self.sentinel))
        with os.fdopen(pipe, "wb") as file:
            file.write(told)
        self.pid = forkserver.read_signed(self.sentinel)

    def _told(self, process_obj: BaseProcess) -> bytes:
        """What the child reads first: how to prepare, then what it is."""
        context.set_spawning_popen(self)
        try:
            job = _pickled(process_obj)
            preparation = spawn.get_preparation_data(process_obj.name)
            if b"__main__" not in job:
                preparation = {key: value for key, value in preparation.items() if key not in _OF_MAIN}
            return _pickled(preparation) + job
        finally:
            context.set_spawning_popen(None)


def _close(*files: int) -> None:
    for file in files:
        os.close(file)


def _pickled(value: object) -> bytes:
    file = io.BytesIO()
    reduction.dump(value, file)
    return file.getvalue()
