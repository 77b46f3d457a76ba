"""Measures near duplicates: which copies of real pictures are found, what is taken for one wrongly, and how fast.

`--shown FILE` draws the pairs that are found among the originals, for a person to judge.
"""

import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import numpy as np
import psutil
from measured import Figure, arguments, conclude
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from cnnsearch.search.dataset.decoding.decode import thumbnail_of
from cnnsearch.search.dataset.decoding.opening import opened_image
from cnnsearch.search.dataset.decoding.seen import seen
from cnnsearch.search.dataset.sources.source import Source, open_source
from cnnsearch.search.dataset.split.likeness import like_pairs
from cnnsearch.search.dataset.split.spectra import Thumbnails

VARIABLE = "CNNSEARCH_TEST_DATA"
Picture = Image.Image


def recompressed(picture: Picture, quality: int = 30) -> Picture:
    """As JPEG of this quality."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)


def smaller(picture: Picture, times: int, how: Image.Resampling) -> Picture:
    """A copy with so many times fewer rows and columns."""
    return picture.resize((max(1, picture.width // times), max(1, picture.height // times)), how)


def trimmed(picture: Picture, share: float) -> Picture:
    """Without this share of its width and height, at least one pixel on each side."""
    across, down = (max(1, round(length * share / 2)) for length in picture.size)
    return picture.crop((across, down, picture.width - across, picture.height - down))


EDITS: dict[str, Callable[[Picture], Picture]] = {
    "JPEG, quality 30": recompressed,
    "half the size": lambda picture: smaller(picture, 2, Image.Resampling.LANCZOS),
    "brightness x 1.2": lambda picture: ImageEnhance.Brightness(picture).enhance(1.2),
    "contrast x 1.3": lambda picture: ImageEnhance.Contrast(picture).enhance(1.3),
    "grey": lambda picture: picture.convert("L"),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 150)),
    "mirrored": ImageOps.mirror,
    "2 % trimmed": lambda picture: trimmed(picture, 0.02),
    "5 % trimmed": lambda picture: trimmed(picture, 0.05),
    "turned by 2 degrees": lambda picture: picture.rotate(2, Image.Resampling.BICUBIC),
    "a quarter, nearest": lambda picture: smaller(picture, 4, Image.Resampling.NEAREST),
}
SURE = tuple(EDITS)[:7]
"""Edits after which every copy should be found."""
NEARLY = ("2 % trimmed", "turned by 2 degrees")
"""Those after which nine in ten should be."""


@dataclass(frozen=True)
class Pictures:
    """Real pictures: where they are and how many pairs of near duplicates there may be among them."""

    source: str
    most_pairs: int
    edits: Sequence[str]


PICTURES = {
    "photos": Pictures("dogs-vs-cats-4000.zip", 2, tuple(EDITS)),
    "CIFAR-10": Pictures("cifar10-5000.zip", 12, SURE),
    "digits": Pictures("sample:digits", 0, ()),
}


@dataclass(frozen=True)
class Opened:
    """The pictures of a source, as a person sees them."""

    source: Source

    @classmethod
    def of(cls, pictures: Pictures, folder: Path) -> "Opened":
        """Out of the data folder, or the sample that the library has."""
        archive = folder / "data" / pictures.source
        return cls(open_source(str(archive) if archive.suffix == ".zip" else pictures.source))

    def picture(self, row: int) -> Picture:
        """One of them, in colour."""
        with opened_image(self.source.read(self.source.images[row])) as image:
            return seen(image).convert("RGB")

    def thumbnails(self, step: int, edit: Callable[[Picture], Picture] = lambda picture: picture) -> Thumbnails:
        """Those of each step-th picture, edited."""
        rows = range(0, len(self.source.images), step)
        return np.stack([thumbnail_of(edit(self.picture(row)).convert("RGB")) for row in rows])


def likeness(name: str, pictures: Pictures, opened: Opened, step: int) -> Iterator[Figure]:
    """How many pairs there are among a source's pictures, and how many copies of each step-th are found."""
    originals = opened.thumbnails(1)
    found = like_pairs(originals)
    yield Figure(f"{name}: pairs among {len(originals):,}", len(found.rows), at_most=pictures.most_pairs)
    for edit in pictures.edits:
        copies = opened.thumbnails(step, EDITS[edit])
        least = 0.999 if edit in SURE else 0.9 if edit in NEARLY else None
        yield Figure(f"{name}: found, {edit}", share_found(originals[::step], copies), at_least=least)


