"""One search from its options to its result: what the command line and the Python API have in common."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.engine.slots import slots_on
from cnnsearch.search.mounts import check_local
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.search.request import Request
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.space import Space

if TYPE_CHECKING:  # these stand on keras
    from cnnsearch.search.events import Listener
    from cnnsearch.search.run import Result

_NAME = re.compile(r"\w[\w .+=-]{0,99}")


@dataclass(frozen=True)
class RunChoice:
    """Which run folder a search works in.

    Attributes:
        runs: the folder of run folders.
        name: the run's name; None for the space's.
        new: begin a new one, whatever is unfinished.
        more: add so many trials to the newest one.
        resume: go on with this one, also where its space has changed.
        accept_data_change: go on also where the images have changed.
        link: the study that several machines share; None for one of the run's own.
        begins: whether the shared study is begun where there is none.
    """

    runs: Path
    name: str | None = None
    new: bool = False
    more: int | None = None
    resume: Path | None = None
    accept_data_change: bool = False
    link: StudyLink | None = None
    begins: bool = True

    def request(self, space: Space, datasets: Datasets | None = None) -> Request:
        """The search of a space there.

        Raises:
            CnnSearchError: the name cannot be a folder's.
        """
        return Request(
            space,
            self.runs,
            checked_name(self.name or space.name),
            new=self.new,
            more=self.more,
            resume=self.resume,
            accept_data_change=self.accept_data_change,
            datasets=datasets,
            link=self.link,
            begins=self.begins,
        )


@dataclass(frozen=True)
class Watchers:
    """Who hears of a search.

    Attributes:
        listener: called with each event.
        reading: called with (images decoded, images in all).
        told: called with a line that says where decoded images are kept.
    """

    listener: "Listener"
    reading: Callable[[int, int], None] | None = None
    told: Callable[[str], None] | None = None


def begin(space: Space, which: RunChoice) -> None:
    """Check what can be checked at once, and have keras imported for the trials meanwhile.

    Raises:
        CnnSearchError: a GPU that is not there, a name that cannot be a folder's, a disk that cannot hold a study.
    """
    slots_on(space.document.search.device)
    checked_name(which.name or space.name)
    if which.link is None:
        check_local(which.runs, which.resume)
    start_forkserver()


def search(space: Space, which: RunChoice, watchers: Watchers) -> "Result":
    """Search a space that `begin` was called for.

    Images are decoded first: keras would take 700 MB beside them in this process.

    Raises:
        CnnSearchError: the space, the data, the weights or the run's folder do not allow it.
        KeyboardInterrupt: Ctrl-C; the same request goes on.
    """
    datasets = Datasets(None, watchers.reading, watchers.told)
    datasets.first_of(space)
    with without_native_messages():
        from cnnsearch.search.run import run_search

    return run_search(which.request(space, datasets), [watchers.listener], watchers.reading)


def has_best(result: "Result", which: RunChoice) -> bool:
    """Whether a search has its best model: here, or with the one of several machines that did the final part."""
    is_elsewhere = which.link is not None and any(trial.score is not None for trial in result.trials)
    return result.best is not None or (is_elsewhere and not result.failure)


def checked_name(name: str) -> str:
    """A name that can be a folder's everywhere.

    Raises:
        CnnSearchError: it cannot.
    """
    if _NAME.fullmatch(name):
        return name
    raise CnnSearchError(
        f"--name: a run's name has up to 100 letters, digits, spaces and . _ - + =, and begins with a letter, a digit "
        f"or _, got {name!r}. Its folder is the name and a number."
    )
