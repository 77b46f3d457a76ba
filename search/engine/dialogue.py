"""What a training's process says and what its parent makes of it, be it a trial, a retraining or a confirmation."""

from abc import ABC, abstractmethod
from dataclasses import replace

from cnnsearch.search.events import Told, Warned
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.trial.messages import (
    Broken,
    Built,
    Continued,
    DiskFull,
    EpochDone,
    KnownBackbone,
    Making,
    Message,
    Noted,
    PhaseBegun,
    RungDone,
    Shown,
    Trained,
    Verdict,
)
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.rungs import Rung


def event_of(noted: Noted) -> Warned | Told:
    """What a process noted, as those hear it who listen to the parent."""
    return Warned(noted.text) if noted.is_doubt else Told(noted.text)


class Dialogue(ABC):
    """One training as its parent hears it. What becomes of each word, its kinds say; what is known, is known here."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        """Nothing has been said yet."""
        self._built_as: Built | None = None
        self._epochs: list[Epoch] = []
        self._reason = ""

    def answer(self, message: Message) -> object | None:
        """What the parent says to a message of the training's process; None where it wants no answer."""
        if isinstance(message, Built):
            self._built_as = message
            self._built(message)
        elif isinstance(message, Continued):
            self._continued(message.epochs)
        elif isinstance(message, Noted):
            self._noted(event_of(message))
        elif isinstance(message, KnownBackbone):
            self._learned(message)
        elif isinstance(message, Making):
            self._making(message)
        elif isinstance(message, PhaseBegun):
            self._phase_begun()
        elif isinstance(message, EpochDone):
            self._epochs.append(message.epoch)
            return self._judge(message)
        elif isinstance(message, RungDone):
            return self._judge_rung(message.rung)
        elif isinstance(message, Trained):
            self._reason = message.reason
            return self._wants_model()
        elif isinstance(message, Shown):
            self._shown(message)
        elif isinstance(message, Broken):
            self._left_out(message)
        elif isinstance(message, DiskFull):
            return self._wait()
        return None

    @property
    def _parameters(self) -> int | None:
        return self._built_as.parameters if self._built_as else None

    def as_built(self, configuration: Configuration) -> Configuration:
        """A configuration with the precision and the compilation that the process has chosen, as soon as it has.

        What is written down is this one, so that a retraining does the same elsewhere. A process that goes on from a
        backup is told the one that was asked for, and chooses again.
        """
        if self._built_as is None:
            return configuration
        chosen = {"precision": self._built_as.precision, "jit": self._built_as.jit}
        training = configuration.training.model_copy(update=chosen)
        return configuration.model_copy(update={"training": training})

    @abstractmethod
    def _built(self, built: Built) -> None:
        """The model stands."""

    def _continued(self, epochs: int) -> None:  # noqa: B027 - who keeps no backup never hears it
        """The training goes on after so many of the epochs that the parent knows; 0 where it begins again."""

    @abstractmethod
    def _noted(self, event: Warned | Told) -> None:
        """Somebody should hear of this."""

    def _making(self, making: Making) -> None:  # noqa: B027 - not everybody wants to know
        """So many features are made."""

    def _learned(self, known: KnownBackbone) -> None:  # noqa: B027 - a single training has nobody to tell it
        """Trainings that come after this one need not build this backbone."""

    def _phase_begun(self) -> None:  # noqa: B027 - who waits for as long as it takes need not know
        """What the epochs so far have taken says nothing of the next one."""

    @abstractmethod
    def _judge(self, done: EpochDone) -> Verdict:
        """What becomes of the training after the epoch that was heard last."""

    def _judge_rung(self, rung: Rung) -> Verdict:  # noqa: ARG002 - only trials have rungs below the last
        """Whether a trial that has ended a rung climbs on."""
        return Verdict.GO_ON

    def _wants_model(self) -> bool:
        """Whether the model of an ended training is to be written."""
        return True

    def _shown(self, shown: Shown) -> None:  # noqa: B027 - nobody watches a single training
        """This is what the trained model makes of its images."""

    def _left_out(self, broken: Broken) -> None:  # noqa: B027 - as above
        """The process broke while it showed that, with its model written: the training counts all the same."""

    @abstractmethod
    def _wait(self) -> bool:
        """Let some time pass, since the disk has no room for the model; the process then tries again."""

    def heard(self, number: int) -> TrialRecord:
        """A training that nobody cut short, without its score."""
        model = self._built_as
        return TrialRecord(
            number=number,
            values={},
            status=Status.STOPPED_EARLY if self._reason else Status.COMPLETED,
            reason=self._reason,
            parameters=model.parameters if model else None,
            latency=model.latency if model else None,
            model_size=model.model_size if model else None,
            precision=model.precision if model else "",
            jit=model.jit if model else None,
            epochs=tuple(self._epochs),
        )

    def trained(self, number: int, objective: Objective) -> TrialRecord:
        """The same with its score and the seconds of its epochs."""
        found = outcome_of(self._epochs, objective)
        return replace(
            self.heard(number),
            score=found.score if found else None,
            best_epoch=found.best_epoch if found else None,
            folds=found.folds if found else (),
            rung=found.rung if found else None,
            seconds=sum(epoch.seconds for epoch in self._epochs),
        )
