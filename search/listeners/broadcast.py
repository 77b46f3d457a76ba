"""Many listeners as one, which the threads of all slots may tell of events."""

import threading
from collections.abc import Callable
from functools import partial

from cnnsearch.search.events import Event, Listener
from cnnsearch.search.writing import is_full_disk
from cnnsearch.spaces.errors import CnnSearchError


class Broadcast:
    """Hands each event to all listeners, one event at a time, whichever slot's thread it comes from."""

    def __init__(
        self, listeners: tuple[Listener, ...], patiently: Callable[[Callable[[], None]], None] | None = None
    ) -> None:
        """`patiently` calls what may fail for a full disk until it succeeds; listeners can then be called twice."""
        self._listeners = listeners
        self._patiently = patiently or (lambda work: work())
        self._lock = threading.RLock()

    def __call__(self, event: Event) -> None:
        """Hand over one event."""
        with self._lock:
            for listener in self._listeners:
                self._patiently(partial(listener, event))

    def at_once(self, event: Event) -> None:
        """Hand over one event; a listener that cannot write it down for a full disk misses it."""
        with self._lock:
            for listener in self._listeners:
                try:
                    listener(event)
                except (OSError, CnnSearchError) as error:
                    if not is_full_disk(error):
                        raise
