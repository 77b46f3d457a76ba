"""Writes what happens in a run to its TensorBoard logs."""

from cnnsearch.search.events import EpochEnded, Event, TrialContinued, TrialEnded, TrialShown, TrialStarted
from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog


class TensorBoardListener:
    """Hands a run's events on to its TensorBoard logs."""

    def __init__(self, log: TensorBoardLog) -> None:
        self._log = log

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if isinstance(event, TrialStarted):
            self._log.trial_started(event.number, event.values)
        elif isinstance(event, TrialContinued):
            for epoch in event.epochs:  # its session was begun anew, so none is there twice
                self._log.epoch_ended(event.number, epoch)
        elif isinstance(event, EpochEnded):
            self._log.epoch_ended(event.number, event.epoch)
        elif isinstance(event, TrialShown):
            self._log.trial_shown(event.number, event.name, event.told, event.pictures)
        elif isinstance(event, TrialEnded):
            self._log.trial_ended(event.trial)
