"""A request after all checks: what will be searched, on what, where. Only a new run's folder is made for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cnnsearch.search.chosen_run import ChosenRun, SearchIdentity
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.discovery import with_discovered
from cnnsearch.search.engine.crew import Crew, crew_of
from cnnsearch.search.mounts import check_local
from cnnsearch.search.preflight import fit_to_classes, without_unavailable_weights
from cnnsearch.search.request import Progress, Request
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.sharing.meeting import Meeting, meeting_of
from cnnsearch.search.sharing.places import place_of
from cnnsearch.spaces.space import Space


@dataclass(frozen=True)
class Prepared:
    """What a search begins with.

    Attributes:
        space: what is drawn from, all that does not fit the images left out.
        datasets: the decoded images, for each size that trials draw.
        dataset: those of one draw.
        wanted: the search that was asked for.
        chosen: the run that it takes place in.
        crew: the slots that it begins with.
        warnings: what a person should know before hours are spent.
        meeting: the study that several machines share; None where the run has its own.
    """

    space: Space
    datasets: Datasets
    dataset: Dataset
    wanted: SearchIdentity
    chosen: ChosenRun
    crew: Crew
    warnings: tuple[str, ...]
    meeting: Meeting | None = None

    @property
    def run(self) -> RunFolder:
        """Its folder."""
        return self.chosen.run


@contextmanager
def prepared_for(request: Request, progress: Progress | None = None) -> Iterator[Prepared]:
    """Check a request, decode the first images, and choose the run's folder, which this process alone works in.

    Raises:
        CnnSearchError: the space, the data or the weights do not allow a search.
    """
    crew = crew_of(request.space.document.search)
    if request.link is None:
        check_local(request.runs, request.resume)
    datasets = request.datasets or Datasets(request.cache, progress)
    space, warnings = without_unavailable_weights(request.space)
    dataset = datasets.first_of(space)
    space, unfit = fit_to_classes(space, dataset.classes)
    space = with_discovered(space, len(dataset.classes))
    search = space.document.search
    trials = search.trials if space.parameters else 1
    wanted = SearchIdentity(space.identity(), Summary.of(dataset.summary()), trials, search.confirm)
    meeting = meeting_of(request, space, dataset, trials)
    with place_of(request, wanted, meeting) as chosen:
        doubts = (*warnings, *unfit, *doubts_of(dataset), *chosen.warnings)
        yield Prepared(space, datasets, dataset, wanted, chosen, crew, doubts, meeting)


def doubts_of(dataset: Dataset) -> list[str]:
    """What a person should know of the images before hours are spent on them."""
    doubts = list(dataset.notes)
    count = len(dataset.skipped)
    if count:
        first = ", ".join(f"{image.name} ({image.reason})" for image in dataset.skipped[:3])
        more = f" and {count - 3} more, all in dataset.json" if count > 3 else ""
        told = "1 image cannot be read and is" if count == 1 else f"{count} images cannot be read and are"
        doubts.append(f"{told} left out: {first}{more}")
    return doubts
