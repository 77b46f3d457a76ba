"""Evaluations for real processes, with what a machine may have in store; the forkserver imports them by name."""

import os
import resource
import signal
from pathlib import Path

import keras
import numpy as np

from cnnsearch.search.trial.evaluation import EvaluationJob, evaluate
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done, Evaluated

ROOM = 300 * 1024**2
"""Bytes that an evaluation in little memory may take beside what is there already."""


def in_little_memory(line: Line, job: EvaluationJob) -> None:
    """Ask a model where memory has room for a few images at once only."""
    model = keras.saving.load_model(job.model, compile=False)
    model.predict(np.zeros((1, *model.input_shape[1:])), verbose=0)  # what the libraries take once, they have now
    status = dict(row.split(":\t", 1) for row in Path("/proc/self/status").read_text().splitlines())
    taken = int(status["VmData"].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (taken + ROOM, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    evaluate(model, job)
    line.tell(Done())


def without_memory(line: Line, job: EvaluationJob) -> None:
    """Find no room for a single image."""
    raise MemoryError("no room")


def on_the_cpu_alone(line: Line, job: EvaluationJob) -> None:
    """Fail where a GPU is to be seen."""
    if os.environ["CUDA_VISIBLE_DEVICES"]:
        raise RuntimeError("INTERNAL: CUDNN_STATUS_EXECUTION_FAILED")
    evaluate(keras.saving.load_model(job.model, compile=False), job)
    line.tell(Done())


def killed_while_it_explains(line: Line, job: EvaluationJob) -> None:
    """Write the predictions, and end without a word."""
    evaluate(keras.saving.load_model(job.model, compile=False), job)
    line.tell(Evaluated())
    os.kill(os.getpid(), signal.SIGKILL)
