"""What a search is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.search.datasets import Datasets
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.space import Space

Progress = Callable[[int, int], None]
"""Called with (images decoded, images in all)."""


@dataclass(frozen=True)
class Request:
    """What a search is asked for.

    Attributes:
        space: what to search, overrides included.
        runs: the folder of run folders.
        name: of the run; its folder is `<name>-001` or the next number.
        new: begin a new run even where an unfinished one could go on.
        more: add so many trials to the newest run instead.
        resume: go on with this run, also where its space has changed since.
        accept_data_change: go on also where the images have changed since.
        cache: where decoded images are kept; None for the user's cache folder.
        datasets: what has decoded images already; None for one of its own.
        link: the study that several machines share; None for one of the run's own.
        begins: whether the shared study is begun where there is none, and asked for the space's trials.
    """

    space: Space
    runs: Path
    name: str
    new: bool = False
    more: int | None = None
    resume: Path | None = None
    accept_data_change: bool = False
    cache: Path | None = None
    datasets: Datasets | None = None
    link: StudyLink | None = None
    begins: bool = True
