"""The commands that use a trained model: names, options and their help."""

from pathlib import Path
from typing import Annotated

import typer

ModelPath = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A run, a model folder, or a .keras file beside its classes.json.")
]


def export(
    model: ModelPath,
    to: Annotated[str, typer.Option("--to", metavar="FORMATS", help="Some of keras,saved_model,onnx,litert,openvino.")],
    quantize: Annotated[
        str | None, typer.Option(metavar="KINDS", help="LiteRT in these forms, too: int8,float16.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where they go; exports/ in the model's folder.")
    ] = None,
) -> None:
    """Write a model in other formats, compare each with Keras on 64 photos, and measure its size and speed."""
    from cnnsearch.commands.export import export as command

    command(model, to, quantize, out)


def evaluate(
    model: ModelPath,
    data: Annotated[str, typer.Argument(metavar="DATA", help="Labelled images, of any kind that data.source takes.")],
    part: Annotated[
        str | None,
        typer.Option(metavar="test", help="Only those in the source's own train, validation or test folder."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how good a model is on labelled images: accuracy with its interval, loss, each class, confusions."""
    from cnnsearch.commands.evaluate import evaluate as command

    command(model, data, part=part, as_json=json)


def predict(
    model: ModelPath,
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE_OR_FOLDER...", help="Images, folders or archives.")],
    top: Annotated[int, typer.Option(min=1, metavar="K", help="Show the K most probable classes.")] = 1,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the probabilities of all classes.")] = None,
) -> None:
    """Say which class each image shows, and how sure the model is."""
    from cnnsearch.commands.predict import predict as command
    from cnnsearch.terminal import output

    command(model, images, csv, output(), top=top)


def submit(
    model: ModelPath,
    images: Annotated[Path, typer.Argument(metavar="TEST_ZIP", help="The competition's test images.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The csv to hand in.")] = Path("submission.csv"),
    ensemble: Annotated[
        int, typer.Option(min=1, metavar="N", help="Average the N best models that the run has kept.")
    ] = 1,
    label: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="The class that the label is about; else dog, or the second of two."),
    ] = None,
) -> None:
    """Write a Kaggle submission: an id and the probability of each class, clipped where that lowers the loss."""
    from cnnsearch.commands.submit import submit as command

    command(model, images, out, ensemble, label)