def share_found(originals: Thumbnails, copies: Thumbnails) -> float:
    """The share of copies that make a pair with their originals, all of them being compared with each other."""
    rows = like_pairs(np.concatenate([originals, copies])).rows
    return float(np.count_nonzero(rows[:, 1] - rows[:, 0] == len(originals))) / len(originals)


def speed(photos: Thumbnails, count: int, limits: Sequence[float | None]) -> Iterator[Figure]:
    """Time and memory for so many pictures: photos, also turned, shifted and inverted, which makes them others."""
    turned = np.concatenate([np.rot90(photos, quarters, (1, 2)) for quarters in range(4)])
    shifted = np.concatenate([np.roll(turned, shift, (1, 2)) for shift in ((0, 0), (16, 0), (0, 16), (16, 16))])
    pictures = np.concatenate([shifted, 255 - shifted])[:count]
    seconds, most_bytes = cost(lambda: like_pairs(pictures))
    yield Figure(f"{len(pictures):,} pictures: time", seconds, "s", at_most=limits[0])
    yield Figure(f"{len(pictures):,} pictures: memory on top", most_bytes / 2**20, "MiB", at_most=limits[1])


def cost(work: Callable[[], object]) -> tuple[float, int]:
    """Seconds that some work takes, and bytes of memory at its peak beyond those before."""
    process, ended = psutil.Process(), Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.005):
            peak = max(peak, process.memory_info().rss)

    watching = Thread(target=watch)
    watching.start()
    start = time.perf_counter()
    try:
        work()
        return time.perf_counter() - start, peak - before
    finally:
        ended.set()
        watching.join()


def draw(sources: Sequence[Opened], path: Path) -> None:
    """The pairs among the originals, one below the other, with their similarity."""
    pairs = [
        (opened, found, pair)
        for opened in sources
        for found in [like_pairs(opened.thumbnails(1))]
        for pair in range(len(found.rows))
    ]
    sheet = Image.new("RGB", (2 * 132, 146 * max(1, len(pairs))), "white")
    words = ImageDraw.Draw(sheet)
    for place, (opened, found, pair) in enumerate(pairs):
        for side, row in enumerate(found.rows[pair].tolist()):
            sheet.paste(opened.picture(row).resize((128, 128)), (132 * side, 146 * place + 14))
        mirrored = ", mirrored" if found.mirrored[pair] else ""
        words.text((0, 146 * place), f"{found.similarity[pair]:.3f}{mirrored}", fill="black")
    sheet.save(path)


def main() -> int:
    """Measure and print."""
    parser = arguments("Near duplicates among real pictures: what is found, what is not, and how fast.")
    parser.add_argument("--data", metavar="FOLDER", default=os.environ.get(VARIABLE), help=f"(default: ${VARIABLE})")
    parser.add_argument("--shown", type=Path, metavar="FILE", help="draw the pairs among the originals there")
    options = parser.parse_args()
    if options.data is None:
        raise SystemExit(f"likeness.py needs real photos: name their folder with --data FOLDER or in {VARIABLE}")
    sources = {name: Opened.of(pictures, Path(options.data)) for name, pictures in PICTURES.items()}
    step = 40 if options.quick else 4
    figures = [
        figure for name, pictures in PICTURES.items() for figure in likeness(name, pictures, sources[name], step)
    ]
    photos = sources["photos"].thumbnails(1)
    for count, limits in [(2_000, (None, None))] if options.quick else [(25_000, (10, 150)), (100_000, (180, None))]:
        figures.extend(speed(photos, count, limits))
    if options.shown:
        draw([*sources.values()], options.shown)
    return conclude("likeness", figures, options)


if __name__ == "__main__":
    sys.exit(main())
