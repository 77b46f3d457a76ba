"""What a person sees while a model is asked about many images: how far it is, and which could not be read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cnnsearch.reports.inference import Readable
from cnnsearch.reports.terminal import safe

_FEW = 64
"""Images that are through before a person has read the bar."""


@contextmanager
def asking(total: int, console: Console) -> Iterator[Callable[[], None]]:
    """A progress bar on a console that is a terminal, gone at the end; what it gives is called after each image."""
    columns = (TextColumn("asking the model"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Without taking over stdout and stderr: results that go into a pipe must not end up here.
    with Progress(
        *columns,
        console=console,
        transient=True,
        disable=total <= _FEW or not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def complaining(console: Console) -> Callable[[Readable, str], None]:
    """Says on a console that an image cannot be read, and why."""

    def complain(image: Readable, reason: str) -> None:
        console.print(safe(f"warning: {image.name} {reason}: skipped", "yellow"), soft_wrap=True)

    return complain
