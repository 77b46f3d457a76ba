"""The command line: names, options and their help. Each command's work is a plain function in cnnsearch/commands/.

Nothing heavy is imported before a command runs, so `--help` is quick.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cnnsearch.data_app import data
from cnnsearch.exits import run_guarded
from cnnsearch.model_app import evaluate, export, predict, submit
from cnnsearch.report_app import board, compare, report, status

app = typer.Typer(
    name="cnnsearch",
    help="Find a good convolutional network for a folder of photos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.add_typer(data, name="data")

SpaceFile = Annotated[
    str, typer.Argument(metavar="SPACE", help="A space file, or a shipped space (see cnnsearch spaces).")
]
Data = Annotated[str | None, typer.Option(metavar="PATH", help="Images to use in place of the file's data.source.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace any value by its dotted name; may be repeated."),
]
Trials = Annotated[int | None, typer.Option(min=1, help="How many trials (search.trials).")]
Time = Annotated[str | None, typer.Option(metavar="30m", help="How long (search.time): 90s, 30m, 2h, 1h30m.")]
Name = Annotated[str | None, typer.Option(help="The run's name; the space file's name where it is not given.")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Let the space's `custom:` functions run; they are Python code.")
]
AcceptDataChange = Annotated[
    bool,
    typer.Option("--accept-data-change", help="Go on though the images have changed since; what changed is told."),
]
Storage = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A database where several machines meet (search.storage), such as postgresql://user@host/db.",
    ),
]
Artifacts = Annotated[
    str | None,
    typer.Option(metavar="PLACE", help="Where all machines keep models: a folder or s3://bucket (search.artifacts)."),
]
Runs = Annotated[Path, typer.Option(metavar="FOLDER", help="Where the run folders are.")]


@app.command()
def run(
    space: SpaceFile,
    data: Data = None,
    set_: Set = None,
    trials: Trials = None,
    time: Time = None,
    name: Name = None,
    new: Annotated[bool, typer.Option("--new", help="Begin a new run, whatever is unfinished.")] = False,
    more: Annotated[int | None, typer.Option(min=1, metavar="N", help="Add N trials to the newest run.")] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with this run, also where the space has changed: all its trials stay."),
    ] = None,
    accept_data_change: AcceptDataChange = False,
    storage: Storage = None,
    artifacts: Artifacts = None,
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="The study's name in the storage (search.study).")
    ] = None,
    runs: Runs = Path("runs"),
    allow_code: AllowCode = False,
) -> None:
    """Search a space: try configurations, rank them, keep the best model. The same command goes on after a stop."""
    from cnnsearch.storage_option import hide_password, storage_of

    hide_password(storage)
    from cnnsearch.commands.overrides import overrides
    from cnnsearch.commands.run import run as command
    from cnnsearch.searching import RunChoice

    changes = overrides(set_, data=data, trials=trials, time=time, artifacts=artifacts)
    changes += overrides(None, storage=storage_of(storage), study=study)
    which = RunChoice(runs, name, new=new, more=more, resume=resume, accept_data_change=accept_data_change)
    command(space, changes, which, allow_code=allow_code)


@app.command()
def worker(
    study: Annotated[str, typer.Option(metavar="NAME", help="The study's name, as the run that began it says.")],
    storage: Annotated[
        str | None,
        typer.Argument(metavar="[URL]", help="Where the study is; else the variable CNNSEARCH_STORAGE names it."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="The study's images on this machine (data.source).")
    ] = None,
    runs: Runs = Path("runs"),
    artifacts: Artifacts = None,
    device: Annotated[
        str | None, typer.Option(metavar="gpu:0", help="Where trials run here (search.device): auto, cpu, gpu:0,1.")
    ] = None,
    per_device: Annotated[
        str | None, typer.Option(metavar="N", help="Trials side by side on each device (search.per_device).")
    ] = None,
    allow_code: AllowCode = False,
) -> None:
    """Take part in a search that another machine has begun, until it has all its trials. Workers may come and go."""
    from cnnsearch.storage_option import hide_password, needed_storage

    hide_password(storage)
    from cnnsearch.commands.overrides import overrides
    from cnnsearch.commands.worker import worker as command
    from cnnsearch.search.study_link import StudyLink
    from cnnsearch.searching import RunChoice

    named = {"search.device": device, "search.per_device": per_device}
    own = overrides(
        [f"{key}={value}" for key, value in named.items() if value is not None], data=data, artifacts=artifacts
    )
    command(StudyLink(needed_storage(storage), study), own, RunChoice(runs), allow_code=allow_code)


for command in (report, status, compare, board, export, evaluate, predict, submit):
    app.command()(command)


@app.command()
def retrain(
    source: Annotated[Path, typer.Argument(metavar="CONFIG_OR_RUN", help="A config.yaml, or a run for its best one.")],
    data: Data = None,
    set_: Set = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="At most so many epochs (training.epochs).")] = None,
    full: Annotated[bool, typer.Option("--full", help="Train on train and validation images together.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where the model folder goes.")] = None,
    accept_data_change: AcceptDataChange = False,
    allow_code: AllowCode = False,
) -> None:
    """Train one configuration again, and compare with the score that the search had for it."""
    from cnnsearch.commands.overrides import overrides
    from cnnsearch.commands.retrain import retrain as command

    command(
        source,
        overrides(set_, data=data, epochs=epochs),
        full=full,
        out=out,
        allow_code=allow_code,
        accept_data_change=accept_data_change,
    )


@app.command()
def check(space: SpaceFile, data: Data = None, set_: Set = None, allow_code: AllowCode = False) -> None:
    """Check a space and say what it holds; all mistakes are told at once, each with its place."""
    from cnnsearch.commands.check import check as command
    from cnnsearch.commands.overrides import overrides
    from cnnsearch.terminal import say

    say(command(space, overrides(set_, data=data), allow_code=allow_code))


@app.command()
def plan(
    space: SpaceFile,
    data: Data = None,
    set_: Set = None,
    trials: Trials = None,
    time: Time = None,
    allow_code: AllowCode = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a search would cost: models and their sizes, times measured here, what trials and time will give."""
    from cnnsearch.commands.overrides import overrides
    from cnnsearch.commands.plan import plan as command

    command(space, overrides(set_, data=data, trials=trials, time=time), as_json=json, allow_code=allow_code)


