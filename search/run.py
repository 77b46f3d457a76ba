"""A whole search: from a space to an ended study and its best model, in one run folder."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import keras_tuner

from cnnsearch.search.best import TrainedModel, best_of, export_model, mend_export
from cnnsearch.search.changed_space import take_over
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.discovery import with_discovered
from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.oracle import EveryTrialFailed, OptunaOracle
from cnnsearch.search.engine.samplers import pruner_of
from cnnsearch.search.engine.slots import Slot, visible_slots
from cnnsearch.search.engine.tuner import TIME_IS_UP, Bench, SearchTuner
from cnnsearch.search.environment import environment
from cnnsearch.search.listeners.events import Broadcast, EventLog, Listener, RunEnded, RunStarted, Warned
from cnnsearch.search.listeners.status_file import StatusFile
from cnnsearch.search.listeners.tensorboard_listener import TensorBoardListener
from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.model.hypermodel import CnnHyperModel, decoded, encoded, hyperparameters_of
from cnnsearch.search.preflight import fit_to_classes, why_impossible, without_unavailable_weights
from cnnsearch.search.records import Failure, Objective, Origin, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.runs import (
    earlier_form,
    held,
    is_of,
    make_run,
    newest,
    read_status,
    resumable,
    run_identity,
    spent_seconds,
    unfinished,
)
from cnnsearch.search.study import read_trials, sqlite_url
from cnnsearch.search.writing import write_json, write_text
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.points import first_trials
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import counts

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
        cache: where decoded images are kept; None for the user's cache folder.
        datasets: what has decoded images already; None for one of its own.
    """

    space: Space
    runs: Path
    name: str
    new: bool = False
    more: int | None = None
    resume: Path | None = None
    cache: Path | None = None
    datasets: Datasets | None = None


@dataclass(frozen=True)
class Result:
    """What a search leaves.

    Attributes:
        run: its folder.
        trials: all of them.
        objective: what they are ranked by.
        best: the best one's model folder; None where no trial has a score.
        failure: why the search ended before its time; None where it did not.
    """

    run: RunFolder
    trials: list[TrialRecord]
    objective: Objective
    best: ModelFolder | None
    failure: EveryTrialFailed | None = None


@dataclass(frozen=True)
class _Plan:
    """A request after all checks: what will be searched, on what, where."""

    space: Space
    datasets: Datasets
    dataset: Dataset
    run: RunFolder
    identity: str
    trials: int
    continued: bool
    warnings: tuple[str, ...]


def run_search(request: Request, listeners: Sequence[Listener] = (), progress: Progress | None = None) -> Result:
    """Search a space; goes on with an unfinished run of the same space and data where there is one.

    Raises:
        CnnSearchError: the space, the data or the weights do not allow a search (then nothing is written), another
            process works on the same run, or its files cannot be written.
        KeyboardInterrupt: Ctrl-C; the study is consistent and the same command goes on.
    """
    datasets = request.datasets or Datasets(request.cache, progress)
    space, warnings = without_unavailable_weights(request.space)
    dataset = datasets.first_of(space)
    space, unfit = fit_to_classes(space, dataset.classes)
    warnings += unfit
    space = with_discovered(space, len(dataset.classes))
    identity = run_identity(space.identity(), dataset.fingerprint)
    run, trials, continued = _choose(request, space, identity)
    changed = continued and not is_of(run, identity)
    doubts = (*warnings, *_doubts(dataset), *([] if continued else earlier_form(request.runs, request.name, identity)))
    plan = _Plan(space, datasets, dataset, run, identity, trials, continued, doubts)
    with held(run):
        mend_export(run.best)
        if changed:
            take_over(run, space, Objective.of(space.document.search.objective))
        if changed or not continued:
            _describe(plan, request)
        return _search(plan, listeners)


def _choose(request: Request, space: Space, identity: str) -> tuple[RunFolder, int, bool]:
    """The run's folder, how many trials it shall have, and whether it goes on."""
    wanted = space.document.search.trials if space.parameters else 1
    if request.resume is not None:
        run = resumable(request.resume if request.resume.exists() else request.runs / request.resume, identity)
        return run, _extended(run, request.more) if request.more is not None else wanted, True
    if request.more is not None:
        run = newest(request.runs, request.name, identity)
        return run, _extended(run, request.more), True
    run_that_waits = None if request.new else unfinished(request.runs, request.name, identity)
    if run_that_waits:
        return run_that_waits, wanted, run_that_waits.study.is_file()
    return make_run(request.runs, request.name, identity), wanted, False


def _extended(run: RunFolder, more: int) -> int:
    """How many trials a run shall have after `--more`; one that was interrupted first does what it was asked for."""
    status = read_status(run)
    asked = status.get("trials", {}).get("budget", 0)
    return asked if status.get("state") != "finished" and asked else sum(map(_counts, read_trials(run))) + more


