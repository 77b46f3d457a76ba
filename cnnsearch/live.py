"""What a person sees while a search runs: a live table on a terminal, plain lines in a pipe or a file."""

from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cnnsearch.live_table import LiveTable
from cnnsearch.plain_lines import PlainLines, pause_line, run_line
from cnnsearch.progression import Progression
from cnnsearch.reports.terminal import safe
from cnnsearch.search.events import Event, Paused, Resumed, RunEnded, RunStarted, Told, TrialLost, TrialRetried, Warned
from cnnsearch.terminal import warn


class Follower:
    """Shows a search on a console: first the reading of the images, then the trials."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progression = Progression()
        self._plain = PlainLines(self._progression)
        self._live = Live(LiveTable(self._progression), console=console, refresh_per_second=4)
        columns = (TextColumn("reading images"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._reading = Progress(*columns, console=console, transient=True)

    def __enter__(self) -> "Follower":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._reading.stop()
            self._live.stop()
        elif self._progression.run:
            self._console.print()  # what follows the trials' lines stands apart from them

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._progression(event)
        if not self._console.is_terminal:
            warn(event.message) if isinstance(event, Warned) else self._plain(event)
        elif isinstance(event, Warned):
            self._console.print(safe(f"warning: {event.message}", "yellow"), soft_wrap=True)
        elif isinstance(event, Told):
            self._console.print(safe(event.message), soft_wrap=True)
        elif isinstance(event, TrialRetried | TrialLost):
            self._console.print(safe(event.text, "yellow"), soft_wrap=True)
        elif isinstance(event, Paused | Resumed):
            self._console.print(safe(pause_line(event), "yellow"), soft_wrap=True)
        elif isinstance(event, RunEnded):
            self._console.print(safe(f"run {event.state}: {event.reason}"), soft_wrap=True)
        elif isinstance(event, RunStarted):
            self._reading.stop()
            self._console.print(safe(run_line(event)), soft_wrap=True)
            self._live.start()

    def read(self, done: int, total: int) -> None:
        """Show how many images are decoded; once the trials run, their table has the screen to itself."""
        if self._progression.run or not self._console.is_terminal:
            return
        if not self._reading.tasks:
            self._reading.start()
            self._reading.add_task("", total=total)
        self._reading.update(self._reading.tasks[0].id, completed=done)
