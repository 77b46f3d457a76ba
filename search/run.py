"""A whole search: from a space to an ended study and its best model, in one run folder."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from cnnsearch.search.best import mend_export
from cnnsearch.search.changed_space import take_over
from cnnsearch.search.chosen_run import Chosen, Wanted, counts, keep_summary
from cnnsearch.search.confirmed_model import outdate
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.discovery import with_discovered
from cnnsearch.search.engine.backups import backup_of, remove_backups_of
from cnnsearch.search.engine.bench import Bench, Train
from cnnsearch.search.engine.budget import Budget, Limits
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.confirming import Confirming
from cnnsearch.search.engine.confirming_time import ConfirmingReserve
from cnnsearch.search.engine.crew import Crew, crew_of
from cnnsearch.search.engine.failing import EveryTrialFailed
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.packer import packers_of
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.engine.tuner import SearchTuner
from cnnsearch.search.environment import environment, note_packing
from cnnsearch.search.finishing import Finish, configuration_of, written
from cnnsearch.search.listeners.events import Broadcast, EventLog, Listener, RunEnded, RunStarted, Told, Warned
from cnnsearch.search.listeners.pause import Pause
from cnnsearch.search.listeners.status_file import StatusFile
from cnnsearch.search.listeners.tensorboard_listener import TensorBoardListener
from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.model.hypermodel import CnnHyperModel, encoded, hyperparameters_of
from cnnsearch.search.mounts import check_local
from cnnsearch.search.outline import outline_of
from cnnsearch.search.preflight import fit_to_classes, why_impossible, without_unavailable_weights
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.request import Request
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_status import read_summary, searches, spent_seconds
from cnnsearch.search.sharing.company import Alone, company_of
from cnnsearch.search.sharing.meeting import Meeting, meeting_of
from cnnsearch.search.sharing.places import place_of
from cnnsearch.search.study.database import sqlite_url
from cnnsearch.search.study.study import STUDY_NAME
from cnnsearch.search.trial.training import run_trial
from cnnsearch.search.writing import clear_temporary, write_json, write_text
from cnnsearch.spaces.document import Document
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import most_epochs
from cnnsearch.spaces.points import first_trials
from cnnsearch.spaces.rungs import comparing, rungs_of
from cnnsearch.spaces.space import Space

Progress = Callable[[int, int], None]
"""Called with (images decoded, images in all)."""


@dataclass(frozen=True)
class Result:
    """What a search leaves.

    Attributes:
        run: its folder.
        trials: all of them.
        objective: what they are ranked by.
        best: the best one's model folder; None where no trial has a score.
        failure: why the search ended before its time; None where it did not.
        is_final: whether this process did the final part; of several workers one does.
    """

    run: RunFolder
    trials: list[TrialRecord]
    objective: Objective
    best: ModelFolder | None
    failure: EveryTrialFailed | None = None
    is_final: bool = True


@dataclass(frozen=True)
class _Prepared:
    """A request after all checks: what will be searched, on what, where."""

    space: Space
    datasets: Datasets
    dataset: Dataset
    identity: str
    chosen: Chosen
    crew: Crew
    warnings: tuple[str, ...]
    meeting: Meeting | None = None

    @property
    def run(self) -> RunFolder:
        """Its folder."""
        return self.chosen.run


def run_search(
    request: Request, listeners: Sequence[Listener] = (), progress: Progress | None = None, train: Train = run_trial
) -> Result:
    """Search a space; goes on with an unfinished run of the same space and data where there is one.

    Args:
        train: what a trial's process does.

    Raises:
        CnnSearchError: the space, the data or the weights do not allow a search (then nothing is written), another
            process works on the same run, or its files cannot be written.
        KeyboardInterrupt: Ctrl-C; the study is consistent and the same command goes on.
    """
    crew = crew_of(request.space.document.search)
    if request.link is None:
        check_local(request.runs, request.resume)
    datasets = request.datasets or Datasets(request.cache, progress)
    space, warnings = without_unavailable_weights(request.space)
    dataset = datasets.first_of(space)
    space, unfit = fit_to_classes(space, dataset.classes)
    warnings += unfit
    space = with_discovered(space, len(dataset.classes))
    confirm = space.document.search.confirm
    wanted = Wanted(space.identity(), Summary.of(dataset.summary()), _trials(space), confirm)
    meeting = meeting_of(request, space, dataset, wanted.trials)
    with place_of(request, wanted, meeting) as chosen:
        told = (*warnings, *_doubts(dataset), *chosen.warnings)
        prepared = _Prepared(space, datasets, dataset, wanted.identity, chosen, crew, told, meeting)
        clear_temporary(chosen.run.path)
        mend_export(chosen.run.best)
        moved = chosen.continued and not meeting and not searches(chosen.run, wanted.space)
        if moved:
            take_over(chosen.run, space, Objectives.of(space.document.search))
        if chosen.change:
            keep_summary(chosen.run)
        if chosen.change or moved or not chosen.continued:
            _describe(prepared, request)
        elif read_summary(chosen.run) is None:  # lost; the trials say that these are their images
            write_json(chosen.run.dataset, dataset.summary())
        return _searched(prepared, request, listeners, train)


def _trials(space: Space) -> int:
    return space.document.search.trials if space.parameters else 1


def _doubts(dataset: Dataset) -> list[str]:
    """What a person should know of the images before hours are spent on them."""
    doubts = list(dataset.notes)
    count = len(dataset.skipped)
    if count:
        first = ", ".join(f"{image.name} ({image.reason})" for image in dataset.skipped[:3])
        more = f" and {count - 3} more, all in dataset.json" if count > 3 else ""
        told = "1 image cannot be read and is" if count == 1 else f"{count} images cannot be read and are"
        doubts.append(f"{told} left out: {first}{more}")
    return doubts


def _describe(prepared: _Prepared, request: Request) -> None:
    """Write what was asked, where, and on what."""
    write_text(prepared.run.space, request.space.to_yaml())
    write_text(prepared.run.resolved, prepared.space.to_yaml())
    write_json(prepared.run.environment, environment(prepared.crew.wanted))
    write_json(prepared.run.dataset, prepared.dataset.summary())


def _searched(prepared: _Prepared, request: Request, listeners: Sequence[Listener], train: Train) -> Result:
    run, document, crew = prepared.run, prepared.space.document, prepared.crew
    objectives, oracle = Objectives.of(document.search), _oracle(prepared)
    company = company_of(prepared.meeting, oracle, run, begins=request.begins)
    known = oracle.study.records()
    finished = tuple(trial for trial in known if counts(trial))
    remove_backups_of(run, finished)
    pause = Pause(run.path)
    pause.patiently(lambda: outdate(run))
    budget = _budget(prepared, objectives.epoch, known, pause, company)
    checkpoints = Checkpoints(run, objectives, document.keep.checkpoints)
    for trial in finished:
        checkpoints.ended(trial)
    with ExitStack() as files:
        broadcast = _broadcast(prepared, objectives, budget, pause, listeners, files)
        limit = document.search.trial_time
        bench = Bench(
            run,
            prepared.space,
            prepared.datasets.of,
            crew,
            budget,
            checkpoints,
            broadcast,
            pause,
            limit,
            train=train,
            halting=company.halting,
            artifacts=company.artifacts,
            ending=company.stop_waiting,
        )
        _tell_of_begin(prepared, bench, finished)
        hypermodel = CnnHyperModel(prepared.space, len(prepared.dataset.classes), steps_per_epoch=1)
        tuner = SearchTuner(oracle, hypermodel, bench)
        with _telling_of_its_end(broadcast), company.present(budget, checkpoints, broadcast):
            failure, best = _tuned(tuner), None
            company.failed = failure is not None
            with company.final_part(broadcast, confirms=document.search.confirm is not None) as is_final:
                if is_final:
                    failure = failure or _confirmed(tuner, bench)
                confirms = document.search.confirm is not None  # then the model to export is one of its own
                if is_final and (confirms or company.bring_best(partial(written, prepared.space), broadcast)):
                    finish = Finish(run, prepared.space, prepared.datasets, oracle.study, crew.devices[0])
                    best = pause.patiently(finish)
        if oracle.exhausted and not failure:
            asked = prepared.chosen.trials
            broadcast(Told(f"{oracle.exhausted}, before the {asked} trials that were asked for"))
        ended_by = str(failure) if failure else oracle.exhausted or tuner.ended_by
        broadcast(RunEnded("failed" if failure else "finished", ended_by))
    return Result(run, oracle.study.records(), objectives.epoch, best, failure, is_final)


def _broadcast(
    prepared: _Prepared,
    objectives: Objectives,
    budget: Budget,
    pause: Pause,
    listeners: Sequence[Listener],
    files: ExitStack,
) -> Broadcast:
    """All who hear of the search; `files` closes those that they write."""
    run, document, crew = prepared.run, prepared.space.document, prepared.crew
    log = EventLog(run.events)
    files.callback(log.close)
    board = TensorBoardLog(run.tensorboard, prepared.space.parameters, objectives)
    files.callback(board.close)
    own = (log, StatusFile(run, prepared.identity, budget), TensorBoardListener(board))

    def settled(device: str, slots: int, why: str) -> None:
        broadcast(Told(pause.patiently(lambda: note_packing(run, device, slots, why))))

    packers = packers_of(document.search, crew, settled)
    broadcast = Broadcast((*own, *_reserve(document, budget, crew), *packers, *listeners), pause.patiently)
    pause.tell = broadcast.at_once
    return broadcast


def _tell_of_begin(prepared: _Prepared, bench: Bench, finished: tuple[TrialRecord, ...]) -> None:
    """Tell the listeners that the search begins, and what a person should know of it."""
    chosen, limits, objectives = prepared.chosen, bench.budget.limits, bench.checkpoints.objectives
    total = chosen.trials, limits.seconds
    names = tuple(slot.name for slot in bench.crew.wanted)
    going_on = chosen.continued, bench.budget.before
    bounds = limits.epochs, limits.target
    started = RunStarted(bench.run, objectives.epoch, *total, names, finished, *going_on, *bounds, objectives)
    bench.broadcast(started)
    for warning in prepared.warnings:
        bench.broadcast(Warned(warning))
    if prepared.space.document.search.sampler.grid:
        bench.broadcast(Told(_size_of_grid(prepared.space, chosen.trials)))


def _reserve(document: Document, budget: Budget, crew: Crew) -> list[Listener]:
    """Who keeps time for the confirming, where there is one."""
    most, confirm = most_epochs(document) * (document.data.folds or 1), document.search.confirm
    return [ConfirmingReserve(budget, confirm, lambda: len(crew.wanted), most)] if confirm else []


def _budget(
    prepared: _Prepared, objective: Objective, known: Sequence[TrialRecord], pause: Pause, company: Alone
) -> Budget:
    """What the search may take, less what its trials have taken, those that go on included."""
    search = prepared.space.document.search
    limits = Limits(search.time, search.epochs, search.stop_at, objective)
    before = spent_seconds(prepared.run) if prepared.chosen.continued else 0.0
    before = prepared.meeting.spent if prepared.meeting else before
    made = sum(epoch.work for trial in known for epoch in trial.epochs)
    least = min((rung.work for rung in rungs_of(search)), default=1)
    budget = Budget(limits, before, made, lambda: pause.seconds, least, company.epochs)
    for trial in filter(counts, known):
        if trial.is_whole:
            budget.score(trial.score)
    return budget


def _size_of_grid(space: Space, trials: int) -> str:
    count = space.cardinality()
    if count is None:
        return f"the grid has more configurations than can be counted, {trials} of which are tried"
    tried = "all of which are tried" if trials >= count else f"the first {trials:,} of which are tried"
    return f"the grid has {count:,} configurations, {tried}"


def _oracle(prepared: _Prepared) -> OptunaOracle:
    search, meeting = prepared.space.document.search, prepared.meeting
    classes = len(prepared.dataset.classes)
    oracle = OptunaOracle(
        objective=Objectives.of(search),
        max_trials=prepared.chosen.trials,
        hyperparameters=hyperparameters_of(prepared.space),
        seed=None if meeting else search.seed,  # or workers that draw at the same moment would draw the same
        storage=meeting.storage if meeting else sqlite_url(prepared.run.study),
        study_name=meeting.link.study if meeting else STUDY_NAME,
        shared=meeting is not None,
        sampler=search.sampler,
        pruner=pruner_of(comparing(search), most_epochs(prepared.space.document)),
        start_from=[encoded(prepared.space, start) for start in first_trials(prepared.space)],
        reject=partial(why_impossible, prepared.space),
        outline=partial(outline_of, prepared.space, classes),
        max_consecutive_failed_trials=search.max_failures_in_a_row,
        goes_on=lambda number: backup_of(prepared.run.trial(number)).is_file(),
    )
    oracle.verbose = 0
    return oracle


def _tuned(tuner: SearchTuner) -> EveryTrialFailed | None:
    """Run the trials; gives why they ended before their time, for what was good among them is exported all the same."""
    try:
        tuner.search()
    except EveryTrialFailed as failure:
        return failure
    return None


def _confirmed(tuner: SearchTuner, bench: Bench) -> EveryTrialFailed | None:
    """Confirm the best trials, where that was asked for."""
    try:
        if confirm := bench.space.document.search.confirm:
            Confirming(bench, confirm, partial(configuration_of, bench.space)).run(tuner.oracle.study.records())
    except EveryTrialFailed as failure:
        return failure
    return None


@contextmanager
def _telling_of_its_end(broadcast: Broadcast) -> Iterator[None]:
    """Within it, a search that ends before its time says so."""
    try:
        yield
    except CnnSearchError as error:
        broadcast.at_once(RunEnded("failed", str(error)))
        raise
    except BaseException:
        broadcast.at_once(RunEnded("interrupted", "stopped from outside"))
        raise
