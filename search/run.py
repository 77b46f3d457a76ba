"""A whole search: from a space to an ended study and its best model, in one run folder."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from cnnsearch.search.best import mend_export
from cnnsearch.search.changed_space import take_over
from cnnsearch.search.chosen_run import counts, keep_summary
from cnnsearch.search.confirmed_model import outdate
from cnnsearch.search.engine.backups import remove_backups_of
from cnnsearch.search.engine.bench import Bench, Train
from cnnsearch.search.engine.budget import Budget, Limits
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.confirming import Confirming
from cnnsearch.search.engine.failing import EveryTrialFailed
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.engine.serving import writing_in
from cnnsearch.search.engine.tuner import SearchTuner
from cnnsearch.search.environment import environment
from cnnsearch.search.events import Audience, Listener, RunEnded, Told, Warned
from cnnsearch.search.examining import examining
from cnnsearch.search.explaining.first_look import run_trial_and_show
from cnnsearch.search.exporting import export_best, whole_configuration, written
from cnnsearch.search.model.hypermodel import CnnHyperModel, encoded, hyperparameters_of
from cnnsearch.search.outline import outline_of
from cnnsearch.search.preflight import why_impossible
from cnnsearch.search.prepared import Prepared, prepared_for
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.request import Progress, Request
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.search.run_status import read_summary, searches, spent_seconds
from cnnsearch.search.sharing.company import Company, company_of
from cnnsearch.search.study.database import sqlite_url
from cnnsearch.search.study.study import STUDY_NAME
from cnnsearch.search.telling import broadcast_of, tell_of_begin, telling_of_its_end
from cnnsearch.search.writing import clear_temporary, write_json, write_text
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import most_epochs
from cnnsearch.spaces.points import first_trials
from cnnsearch.spaces.rungs import comparing, rungs_of
from cnnsearch.spaces.sections.search import Confirm


@dataclass(frozen=True)
class Result:
    """What a search leaves.

    Attributes:
        run: its folder.
        trials: all of them.
        objective: the metric whose best value is a trial's score.
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


def run_search(
    request: Request,
    listeners: Sequence[Listener] = (),
    progress: Progress | None = None,
    train: Train = run_trial_and_show,
) -> Result:
    """Search a space; goes on with an unfinished run of the same space and data where there is one.

    Args:
        train: what a trial's process does.

    Raises:
        CnnSearchError: the space, the data or the weights do not allow a search (then nothing is written), another
            process works on the same run, or its files cannot be written.
        KeyboardInterrupt: Ctrl-C; the study is consistent and the same command goes on.
    """
    with prepared_for(request, progress) as prepared, writing_in(prepared.run.path):
        _make_ready(prepared, request)
        company = company_of(prepared.meeting, _oracle(prepared), prepared.run, begins=request.begins)
        return _searched(prepared, company, listeners, train)


def _make_ready(prepared: Prepared, request: Request) -> None:
    """Clear away what a killed session left, and have the run's files say what is searched from now on."""
    run, space, chosen = prepared.run, prepared.space, prepared.chosen
    clear_temporary(run.path)
    mend_export(run.best)
    moved = chosen.continued and not prepared.meeting and not searches(run, prepared.wanted.space)
    if moved:
        take_over(run, space, Objectives.of(space.document.search))
    if chosen.change:
        keep_summary(run)
    if chosen.change or moved or not chosen.continued:
        _describe(prepared, request)
    elif read_summary(run) is None:  # lost; the trials say that these are their images
        write_json(run.dataset, prepared.dataset.summary())


def _describe(prepared: Prepared, request: Request) -> None:
    """Write what was asked, where, and on what."""
    write_text(prepared.run.space, request.space.to_yaml())
    write_text(prepared.run.resolved, prepared.space.to_yaml())
    write_json(prepared.run.environment, environment(prepared.crew.wanted))
    write_json(prepared.run.dataset, prepared.dataset.summary())


