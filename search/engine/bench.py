"""What all trials of a search are run with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.experience import Experience
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.events import Audience, Told, Warned
from cnnsearch.search.explaining.first_look import run_trial_and_show
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.artifacts import Artifacts
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import KnownBackbone
from cnnsearch.spaces.document import Data
from cnnsearch.spaces.space import Space

Train = Callable[[Line, Any], None]
"""What a trial's process does: it takes its line to the parent and its job."""


@dataclass(frozen=True)
class Bench:
    """What trials are run with.

    Attributes:
        run: where their files go.
        space: what they are drawn from.
        dataset_of: the decoded images for a trial's image size, unless it is given up meanwhile.
        crew: where they run.
        budget: how long the search goes on.
        checkpoints: which models stay.
        broadcast: who hears of it.
        pause: what waits while the disk is full.
        trial_time: how long one trial may take, in seconds; None for no limit.
        halting: set where trials are to end with the epoch that they are in, and go on at another time.
        train: what their processes do.
        artifacts: where what they leave is kept for other machines; None for nowhere.
        ending: called where nothing is begun any more.
        known: frozen backbones that the trials have built.
        experience: how long its trials have taken.
    """

    run: RunFolder
    space: Space
    dataset_of: Callable[[Data, Callable[[], bool]], Dataset]
    crew: Crew
    budget: Budget
    checkpoints: Checkpoints
    broadcast: Audience
    pause: Pause
    trial_time: float | None = None
    halting: Event = field(default_factory=Event)
    train: Train = run_trial_and_show
    artifacts: Artifacts | None = None
    ending: Callable[[], None] = lambda: None
    known: dict[str, KnownBackbone] = field(default_factory=dict)
    experience: Experience = field(default_factory=Experience)
    _said: set[Warned | Told] = field(default_factory=set)

    def images_of(self, data: Data) -> Dataset:
        """The decoded images for a trial's image size, unless the trials are to end.

        Raises:
            CnnSearchError: they cannot be decoded.
            Unwanted: the trials are to end before they are.
        """
        return self.dataset_of(data, self.halting.is_set)

    def interrupt(self) -> None:
        """Nothing is begun any more, and nobody waits for anything."""
        self.halting.set()
        self.pause.stop()
        self.ending()

    def say_once(self, event: Warned | Told) -> None:
        """Tell the listeners something once, however many trials meet it."""
        if event not in self._said:
            self._said.add(event)
            self.broadcast(event)
