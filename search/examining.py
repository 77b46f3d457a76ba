"""The examination of a search's images: once, while the best model is weighed, in a process of its own.

What comes of it is `doctor.json`, for the page. Where it fails or takes too long, nothing else is lost.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.dataset import Dataset, DatasetReference, open_dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.doctor.doctor import examined_source
from cnnsearch.search.doctor.kept import FINGERPRINT, read_findings
from cnnsearch.search.doctor.values import values
from cnnsearch.search.engine.processes import ChildProcess, NotStarted
from cnnsearch.search.events import Listener, Told
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.trial import child
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Broken
from cnnsearch.search.writing import UnwritableFile, write_json

_PATIENCE = 30.0
"""Seconds that a search waits for it when all else is done; 4,000 photos take three on two cores."""


@dataclass(frozen=True)
class ExaminationJob:
    """What the process of an examination is told.

    Attributes:
        dataset: the images that the search has used.
        folder: where a relative source begins.
    """

    dataset: DatasetReference
    folder: Path


@contextmanager
def examining(run: RunFolder, dataset: Dataset, say: Listener) -> Iterator[None]:
    """While this context lasts, the images are examined, unless the run has their findings.

    At its end the findings are written, or it is said why there are none.
    """
    if read_findings(run.doctor, dataset.fingerprint) is not None:
        yield
        return
    job = ExaminationJob(dataset.reference(), Path.cwd())
    with ExitStack() as running:
        process = _started(running, job)
        yield
        found = process if isinstance(process, str) else _found(process)
    if isinstance(found, dict):
        found = _written(run, found)
    if found:
        say(Told(f"the report has no findings on the images: {found} (cnnsearch data doctor examines them)"))


def examine_images(line: Line, job: ExaminationJob) -> None:
    """Examine the source of a dataset, in a process of its own.

    Raises:
        DataError: it cannot be read, or its images are no longer those of the dataset.
    """
    os.chdir(job.folder)  # the forkserver's is where the search began
    dataset = open_dataset(job.dataset)
    examination = examined_source(open_source(dataset.source), job.dataset.excluded or None)
    found = {file.image.path: file.content for file in examination.files}
    used = dict(zip(dataset.names, dataset.contents, strict=True))
    if len(found) != len(used) + len(dataset.skipped) or not used.items() <= found.items():
        rule = "the images of a search stay as they are while it runs, got others."
        raise DataError(dataset.source, rule, "Search them again.")
    line.tell({FINGERPRINT: dataset.fingerprint, **values(examination)})


def _started(running: ExitStack, job: ExaminationJob) -> ChildProcess | str:
    """The process that examines, or why there is none."""
    try:
        return running.enter_context(ChildProcess(child.run, examine_images, job, Path(os.devnull), {}))
    except NotStarted as error:
        return str(error)


def _found(process: ChildProcess) -> dict[str, Any] | str:
    """The findings, or why there are none."""
    try:
        if not process.connection.poll(_PATIENCE):
            process.kill()
            return f"they took {_PATIENCE:.0f} seconds longer than all else"
        message = process.connection.recv()
    except (EOFError, OSError):
        return f"the process ended with {process.ending()}"
    if isinstance(message, Broken):
        return message.message
    found: dict[str, Any] = message
    return found


def _written(run: RunFolder, found: dict[str, Any]) -> str:
    """Write the findings; gives why that is not possible, or nothing."""
    try:
        write_json(run.doctor, found)
    except UnwritableFile as error:
        return str(error)
    return ""
