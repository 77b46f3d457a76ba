"""`cnnsearch.run`: a search from Python."""

import multiprocessing
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnsearch.api.given import Text, settings_of, space_given
from cnnsearch.api.runs import Run, read_run
from cnnsearch.api.wording import errors_in_python
from cnnsearch.reports.run_report import write_run_report
from cnnsearch.reports.wording import without_best
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.mounts import check_local
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.searching import RunChoice, Watchers, begin, has_best, search
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.storage_option import link_of, storage_of
from cnnsearch.terminal import say, warn

if TYPE_CHECKING:  # stands on keras
    from cnnsearch.search.run import Result


def run(
    space: Text | Mapping[str, Any] | Any,  # noqa: ANN401 - a HyperModel, which has no type
    data: Text | None = None,
    *,
    trials: int | None = None,
    time: str | float | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - the command line's name for it
    name: str | None = None,
    runs: Text = "runs",
    new: bool = False,
    more: int | None = None,
    resume: Text | None = None,
    accept_data_change: bool = False,
    allow_code: bool = False,
    progress: bool = True,
) -> Run:
    """Search a space: try configurations, rank them, keep the best model. The same call goes on after a stop.

        run = cnnsearch.run("basic", data="photos/", trials=20, time="30m")
        print(run.best.score, run.best.values)
        model = run.best_model()

    It does what `cnnsearch run` does, with the same run folder: either goes on with a run of the other. Trials run in
    processes of their own, on every GPU there is. These do not import your script, which therefore needs no
    `if __name__ == "__main__":`; it may as well be a notebook.

    `set={"search.storage": "postgresql://user@host/database"}`, or the variable CNNSEARCH_STORAGE, has several machines
    that make the same call search together, each with a run folder of its own.

    Ctrl-C, or a notebook's stop button, ends the running trials and raises KeyboardInterrupt. The finished ones are
    kept, and the same call goes on. No signal handler is installed, so it may be called in any thread.

    Args:
        space: a space file, the name of a shipped space (`cnnsearch spaces` lists them), or a mapping of the same
            sections, such as `{"data": {"image_size": 64}, "model": {"scratch": {"blocks": {"int": [2, 4]}}}}`.
            Or a `keras_tuner.HyperModel` of your own, or a function `build(hp)`: see below.
        data: the images, in place of the space's `data.source`: a folder with one folder of images per class, an
            archive, a CSV manifest, a `.npz` file with x and y, `sample:digits`, ...
        trials: how many configurations are tried (`search.trials`).
        time: how long, such as `"30m"`, or in seconds (`search.time`).
        set: any other value by its dotted key, such as `{"training.epochs": 5, "search.sampler": "evolution"}`.
        name: the run's name, which its folder is called by; the space file's name where it is not given.
        runs: the folder of run folders.
        new: begin a new run, whatever is unfinished.
        more: add so many trials to the newest run of this name and space.
        resume: go on with the run in this folder, also where the space has changed.
        accept_data_change: go on though the images have changed since.
        allow_code: let the space's `custom:` functions run; they are Python code.
        progress: print a line for each trial that begins or ends.

    **A HyperModel.** Its own `build(hp)` makes and compiles each model; its own `fit(hp, model, x, y, ...)` trains it
    where it has one. This library draws the hyperparameters, prunes, ranks, and keeps the run. Its trials run in this
    process, one after the other, as KerasTuner's do: what is defined in a script or a notebook cannot be found by other
    processes. So one that crashes takes this process along (the same call goes on), and several GPUs are not used.

    - Before the first build it is told `hypermodel.dataset`: `.shape` (height, width, channels) and `.classes` (names).
    - Models get images of 0 to 255 as an array (n, height, width, channels) of uint8, and class numbers (n,) where
      their loss is a sparse one or they have a single output, else rows (n, classes) with a one for the class.
    - `set` has the keys of `data`, the numbers `training.epochs`, `.batch_size`, `.seed`, `.early_stopping`, and of
      `search` what is about sampler, pruner, objective, budget and seed. All else is the HyperModel's own.

    To run a HyperModel's trials in processes, put it into a module and name it in a space:
    `{"model": {"custom": "my_module:MyHyperModel"}}` with `allow_code=True`; optimizer and training are the space's.

    Returns:
        The run: `.trials`, `.best`, `.best_model()`, `.history`, `.metrics`, `.path`.

    Raises:
        CnnSearchError: the space, the images or the run's folder do not allow it, or every trial failed. The message
            says where, which rule, what was found, and what to do.
        KeyboardInterrupt: Ctrl-C; the same call goes on.
    """
    with errors_in_python():
        _check_process()
        settings = settings_of(set, data, trials, time)
        folder = Path(resume) if resume is not None else None
        which = RunChoice(Path(runs), name, new=new, more=more, resume=folder, accept_data_change=accept_data_change)
        try:
            return _run(space, settings, which, allow_code=allow_code, progress=progress)
        except KeyboardInterrupt:
            if progress:
                warn("stopped; the finished trials are kept. The same call goes on" + (", without new=True" * new))
            raise


def _check_process() -> None:
    """Where a process of somebody's own imports a script that searches, it would search once more.

    Raises:
        CnnSearchError: it does, or it is one that may start no other.
    """
    process = multiprocessing.current_process()
    if getattr(process, "_inheriting", False):
        rule = f"a search is begun by the script itself, got {process.name}, a process that imports it"
        advice = 'Put the call under `if __name__ == "__main__":`, for this script starts processes of its own.'
        raise CnnSearchError(str(Problem("cnnsearch.run", rule, advice)))
    if process.daemon:
        rule = f"its trials are processes, got {process.name}, a daemon, which Python lets start none"
        raise CnnSearchError(str(Problem("cnnsearch.run", rule, "Call it in the main process, or with daemon=False.")))


def _run(space: Any, settings: list[str], which: RunChoice, *, allow_code: bool, progress: bool) -> Run:  # noqa: ANN401
    watchers = _watchers(progress=progress)
    if callable(space) or hasattr(space, "build"):
        result = _of_hypermodel(space, settings, which, watchers)
    else:
        named = storage_of(None)
        shared = [f"search.storage={named}"] if named else []
        checked = space_given(space, [*shared, *settings], allow_code=allow_code)
        which = replace(which, link=link_of(checked.document.search, which.name or checked.name))
        begin(checked, which)
        result = search(checked, which, watchers)
    found = read_run(result.run)
    for warning in write_run_report(result.run, found.trials, found._objectives):
        warn(warning)
    if not has_best(result, which):
        raise result.failure or CnnSearchError(_without_best(found))
    if result.failure is not None:
        warn(str(result.failure))
    return found


def _without_best(found: Run) -> str:
    return f'{without_best(str(found.path), found.trials)} cnnsearch.open_run("{found.path}").trials has them.'


def _of_hypermodel(space: object, settings: list[str], which: RunChoice, watchers: Watchers) -> "Result":
    """Keras is wanted in this process from the beginning: the HyperModel's author has imported it, too."""
    with without_native_messages():
        from cnnsearch.search.in_process.asked import asked_for
        from cnnsearch.search.in_process.search import search_hypermodel

    asked = asked_for(space, settings)
    check_local(which.runs, which.resume)
    datasets = Datasets(None, watchers.reading, watchers.told)
    return search_hypermodel(asked, which.request(asked.space, datasets), watchers.listener)


def _watchers(*, progress: bool) -> Watchers:
    from cnnsearch.api.lines import Lines, unheard

    return Watchers(Lines(), told=say) if progress else Watchers(unheard)
