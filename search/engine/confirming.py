"""Confirms a search's best trials: their configurations are trained anew, with new seeds, on all slots.

A retraining is no trial: the study and its sampler do not hear of it. What has ended stands in `confirm.json` at once,
so a killed search repeats none of it.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cnnsearch.search.confirmed import Chosen, Confirmation, Retrained, read_confirmation, write_confirmation
from cnnsearch.search.confirming_events import ConfirmingEnded, ConfirmingStarted, RetrainingEnded
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.confirming_time import seconds_of, seeds_within, was_cut_short
from cnnsearch.search.engine.reducing import parts_with
from cnnsearch.search.engine.retraining import RetrainingDialogue, all_epochs_of
from cnnsearch.search.engine.serving import Children, serve, writing_in
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Told, Warned
from cnnsearch.search.ranking import rank, trained_as_the_first
from cnnsearch.search.records import Failure, TrialRecord
from cnnsearch.search.seeds import retraining_seed
from cnnsearch.search.trial.messages import Broken
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.rungs import on_rung
from cnnsearch.spaces.sections.search import Confirm

ConfigurationOf = Callable[[TrialRecord], Configuration]
"""What a trial was drawn as: with rungs, the training of the last one. Its seed stands aside."""


def as_trained(configuration: Configuration, trial: TrialRecord) -> Configuration:
    """A trial's configuration in its precision, with batches in as many parts as it needed where memory was short."""
    training, known = configuration.training, dict[str, object]()
    if trial.reduced_batch is not None:
        known["accumulate"] = parts_with(training, trial.reduced_batch)
    if trial.precision:
        known |= {"precision": trial.precision, "jit": trial.jit}
    return configuration.model_copy(update={"training": training.model_copy(update=known)})


def _told_of_others(first: TrialRecord, others: Sequence[str]) -> str:
    """That some of the best trials are not confirmed, since they did not come to the rung of the first."""
    is_one = len(others) == 1
    which = f"trial {others[0]} is" if is_one else f"trials {', '.join(others)} are"
    scores = "its score is" if is_one else "their scores are"
    reached = f" (rung {first.rung.number} of {first.rung.of})" if first.rung else ""
    return f"{which} not confirmed: {scores} of less training than that of trial {first.number}{reached}"