def _searched(prepared: Prepared, company: Company, listeners: Sequence[Listener], train: Train) -> Result:
    run, document = prepared.run, prepared.space.document
    objectives, oracle = Objectives.of(document.search), company.oracle
    known = oracle.study.records()
    finished = tuple(trial for trial in known if counts(trial))
    remove_backups_of(run, finished)
    pause = Pause(run.path)
    pause.patiently(lambda: outdate(run))
    budget = _budget(prepared, objectives.epoch, known, pause, company)
    checkpoints = Checkpoints(run, objectives, document.keep.checkpoints)
    checkpoints.ended(*finished)
    with ExitStack() as files:
        broadcast = broadcast_of(prepared, objectives, budget, pause, listeners, files)
        bench = _bench(prepared, company, budget, checkpoints, broadcast, pause, train)
        bench.experience.recall(finished)
        tell_of_begin(prepared, bench, finished)
        hypermodel = CnnHyperModel(prepared.space, len(prepared.dataset.classes), steps_per_epoch=1)
        tuner = SearchTuner(oracle, hypermodel, bench)
        with telling_of_its_end(broadcast), company.present(budget, checkpoints, broadcast):
            failure, confirms = _tuned(tuner), document.search.confirm is not None
            company.failed = failure is not None
            with company.final_part(broadcast, confirms=confirms) as is_final:
                best = _finished(prepared, company, tuner, bench, failed=company.failed) if is_final else None
        if oracle.exhausted and not failure:
            asked = prepared.chosen.trials
            broadcast(Told(f"{oracle.exhausted}, before the {asked} trials that were asked for"))
        ended_by = str(failure) if failure else oracle.exhausted or tuner.ended_by
        broadcast(RunEnded(RunState.FAILED if failure else RunState.FINISHED, ended_by))
    return Result(run, oracle.study.records(), objectives.epoch, best, failure, is_final)


def _bench(
    prepared: Prepared,
    company: Company,
    budget: Budget,
    checkpoints: Checkpoints,
    broadcast: Audience,
    pause: Pause,
    train: Train,
) -> Bench:
    """What all trials of this process are run with."""
    return Bench(
        prepared.run,
        prepared.space,
        prepared.datasets.of,
        prepared.crew,
        budget,
        checkpoints,
        broadcast,
        pause,
        prepared.space.document.search.trial_time,
        train=train,
        halting=company.halting,
        artifacts=company.artifacts,
        ending=company.stop_waiting,
    )


def _budget(
    prepared: Prepared, objective: Objective, known: Sequence[TrialRecord], pause: Pause, company: Company
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


def _oracle(prepared: Prepared) -> OptunaOracle:
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
        goes_on=lambda number: prepared.run.trial(number).backup.is_file(),
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


def _finished(
    prepared: Prepared, company: Company, tuner: SearchTuner, bench: Bench, *, failed: bool
) -> ModelFolder | None:
    """Confirm the best trials, where that was asked for and failures did not end the search, and export the best model.

    Whatever breaks the confirming, the search's own best model is exported before that is raised.
    """
    study, confirm = tuner.oracle.study, bench.space.document.search.confirm
    is_confirmed, fault = _confirmed(bench, confirm, study.records()) if confirm and not failed else (False, None)
    with examining(prepared.run, prepared.dataset, bench.broadcast):
        is_here = is_confirmed or company.bring_best(partial(written, bench.space), bench.broadcast)
        asked = prepared, study.records(), study.objectives, bench.crew.devices[0], bench.broadcast
        best = bench.pause.patiently(lambda: export_best(*asked)) if is_here else None
    if fault:
        raise fault
    return best


def _confirmed(bench: Bench, asked: Confirm, trials: list[TrialRecord]) -> tuple[bool, Exception | None]:
    """Retrain the best trials: whether that has named a winner, and the fault of this program that ended it.

    Raises:
        BrokenPipeError: nobody reads our lines any more.
    """
    try:
        found = Confirming(bench, asked, partial(whole_configuration, bench.space)).run(trials)
    except CnnSearchError as error:
        told = "the best trials are not confirmed, so the best one is named by the search's own scores"
        bench.broadcast(Warned(f"{told}: {error}"))
        return False, None
    except BrokenPipeError:
        raise
    except Exception as fault:  # noqa: BLE001 - it is raised when the best model is safe
        return False, fault
    return found.winner is not None, None
