"""`cnnsearch compare A B`: two trials, two runs or two models, side by side, in words."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from cnnsearch import terminal
from cnnsearch.reports.comparison.comparison import compared
from cnnsearch.reports.comparison.shown import as_text
from cnnsearch.reports.comparison.sides import Side, side_of
from cnnsearch.reports.comparison.written import as_json, write_page
from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.spaces.errors import CnnSearchError


def compare(first: str, second: str, console: Console, *, as_object: bool, html: Path | None) -> None:
    """Print what differs, and write it as a page where that is asked for.

    Args:
        first, second: a run, a trial of a run as `RUN:7` or `RUN/trials/0007`, or a model folder.
        console: where it is shown.
        as_object: print one JSON object instead.
        html: the page's file.

    Raises:
        CnnSearchError: one of them is none of these or damaged, or the page cannot be written.
    """
    comparison = compared(_answered(first), _answered(second))
    if html is not None:
        write_page(html, comparison)
    if as_object:
        terminal.say(as_json(comparison))
        return
    console.print(as_text(comparison))
    if html is not None:
        terminal.say(f"page: {html}")


def _answered(text: str) -> Side:
    """What a person named, where it is a trial whose model is kept with what that says of the validation images."""
    side = side_of(text)
    if side.unasked is None or side.trial is None:
        return side
    start_forkserver()
    with without_native_messages():
        from cnnsearch.search.kept_model import ask_kept_model
    terminal.note(f"asking the model of {side.told} about the validation images")
    try:
        ask_kept_model(side.unasked, side.trial)
    except (CnnSearchError, OSError) as error:  # such as a run that may only be read
        return replace(side, missing=f"{side.told}: {str(error).rstrip('.')}")
    return side_of(text)