class Confirming:
    """The retrainings of one search.

    Args:
        bench: what trials are run with.
        asked: how many trials, how many seeds.
        configuration_of: a trial's configuration.
    """

    def __init__(self, bench: Bench, asked: Confirm, configuration_of: ConfigurationOf) -> None:
        self._bench, self._asked, self._configuration_of = bench, asked, configuration_of
        self._children = Children("retrainings", bench.halting, bench.broadcast)
        self._lock = threading.Lock()
        self._waiting: deque[tuple[TrialRecord, int]] = deque()
        self._found: Confirmation
        self._seconds: dict[int, float] = {}
        self._late = 0

    def run(self, trials: Sequence[TrialRecord]) -> Confirmation:
        """Retrain the best of these trials as far as time allows; what earlier sessions did is not done again.

        Raises:
            KeyboardInterrupt: Ctrl-C; what has ended is kept.
            Terminated: the order to end soon; half-trained ones go on at another time.
            CnnSearchError: the run's files cannot be written.
        """
        bench = self._bench
        bench.budget.keep_for_confirming(0.0)  # it is for now
        best = self._best(trials)
        self._begin(best)
        self._clear_models()
        bench.broadcast(self._told_of_begin(best))
        if self._waiting:
            serve(self._wanted, self._serve, bench.interrupt, self._children.stop, self._children.halt)
        self._tell_late()
        self._note(state="done")
        self._clear_models()
        if not self._found.ranked:
            bench.broadcast(Warned("no retraining has a score, so the best trial is named by the search's own scores"))
        bench.broadcast(ConfirmingEnded(self._found))
        return self._found

    def _wanted(self) -> Sequence[Slot]:
        return () if self._children.are_ending else self._bench.crew.wanted[: len(self._waiting)]

    def _best(self, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
        """Those of one rung alone: what others learned from less would be compared with more."""
        ended = [trial for trial in trials if trial.status.ended]
        first = rank(ended, self._bench.checkpoints.objectives)[: self._asked.top]
        best = trained_as_the_first(first)
        if left_out := [str(trial.number) for trial in first if trial not in best]:
            self._bench.broadcast(Told(_told_of_others(best[0], left_out)))
        return best

    def _told_of_begin(self, best: Sequence[TrialRecord]) -> ConfirmingStarted:
        again = {(trial.number, turn) for trial, turn in self._waiting}
        done = tuple(each for each in self._found.counted if (each.trial, each.turn) not in again)
        turns = [*(turn for _, turn in again), *(each.turn for each in done)]
        return ConfirmingStarted(tuple(trial.number for trial in best), max(turns, default=self._asked.seeds), done)

    def _begin(self, best: Sequence[TrialRecord]) -> None:
        """Find out what is to be done."""
        bench, stamps = self._bench, {trial.number: self._stamp(trial) for trial in best}
        before = read_confirmation(bench.run)
        known = [each for each in before.retrained if stamps.get(each.trial, each.data) == each.data] if before else []
        self._found = Confirmation(
            objective=bench.checkpoints.objective,
            top=self._asked.top,
            seeds=self._asked.seeds,
            images=self._images(best),
            chosen=tuple(Chosen(t.number, t.score or 0.0, self._is_made_again(t, stamps[t.number])) for t in best),
            retrained=tuple(known),
        )
        self._seconds = {
            trial.number: seconds_of(trial, all_epochs_of(self._configuration_of(trial))) for trial in best
        }
        done = {(each.trial, each.turn) for each in self._found.counted} - self._without_model()
        missing = [(trial, turn) for turn in range(1, self._asked.seeds + 1) for trial in best]
        missing = [(trial, turn) for trial, turn in missing if (trial.number, turn) not in done]
        self._plan(missing)

    def _is_made_again(self, trial: TrialRecord, stamp: str) -> bool:
        """Whether the retrainings of a trial are what it was: on the same images, to the same end, on all its folds."""
        folds = self._configuration_of(trial).data.folds or 0
        return trial.data in ("", stamp) and not was_cut_short(trial) and len(trial.folds) == folds

    def _without_model(self) -> set[tuple[int, int]]:
        """The median retrainings of trials whose models are all gone: one is wanted for the case that it wins."""
        median = [each.median(self._found.objective) for each in self._found.ranked]
        return {(own[0].trial, own[0].turn) for own in median if not any(map(self._has_model, own))}

    def _has_model(self, retrained: Retrained) -> bool:
        return self._model(retrained).is_file()

    def _model(self, retrained: Retrained) -> Path:
        return self._bench.run.retraining(retrained.trial, retrained.turn).model

    def _plan(self, missing: Sequence[tuple[TrialRecord, int]]) -> None:
        """Put the retrainings in line for which there is time, the first seed of all trials before the second."""
        rounds = sorted({turn for _, turn in missing})
        each = [self._seconds[chosen.trial] for chosen in self._found.chosen]
        fit = seeds_within(self._bench.budget.left, each, len(self._bench.crew.wanted), len(rounds))
        last = rounds[fit - 1] if rounds else self._asked.seeds
        if fit < len(rounds):
            told = f"search.time has room for {last} of the {self._asked.seeds} seeds that search.confirm asks for"
            self._bench.broadcast(Told(told))
        self._waiting = deque((trial, turn) for trial, turn in missing if turn <= last)

    def _stamp(self, trial: TrialRecord) -> str:
        return self._dataset(trial).stamp

    def _dataset(self, trial: TrialRecord) -> Dataset:
        configuration = self._configuration_of(trial)
        data = (on_rung(configuration, trial.rung) if trial.rung else configuration).data
        return self._bench.pause.patiently(lambda: self._bench.images_of(data))

    def _images(self, best: Sequence[TrialRecord]) -> int:
        """In the validation part; 0 with folds, each of which has its own."""
        datasets = [self._dataset(trial) for trial in best[:1]]
        return sum(len(dataset.rows("validation")) for dataset in datasets if not dataset.folds)

    def _serve(self, slot: Slot) -> None:
        try:
            with writing_in(self._bench.run.path):
                while not self._children.are_ending and (job := self._next()):
                    self._retrain(*job, slot)
        except BaseException:
            self._bench.interrupt()
            self._children.stop()  # what ends one slot ends the confirming
            raise

    def _next(self) -> tuple[TrialRecord, int] | None:
        """The next retraining in line for which there is time; those without are left out."""
        with self._lock:
            while self._waiting:
                trial, turn = self._waiting.popleft()
                if self._seconds[trial.number] < self._bench.budget.left:
                    return trial, turn
                self._late += 1
        return None

    def _retrain(self, trial: TrialRecord, turn: int, slot: Slot) -> None:
        configuration = self._with_seed(trial, turn)
        dialogue = RetrainingDialogue(self._bench, trial.number, turn, configuration, slot, trial.rung)
        try:
            broken = self._run(slot, dialogue)
            while broken and broken.failure is Failure.DISK and self._bench.pause.until_room():
                broken = self._run(slot, dialogue)
        finally:
            dialogue.close()
        if dialogue.is_halted or (broken and self._children.are_ending):
            return
        dialogue.remove_backup()
        if dialogue.is_late or (broken and broken.failure is Failure.TIMEOUT and dialogue.is_put_off):
            with self._lock:
                self._late += 1
            return
        ended = dialogue.ending(broken)
        if broken:
            text = f"retraining {turn} of trial {trial.number} failed and does not count: {broken.failure}"
            self._bench.broadcast(Warned(f"{text}, {broken.message}" if broken.message else text))
        self._note(ended)
        self._clear_models()
        self._bench.broadcast(RetrainingEnded(ended))

    def _run(self, slot: Slot, dialogue: RetrainingDialogue) -> Broken | None:
        crew = self._bench.crew
        return self._children.run(slot, dialogue, lambda child: crew.runs(slot, child.pid), dialogue.patience)

    def _with_seed(self, trial: TrialRecord, turn: int) -> Configuration:
        configuration = as_trained(self._configuration_of(trial), trial)
        seed = retraining_seed(configuration.search.seed, trial.number, turn)
        training = configuration.training.model_copy(update={"seed": seed})
        return configuration.model_copy(update={"training": training})

    def _note(self, ended: Retrained | None = None, state: str = "running") -> None:
        with self._lock:
            others = [r for r in self._found.retrained if not ended or (r.trial, r.turn) != (ended.trial, ended.turn)]
            more = (ended,) if ended else ()
            self._found = replace(self._found, retrained=(*others, *more), state=state)
            found = self._found
            self._bench.pause.patiently(lambda: write_confirmation(self._bench.run, found))

    def _clear_models(self) -> None:
        """Keep the median model alone of each trial whose retrainings have all ended; at the end, of no other trial."""
        found = self._found
        behind = [each for each in found.retrained if each not in found.counted] if found.is_done else []
        for confirmed in found.ranked:
            ended = [each for each in found.counted if each.trial == confirmed.chosen.trial]
            if found.is_done or len(ended) >= found.seeds:
                behind += [each for each in confirmed.median(found.objective) if self._has_model(each)][1:]
        for each in behind:
            self._model(each).unlink(missing_ok=True)

    def _tell_late(self) -> None:
        if self._late:
            count = "1 retraining was" if self._late == 1 else f"{self._late} retrainings were"
            self._bench.broadcast(Warned(f"{count} left out, since the time of the search is up"))
