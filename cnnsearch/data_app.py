"""The commands under `cnnsearch data`: names, options and their help, as app.py has those of all others."""

from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(help="Look at, divide and check images, and see what is kept of them.", no_args_is_help=True)


@data.command()
def prepare(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Images as data.source takes them; only read.")],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="A new folder, or one that was prepared before.")],
    validation: Annotated[float, typer.Option(min=0, max=1, help="Share of each class to compare trials on.")] = 0.2,
    test: Annotated[float, typer.Option(min=0, max=1, help="Share of each class for the final evaluation.")] = 0.1,
    count: Annotated[int | None, typer.Option(min=1, help="Take so many images, evenly out of the classes.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides which images are taken and where they go.")] = 42,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the photos; hard links where possible if not.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be made, write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Divide images into train, validation and test folders, each with a folder for each class."""
    from cnnsearch.commands.data.prepare import prepare as command
    from cnnsearch.search.arranging.prepare import Wish

    wish = Wish(source, dest, validation, test, count, seed, link=not copy)
    command(wish, dry_run=dry_run, as_json=json)


@data.command()
def cache(
    clear: Annotated[
        bool, typer.Option("--clear", help="Delete them, but for those that a running process needs.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    older_than: Annotated[
        str | None, typer.Option(metavar="30d", help="Only those last used so long ago: 12h, 30d.")
    ] = None,
    unusable: Annotated[
        bool, typer.Option("--unusable", help="Only those no run can use: unfinished, damaged, of another version.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Read all of them whole and compare their checksums.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the images and features that are kept for the next runs, or delete them.

    Each set of images has one for every image size, way of resizing and color that was asked for. What a frozen
    network makes of images, their features, is kept once for each network, depth and view.

    None is deleted by itself; one that is gone is made anew by the next run that wants it.

    They lie in the folder that CNNSEARCH_CACHE names, else in your cache folder.
    """
    from cnnsearch.commands.data.cache import CacheFilter
    from cnnsearch.commands.data.cache import cache as command

    command(CacheFilter(older_than, unusable, check), clear=clear, sure=yes, as_json=json)


@data.command()
def doctor(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Images as data.source takes them.")],
    exclude: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A list of images to leave out, as data.exclude takes it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object that lists everything.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures.")] = None,
    exclude_to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the list of what to leave out, for data.exclude.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 1 where there are errors or warnings.")
    ] = False,
) -> None:
    """Look at every image before a training: broken files, copies, leaks, wrong labels. Nothing is changed."""
    from cnnsearch.commands.data.doctor import DoctorOptions
    from cnnsearch.commands.data.doctor import doctor as command

    raise SystemExit(command(source, DoctorOptions(exclude, json, html, exclude_to, strict)))