def _doubts(dataset: Dataset) -> list[str]:
    """What a person should know of the images before hours are spent on them."""
    doubts = list(dataset.notes)
    if dataset.skipped:
        first = ", ".join(f"{image.name} ({image.reason})" for image in dataset.skipped[:3])
        more = f" and {len(dataset.skipped) - 3} more, all in dataset.json" if len(dataset.skipped) > 3 else ""
        doubts.append(f"{len(dataset.skipped)} images cannot be read and are left out: {first}{more}")
    return doubts


def _counts(trial: TrialRecord) -> bool:
    """Whether a trial has ended and cost one of the budget; an impossible draw costs none."""
    return trial.status.ended and trial.reason != Failure.IMPOSSIBLE


def _describe(plan: _Plan, request: Request) -> None:
    """Write what was asked, where, and on what."""
    write_text(plan.run.space, request.space.to_yaml())
    write_text(plan.run.resolved, plan.space.to_yaml())
    write_json(plan.run.environment, environment(visible_slots()))
    write_json(plan.run.dataset, plan.dataset.summary())


def _search(plan: _Plan, listeners: Sequence[Listener]) -> Result:
    run, document = plan.run, plan.space.document
    objective = Objective.of(document.search.objective)
    before = spent_seconds(run) if plan.continued else 0.0
    budget = Budget(document.search.time, before)
    slots = visible_slots()
    oracle = _oracle(plan)
    finished = tuple(trial for trial in oracle.study.records() if _counts(trial))
    checkpoints = Checkpoints(run, objective, document.keep.checkpoints)
    for trial in finished:
        checkpoints.ended(trial)
    with ExitStack() as stack:
        log = EventLog(run.events)
        stack.callback(log.close)
        board = TensorBoardLog(run.tensorboard, plan.space.parameters, objective)
        stack.callback(board.close)
        own = (log, StatusFile(run, plan.identity, budget), TensorBoardListener(board))
        broadcast = Broadcast((*own, *listeners))
        names = tuple(slot.name for slot in slots)
        broadcast(RunStarted(run, objective, plan.trials, budget.seconds, names, finished, plan.continued, before))
        for warning in plan.warnings:
            broadcast(Warned(warning))
        hypermodel = CnnHyperModel(plan.space, len(plan.dataset.classes), steps_per_epoch=1)
        bench = Bench(run, plan.space, plan.datasets.of, slots, budget, checkpoints, broadcast)
        failure = _tune(SearchTuner(oracle, hypermodel, bench), broadcast)
        best = _finish(plan, oracle, objective, slots[0])
        if failure:
            broadcast(RunEnded("failed", str(failure)))
        else:
            broadcast(RunEnded("finished", TIME_IS_UP if budget.over else "all trials are done"))
    return Result(run, oracle.study.records(), objective, best, failure)


def _oracle(plan: _Plan) -> OptunaOracle:
    search = plan.space.document.search
    objective = Objective.of(search.objective)
    oracle = OptunaOracle(
        objective=keras_tuner.Objective(objective.metric, objective.direction),
        max_trials=plan.trials,
        hyperparameters=hyperparameters_of(plan.space),
        seed=search.seed,
        storage=sqlite_url(plan.run.study),
        sampler=search.sampler,
        pruner=pruner_of(search.pruner, _most_epochs(plan.space)),
        start_from=[encoded(plan.space, start) for start in first_trials(plan.space)],
        reject=partial(why_impossible, plan.space),
    )
    oracle.verbose = 0
    return oracle


def _most_epochs(space: Space) -> int:
    return max(counts(space.document.training.epochs))


def _tune(tuner: SearchTuner, broadcast: Broadcast) -> EveryTrialFailed | None:
    """Run the trials; gives why they ended before their time, for what was good among them is exported all the same."""
    try:
        tuner.search()
    except EveryTrialFailed as failure:
        return failure
    except CnnSearchError as error:
        broadcast(RunEnded("failed", str(error)))
        raise
    except BaseException:
        broadcast(RunEnded("interrupted", "stopped from outside"))
        raise
    return None


def _finish(plan: _Plan, oracle: OptunaOracle, objective: Objective, slot: Slot) -> ModelFolder | None:
    """Export the best trial's model, evaluated on the validation part and, for the first time, on the test part."""
    best = best_of(plan.run, oracle.study.records(), objective)
    if best is None:
        return None
    folder = plan.run.trial(best.number)
    dataset = plan.datasets.of(plan.space.configuration(decoded(plan.space, best.values)).data)
    trained = TrainedModel(folder / "model.keras", folder / "config.yaml", dataset, Origin.of(best, objective))
    export_model(plan.run.best, trained, ("validation", "test"), slot)
    return plan.run.best
