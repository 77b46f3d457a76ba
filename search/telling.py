"""Who hears of a search, and what they are told of its beginning and its end."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from cnnsearch.search.chosen_run import ChosenRun
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.confirming_time import ConfirmingReserve
from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.packer import packers_of
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.environment import note_packing
from cnnsearch.search.events import Audience, Listener, RunEnded, RunStarted, Told, Warned
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.listeners.event_log import EventLog
from cnnsearch.search.listeners.status_file import StatusFile
from cnnsearch.search.listeners.tensorboard_listener import TensorBoardListener
from cnnsearch.search.listeners.tensorboard_log import NamedDomain, TensorBoardLog
from cnnsearch.search.prepared import Prepared
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.spaces.document import Document
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import most_epochs
from cnnsearch.spaces.space import Space


def broadcast_of(
    prepared: Prepared,
    objectives: Objectives,
    budget: Budget,
    pause: Pause,
    listeners: Sequence[Listener],
    files: ExitStack,
) -> Broadcast:
    """All who hear of the search; `files` closes those that they write."""
    run, document, crew = prepared.run, prepared.space.document, prepared.crew
    own = writers_of(run, prepared.wanted.identity, budget, prepared.space.parameters, objectives, files)

    def settled(device: str, slots: int, why: str) -> None:
        broadcast.later(lambda: Told(pause.patiently(lambda: note_packing(run, device, slots, why))))

    packers = packers_of(document.search, crew, settled)
    broadcast = Broadcast((*own, *_reserves(document, budget, crew), *packers, *listeners), pause.patiently)
    pause.tell = broadcast.at_once
    return broadcast


def writers_of(
    run: RunFolder,
    identity: str,
    budget: Budget,
    parameters: Sequence[NamedDomain],
    objectives: Objectives,
    files: ExitStack,
) -> tuple[Listener, ...]:
    """Those who write a search down in its run folder; `files` closes what they write."""
    log = EventLog(run.events)
    files.callback(log.close)
    board = TensorBoardLog(run.tensorboard, parameters, objectives)
    files.callback(board.close)
    return log, StatusFile(run, identity, budget), TensorBoardListener(board)


def _reserves(document: Document, budget: Budget, crew: Crew) -> list[Listener]:
    """Who keeps time for the confirming, where there is one."""
    most, confirm = most_epochs(document) * (document.data.folds or 1), document.search.confirm
    return [ConfirmingReserve(budget, confirm, lambda: len(crew.wanted), most)] if confirm else []


def tell_of_begin(prepared: Prepared, bench: Bench, finished: tuple[TrialRecord, ...]) -> None:
    """Tell the listeners that the search begins, and what a person should know of it."""
    slots = tuple(slot.name for slot in bench.crew.wanted)
    bench.broadcast(started(prepared.chosen, bench.budget, bench.checkpoints.objectives, slots, finished))
    for warning in prepared.warnings:
        bench.broadcast(Warned(warning))
    if prepared.space.document.search.sampler.grid:
        bench.broadcast(Told(_size_of_grid(prepared.space, prepared.chosen.trials)))


def started(
    chosen: ChosenRun, budget: Budget, objectives: Objectives, slots: tuple[str, ...], finished: tuple[TrialRecord, ...]
) -> RunStarted:
    """The beginning of a search, or of another session of it."""
    limits = budget.limits
    return RunStarted(
        run=chosen.run,
        objective=objectives.epoch,
        trials=chosen.trials,
        seconds=limits.seconds,
        slots=slots,
        finished=finished,
        continued=chosen.continued,
        spent=budget.before,
        epochs=limits.epochs,
        stop_at=limits.target,
        objectives=objectives,
    )


def _size_of_grid(space: Space, trials: int) -> str:
    count = space.cardinality()
    if count is None:
        return f"the grid has more configurations than can be counted, {trials} of which are tried"
    tried = "all of which are tried" if trials >= count else f"the first {trials:,} of which are tried"
    return f"the grid has {count:,} configurations, {tried}"


@contextmanager
def telling_of_its_end(broadcast: Audience) -> Iterator[None]:
    """Within it, a search that ends before its time says so."""
    try:
        yield
    except CnnSearchError as error:
        broadcast.at_once(RunEnded(RunState.FAILED, str(error)))
        raise
    except BaseException:
        broadcast.at_once(RunEnded(RunState.INTERRUPTED, "stopped from outside"))
        raise
