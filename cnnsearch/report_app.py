"""The commands that look at what a search left: names, options and their help."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs' folders, such as runs/basic-001.")],
    top: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Show N trials; otherwise 10, and all in --json and --csv."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Show trials that keep to it: optimizer=adam, 'seconds<60', status!=failed; may be repeated. Names are"
            " those of the columns, the table's headings, or the end of a parameter's path. = != < <= > >=",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Order by this column in place of the rank; -NAME turns it round."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: raw values, blanks as null.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV: raw values, blanks empty.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Rank a run's trials, and write its tables, pictures and scores again.

    Several runs are ranked in one table. With several, or with any option, nothing is written.
    """
    from cnnsearch.commands.ranking import RankingOptions, show_ranking
    from cnnsearch.commands.report import report as command
    from cnnsearch.reports.runs import named_run
    from cnnsearch.terminal import output

    forms = [name for name, asked in {"json": json, "csv": csv, "markdown": markdown}.items() if asked]
    if len(forms) > 1:
        raise typer.BadParameter("one form at a time", param_hint=" ".join(f"--{name}" for name in forms))
    asked = RankingOptions(top, tuple(where or ()), sort, next(iter(forms), None))
    if asked.is_question or len(runs) > 1:
        show_ranking([named_run(path) for path in dict.fromkeys(runs)], asked, output())
    else:
        command(runs[0], output())


def status(
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="[RUN...]", help="Runs' folders, or a folder of runs; runs.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: what status.json says, and the state.")] = False,
) -> None:
    """Say how runs stand: their trials, the best, what runs now. It disturbs no search and reads no study."""
    from cnnsearch.commands.status import status as command
    from cnnsearch.terminal import output

    command(runs or [Path("runs")], output(), as_json=json)


def compare(
    first: Annotated[
        str, typer.Argument(metavar="A", help="A run, a trial such as runs/basic-001:7, or a model folder.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page, too, with the curves over each other.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, with all images that only one gets right.")] = False,
) -> None:
    """Compare two models: parameters, scores, curves, and the photos that only one gets right (McNemar's test)."""
    from cnnsearch.commands.compare import compare as command
    from cnnsearch.terminal import output

    command(first, second, output(), as_object=json, html=html)


def board(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs' folders, or a folder of runs.")],
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="This port and no other; otherwise 6006 or the next free one.")
    ] = None,
) -> None:
    """Open the logs of one or several runs in TensorBoard on 127.0.0.1: curves, a table of all trials, pictures."""
    from cnnsearch.commands.board import board as command
    from cnnsearch.terminal import output

    raise SystemExit(command(runs, port, output()))
