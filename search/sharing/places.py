"""Which run folder a worker of a shared study works in: one of its own, which goes on with what it has left there."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from cnnsearch.search.chosen_run import ChosenRun, SearchIdentity, choose, make_run, resumable, runs_named
from cnnsearch.search.request import Request
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_lock import Held, held
from cnnsearch.search.sharing.meeting import Meeting
from cnnsearch.search.study_link import StudyLink, read_link, write_link
from cnnsearch.spaces.errors import CnnSearchError


@contextmanager
def place_of(request: Request, wanted: SearchIdentity, meeting: Meeting | None) -> Iterator[ChosenRun]:
    """Hold the run's folder for a request, in which this process works alone.

    Raises:
        CnnSearchError: there is none for it, or another process works there.
    """
    if meeting is None:
        chosen = choose(request, wanted)
        with held(chosen.run):
            yield chosen
        return
    with _held_place(request, wanted, meeting.link) as chosen:
        yield replace(chosen, trials=meeting.trials)


@contextmanager
def _held_place(request: Request, wanted: SearchIdentity, link: StudyLink) -> Iterator[ChosenRun]:
    """Hold a folder for this process, the newest that nobody works in, else a new one.

    Raises:
        CnnSearchError: the folder that was named is not of this study or not free, or none can be made.
    """
    with ExitStack() as stack:
        for chosen in _places(request, wanted, link):
            try:
                stack.enter_context(held(chosen.run))
            except Held:
                if request.resume is not None:
                    raise
                continue
            write_link(chosen.run, link)
            yield chosen
            return
        raise CnnSearchError(f"{request.runs}: a worker needs a folder of its own, got none that is free.")


def _places(request: Request, wanted: SearchIdentity, link: StudyLink) -> Iterable[ChosenRun]:
    if request.resume is not None:
        run = resumable(request.resume if request.resume.exists() else request.runs / request.resume)
        known = read_link(run)
        if known is None or known.place != link.place:
            there = f"study {known.study} in {known.storage}" if known else "a study of its own"
            raise CnnSearchError(
                f"{run.path}: --resume goes on with a folder of study {link.study} in {link.storage}, got one of "
                f"{there}. Leave --resume out: a worker finds its folder."
            )
        yield ChosenRun(run, wanted.trials, continued=True)
        return
    if not request.new:
        for run in reversed(runs_named(request.runs, request.name)):
            if _is_of(run, link):
                yield ChosenRun(run, wanted.trials, continued=True)
    while True:  # somebody who looks at the folder just then may hold a new one for a moment
        yield ChosenRun(make_run(request.runs, request.name, wanted.identity), wanted.trials, continued=False)


def _is_of(run: RunFolder, link: StudyLink) -> bool:
    try:
        known = read_link(run)
    except CnnSearchError:
        return False
    return known is not None and known.place == link.place
