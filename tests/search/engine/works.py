"""Jobs for real processes, good ones and bad ones; the forkserver imports them from here by name."""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.features.features import Frozen, Viewed
from cnnsearch.search.features.store import features_of
from cnnsearch.search.records import PHASE, Epoch
from cnnsearch.search.trial import material
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.failures import NotANumber
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Making, PhaseBegun, Trained, Verdict, Written
from cnnsearch.search.trial.training import run_trial

NO_MEMORY = OSError(errno.ENOMEM, "Cannot allocate memory")


def caused(error: Exception, cause: Exception) -> Exception:
    """An error that was raised from another one."""
    error.__cause__ = cause
    return error


ERRORS = {
    "oom": MemoryError("no room"),
    "oom from tensorflow": RuntimeError("RESOURCE_EXHAUSTED: OOM when allocating tensor\nwith shape[64,64]"),
    "copy": RuntimeError("Failed copying input tensor from CPU:0 to GPU:0:\n Dst tensor is not initialized. [Op:Cast]"),
    "cublas": RuntimeError("INTERNAL: failed to create cublas handle: CUBLAS_STATUS_NOT_INITIALIZED"),
    "cublas room": RuntimeError("INTERNAL: cublasSetWorkspace: CUBLAS_STATUS_ALLOC_FAILED"),
    "cudnn": RuntimeError("FAILED_PRECONDITION: could not create cudnn handle: CUDNN_STATUS_NOT_INITIALIZED"),
    "map": NO_MEMORY,
    "map in words": RuntimeError("mmap failed: Cannot allocate memory"),
    "map of a cache": caused(DataError("cache/x", "memory must suffice, got none."), NO_MEMORY),
    "thread": RuntimeError("can't start new thread"),
    "nan": NotANumber("loss is nan after epoch 1"),
    "data": DataError("photos/cat.1.jpg", "an image must decode, got half of one."),
    "disk": OSError(28, "No space left on device"),
    "bug": KeyError("units"),
    "leaves": SystemExit(3),
}


def talk(line: Line, job: int) -> None:
    """Say what a good trial says; the answers decide nothing."""
    print("building")
    line.tell(Built(job, "cpu"))
    print("answer:", line.ask(EpochDone(Epoch(1, {"loss": 0.5}, 0.25))))
    line.tell(Done())


def tell_environment(line: Line, job: str) -> None:
    """Say what a variable holds here."""
    print(job, "=", os.environ.get(job))
    line.tell(Done())


def fail(line: Line, job: str) -> None:
    """Raise."""
    raise ERRORS[job]


def allocate(line: Line, job: int) -> None:
    """Ask for more memory than any machine has."""
    np.ones(job, dtype=np.float64)


def abort(line: Line, job: str) -> None:
    """End as a native library does that cannot go on."""
    os.write(2, job.encode() + b"\n")
    os.abort()


def train(line: Line, job: TrialJob) -> None:
    """Say what a training of one epoch says that leaves no model."""
    line.tell(Built(job.seed % 100, "cpu"))
    line.ask(EpochDone(Epoch(1, {"val_accuracy": 0.5}, 0.0)))
    line.ask(Trained("", 0.5))
    line.tell(Done())


def train_on_device(line: Line, job: TrialJob) -> None:
    """The same, on the kind of device that the slot names."""
    line.tell(Built(1, os.environ["STAND_IN_DEVICE"]))
    time.sleep(0.1)  # the others have begun by then
    line.ask(EpochDone(Epoch(1, {"val_accuracy": 0.5}, 0.1)))
    line.ask(Trained("", 0.5))
    line.tell(Done())


def train_a_while(line: Line, job: TrialJob) -> None:
    """The same, in some more than three seconds."""
    line.tell(Built(1, "cpu"))
    time.sleep(3.1)
    line.ask(EpochDone(Epoch(1, {"val_accuracy": 0.5}, 3.1)))
    line.ask(Trained("", 0.5))
    line.tell(Done())


def train_in_phases(line: Line, job: TrialJob) -> None:
    """The same in two phases, of which the second takes far longer."""
    line.tell(Built(1, "cpu"))
    line.ask(EpochDone(Epoch(1, {"val_accuracy": 0.4, PHASE: 1}, 0.0)))
    line.tell(PhaseBegun())
    time.sleep(2.0)
    line.ask(EpochDone(Epoch(2, {"val_accuracy": 0.5, PHASE: 2}, 2.0)))
    line.ask(Trained("", 0.5))
    line.tell(Done())


def train_slowly(line: Line, job: TrialJob) -> None:
    """The same in ten epochs a second, of which there are 80 if nobody cuts it short."""
    line.tell(Built(1, "cpu"))
    for number in range(1, 81):
        time.sleep(0.1)
        if line.ask(EpochDone(Epoch(number, {"val_accuracy": 0.5}, 0.1))) is not Verdict.GO_ON:
            break
    line.ask(Trained("", 0.5))
    line.tell(Done())


def train_once(line: Line, job: TrialJob) -> None:
    """The same for the first trial; the others hang before their first epoch."""
    train(line, job) if job.model.parent.name == "0000" else hang(line, "")


def make_features(line: Line, job: TrialJob) -> None:
    """The same after features are made, or waited for, which takes some more than seven seconds."""
    dataset = open_dataset(job.dataset)

    def slowly(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        time.sleep(0.8)
        return images.reshape(len(images), -1)[:, :6].astype(np.float32)

    rows = np.sort(np.concatenate([dataset.rows("train"), dataset.rows("validation")]))
    root, view = Path(job.dataset.cache).parent, Viewed("plain", slowly)
    progress = lambda done, total: line.tell(Making(done, total))  # noqa: E731
    features_of(Frozen("1" * 40, (6,), "slow"), [view], dataset, rows, root=root, progress=progress, batch=180)
    train(line, job)


def train_on_slow_features(line: Line, job: TrialJob) -> None:
    """Train for real, on features that are made slowly."""
    made = material._Maker._computed

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.1)
        print("a batch of features")
        return made(*arguments)

    material._Maker._computed = slowly  # type: ignore[method-assign]
    run_trial(line, job)


def die(line: Line, job: int) -> None:
    """End by a signal, or by an exit code without a word."""
    if job < 0:
        os.kill(os.getpid(), -job)
    os._exit(job)


def die_while_asking(line: Line, job: Any) -> None:
    """Be gone before the answer comes."""
    line.tell(EpochDone(Epoch(1, {}, 0.0)))
    os.kill(os.getpid(), signal.SIGKILL)


def break_when_written(line: Line, job: str) -> None:
    """Have written a model, and then be killed, abort, raise or hang."""
    line.tell(Written())
    if job == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if job == "abort":
        os.abort()
    if job == "raise":
        raise MemoryError("no room for pictures")
    time.sleep(3600)


def train_and_break(line: Line, job: TrialJob) -> None:
    """Say what a training of one epoch says, and write its model; then two processes are killed, and others hang."""
    line.tell(Built(1, "cpu"))
    line.ask(EpochDone(Epoch(1, {"val_accuracy": 0.5}, 0.0)))
    if line.ask(Trained("", 0.5)):
        job.model.write_bytes(b"a model")
    break_when_written(line, "kill" if job.model.parent.name in ("0000", "0001") else "hang")


def hang(line: Line, job: str) -> None:
    """Never end by itself; say which process it is."""
    line.tell(Built(os.getpid(), "cpu"))
    while True:
        time.sleep(3600)