@app.command()
def render(space: SpaceFile, data: Data = None, set_: Set = None, allow_code: AllowCode = False) -> None:
    """Print a space with every default filled in."""
    from cnnsearch.commands.overrides import overrides
    from cnnsearch.commands.render import render as command
    from cnnsearch.terminal import say

    say(command(space, overrides(set_, data=data), allow_code=allow_code).rstrip("\n"))


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A space file, a shipped space, or a run's folder.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    allow_code: AllowCode = False,
) -> None:
    """Say what differs between two spaces: added, removed, widened, narrowed; and whether a run can go on with it."""
    from cnnsearch.commands.diff import diff as command
    from cnnsearch.terminal import output

    command(first, second, output(), as_json=json, allow_code=allow_code)


@app.command()
def spaces(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this one, to begin your own with.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """List the spaces that come along; `cnnsearch spaces NAME > my.yaml` copies one."""
    from cnnsearch.commands.spaces import show_spaces

    show_spaces(name, as_json=json)


@app.command()
def backbones(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="List the blocks of this one.")] = None,
    alpha: Annotated[float | None, typer.Option(help="Its width, where it has several.")] = None,
    minimalistic: Annotated[bool, typer.Option("--minimalistic", help="A MobileNetV3's simpler form.")] = False,
    image_size: Annotated[
        str | None, typer.Option(metavar="224", help="Pixels of the images: 224, or height and width as 192x256.")
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="List each layer, with its place from the end.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the pretrained networks; `cnnsearch backbones NAME` lists the blocks that trainable_from takes."""
    from cnnsearch.commands.backbones import BackboneOptions, list_backbones, show_backbone

    settings = ({} if alpha is None else {"alpha": alpha}) | ({"minimalistic": True} if minimalistic else {})
    if name is not None:
        show_backbone(name, BackboneOptions(settings, image_size), layers=layers, as_json=json)
        return
    if settings or image_size or layers:
        raise typer.BadParameter("these options ask about one network, got no name", param_hint="NAME")
    list_backbones(as_json=json)


@app.command()
def init(
    images: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Images as data.source takes them, such as a folder.")
    ],
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where to write; the folder's name with .yaml, - for stdout.")
    ] = None,
) -> None:
    """Look at your images and write a commented space that fits them."""
    from cnnsearch.commands.init import init as command

    command(images, out)


@app.command()
def schema() -> None:
    """Print the JSON schema of spaces: `cnnsearch schema > space.schema.json` lets an editor complete and check."""
    from cnnsearch.commands.schema import schema as command
    from cnnsearch.terminal import say

    say(command().removesuffix("\n"))


def _version(asked: bool) -> None:
    if asked:
        from cnnsearch import __version__
        from cnnsearch.terminal import say

        say(f"cnnsearch {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Find a good convolutional network for a folder of photos."""


def main() -> None:
    """The console script: run a command and end with its exit code."""
    sys.exit(run_guarded(app))
