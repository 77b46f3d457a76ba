"""How a search ends that is told to go soon, as by a cluster that wants its machine back: SIGTERM."""

PATIENCE = 20.0
"""Seconds that running trials have to finish their epoch; then the backup of the epoch before counts.

Clusters end a job by force 30 seconds after they told it.
"""


FORCE = 27
"""Seconds after which a command that was told to end does so at once, wherever it is, as if it had been killed."""


class Terminated(KeyboardInterrupt):
    """The order to end soon; what is begun goes on at another time."""
