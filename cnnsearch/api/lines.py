"""A search as plain lines in a script or a notebook: no table that is drawn anew, no colours, nothing of a terminal."""

from cnnsearch.plain_lines import PlainLines
from cnnsearch.progression import Progression
from cnnsearch.search.events import Event, Warned
from cnnsearch.terminal import warn


class Lines:
    """Prints a line for each thing worth one: warnings on stderr, the others on stdout."""

    def __init__(self) -> None:
        self._progression = Progression()
        self._plain = PlainLines(self._progression)

    def __call__(self, event: Event) -> None:
        """Print an event."""
        self._progression(event)
        warn(event.message) if isinstance(event, Warned) else self._plain(event)


def unheard(event: Event) -> None:
    """Where nobody wants to hear of the search."""
