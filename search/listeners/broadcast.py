"""Many listeners as one, which the threads of all slots may tell of events."""

import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from cnnsearch.search.events import Event, Listener
from cnnsearch.search.writing import is_full_disk
from cnnsearch.spaces.errors import CnnSearchError


class Broadcast:
    """Hands each event to all listeners, one event at a time, whichever slot's thread it comes from.

    Who waits for a full disk holds up nobody else: what another thread tells meanwhile may pass its event. What one
    thread tells is heard in its order.
    """

    def __init__(
        self, listeners: tuple[Listener, ...], patiently: Callable[[Callable[[], None]], None] | None = None
    ) -> None:
        """`patiently` calls what may fail for a full disk until it succeeds; listeners can then be called twice."""
        self._listeners = listeners
        self._patiently = patiently or (lambda work: work())
        self._lock = threading.RLock()
        """Held while listeners are called, never while anybody waits for room."""
        self._later = deque[Callable[[], Event]]()

    def __call__(self, event: Event) -> None:
        """Hand over one event."""
        self._patiently(partial(self._hand_over, event, deque(self._listeners)))
        while made := self._next():
            self(made())

    def later(self, made: Callable[[], Event]) -> None:
        """For a listener that has something to tell itself: it is made, and told, when all have heard what it hears.

        So `made` may wait for room, which a listener must not.
        """
        with self._lock:
            self._later.append(made)

    def _next(self) -> Callable[[], Event] | None:
        with self._lock:
            return self._later.popleft() if self._later else None

    def _hand_over(self, event: Event, left: deque[Listener]) -> None:
        """Hand over an event to those that have not heard it; one that finds the disk full is still among them."""
        with self._lock:
            while left:
                left[0](event)
                left.popleft()

    def at_once(self, event: Event) -> None:
        """Hand over one event; a listener that cannot write it down for a full disk misses it."""
        with self._lock:
            for listener in self._listeners:
                try:
                    listener(event)
                except (OSError, CnnSearchError) as error:
                    if not is_full_disk(error):
                        raise
