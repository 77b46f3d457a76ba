"""`cnnsearch init FOLDER`: looks at somebody's images and writes a first space that fits them."""

import re
from pathlib import Path

from cnnsearch import terminal
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.dataset.survey import survey
from cnnsearch.search.engine.slots import visible_slots
from cnnsearch.search.proposal import found, proposed_space
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.load import loads_space

STDOUT = "-"
_OF_A_FILE = re.compile(r"\.(zip|tar|tar\.(gz|bz2|xz)|tgz|tbz2|txz|csv|tsv|npz)$", re.IGNORECASE)
"""The end of the name of images that are no folder."""


def init(images: str, out: str | None) -> None:
    """Write a space for these images, and say what they are like.

    Args:
        images: a folder, an archive or a sample, as `data.source` takes them.
        out: the file; `-` for stdout, None for one named after the images in the current folder. None is overwritten.

    Raises:
        CnnSearchError: the images are none that a search can run on, or the file exists or cannot be written.
    """
    target = Path(out) if out is not None else default_file(images)
    if out != STDOUT and target.exists():
        raise _exists(target)
    source = open_source(images)
    figures = survey(source)
    text = proposed_space(images, figures, gpu=visible_slots()[0].is_gpu)
    loads_space(text, target.stem)
    for note in source.notes:
        terminal.warn(note)
    if figures.unreadable:
        terminal.warn(f"images that cannot be read: {len(figures.unreadable)} of {figures.looked_at} looked at")
    if out == STDOUT:
        terminal.say(text.removesuffix("\n"))
        return
    _write(target, text)
    terminal.say(f"{images}: {found(figures)}.")
    terminal.say(f"{target} is a space for them. Look into it, then: cnnsearch run {target}")


def default_file(images: str) -> Path:
    """The file for a source: `photos/` gives `photos.yaml`, `cats.tar.gz` gives `cats.yaml`."""
    if images.startswith("sample:"):
        return Path(f"{images.partition(':')[2] or 'space'}.yaml")
    path = Path(images).expanduser().absolute().resolve()
    return Path(f"{_OF_A_FILE.sub('', path.name) or 'space'}.yaml")


def _exists(target: Path) -> CnnSearchError:
    rule = "a space is written to a file of its own, got one that exists"
    return CnnSearchError(str(Problem(str(target), rule, "Name another with --out FILE, or move it away.")))


def _write(target: Path, text: str) -> None:
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise _exists(target) from None
    except OSError as error:
        rule = f"a space must be writable here, got: {error.strerror or error}"
        raise CnnSearchError(str(Problem(str(target), rule, "Name another place with --out FILE."))) from error
