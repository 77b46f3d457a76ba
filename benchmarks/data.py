"""How fast images are prepared and fed, beside Keras' own loader on the same photos, and what memory that takes.

    python benchmarks/data.py --data FOLDER

FOLDER has `data/dogs-vs-cats-4000.zip` (photos as `train/cat.123.jpg`). Each figure is taken in a process of its own.
"""

import argparse
import io
import itertools
import os
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from measured import Figure, Workplace, arguments, conclude, workplace
from PIL import Image

PHOTOS = Path("data") / "dogs-vs-cats-4000.zip"
VARIABLE = "CNNSEARCH_TEST_DATA"
SIDE, BATCH = 150, 32
MIB = 1024**2
PARTS = ("train", "validation", "test")
"""All of them: Keras' loader reads every photo, too."""


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Attributes:
        rounds: how often.
        turn: seconds that each side of a comparison has in a round.
        painted: photos, where there are none.
        many: photos cached for the sake of memory.
        stream_bytes: of the cache that is streamed.
        stream_seconds: how long it is.
    """

    rounds: int
    turn: float
    painted: int
    many: int
    stream_bytes: int
    stream_seconds: float


WHOLE = Extent(rounds=5, turn=1, painted=0, many=25_000, stream_bytes=20 * 10**9, stream_seconds=60)
QUICK = Extent(rounds=1, turn=0, painted=120, many=0, stream_bytes=2 * 10**9, stream_seconds=1)


def in_child(work: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401 - whatever the work gives
    """What a function gives in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as child:
        return child.submit(work, *arguments).result()


def prepared(source: Path, cache: Path) -> Any:  # noqa: ANN401 - a Dataset, imported where it is needed
    """The photos as a dataset."""
    from cnnsearch.search.dataset.prepare import prepare_dataset
    from cnnsearch.spaces.document import Data

    return prepare_dataset(Data(source=str(source), image_size=[SIDE, SIDE]), cache)


def building(source: Path, cache: Path) -> tuple[float, float]:
    """Images in a second while a cache is built, and the most memory of this process in MiB."""
    import cnnsearch.search.dataset.prepare  # noqa: F401 - the import is not measured

    began = time.perf_counter()
    images = len(prepared(source, cache).names)
    return images / (time.perf_counter() - began), memory()["VmHWM"]


def decoding(source: Path) -> float:
    """Images in a second that Pillow alone opens, decodes and resizes on all cores: no cache is built faster."""
    paths = sorted(source.glob("*/*.jpg"))

    def pixels(path: Path) -> bytes:
        with Image.open(path) as image:
            return image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR).tobytes()

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        began = time.perf_counter()
        for _ in pool.map(pixels, paths, chunksize=BATCH):
            pass
    return len(paths) / (time.perf_counter() - began)


def memory() -> dict[str, float]:
    """What the system says of this process' memory, in MiB: VmRSS now, VmHWM the most so far."""
    lines = (line.split() for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return {line[0].rstrip(":"): int(line[1]) / 1024 for line in lines if line[-1] == "kB"}


def pace(epoch: Callable[[], Iterable[Any]], images: int, seconds: float) -> float:
    """Images in a second of epochs that follow each other for so long, at least one, with nothing done to them."""
    began, epochs = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds or not epochs:
        for _ in epoch():
            pass
        epochs += 1
    return epochs * images / passed


def as_keras_takes_it(source: object) -> Any:  # noqa: ANN401 - a tf.data.Dataset
    """The batches that `fit` and `evaluate` of the TensorFlow backend iterate over."""
    from keras.src.trainers.data_adapters import get_data_adapter

    return get_data_adapter(source).get_tf_dataset()


def feeding(source: Path, cache: Path, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Images in a second of later epochs, in turns of so many seconds.

    Of Keras' loader, of our batches alone and as Keras takes them, and of numpy's gather.
    """
    import keras
    import tensorflow as tf

    from cnnsearch.search.dataset.feeding.batches import Batches

    dataset = prepared(source, cache)
    images, count = np.asarray(dataset.images), len(dataset.names)
    loader = keras.utils.image_dataset_from_directory(source, image_size=(SIDE, SIDE), batch_size=BATCH, verbose=0)
    ahead, ours, alone = (
        loader.prefetch(tf.data.AUTOTUNE),
        Batches(dataset, PARTS, BATCH),
        Batches(dataset, PARTS, BATCH),
    )
    taken = as_keras_takes_it(ours)
    order = [alone.rows[begin : begin + BATCH] for begin in range(0, count, BATCH)]
    sides: dict[str, Callable[[], Iterable[Any]]] = {
        "Keras' loader": lambda: loader,
        "Keras' loader with prefetch": lambda: ahead,
        "an epoch out of the cache, as Keras takes it": lambda: taken,
        "an epoch out of the cache, batches alone": lambda: (alone[index] for index in range(len(alone))),
        "numpy's gather from the memory map": lambda: (images[rows] for rows in order),
    }
    paces: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            measured = pace(side, count, seconds)
            if number:  # the first epoch warms up
                paces[name].append(measured)
    return paces


def streaming(file: Path, seconds: float) -> dict[str, float]:
    """Images in a second out of a cache too large to be held, and the most memory of this process in MiB."""
    from cnnsearch.search.dataset.dataset import Dataset, DatasetReference
    from cnnsearch.search.dataset.feeding.batches import Batches
    from cnnsearch.search.dataset.split.split import Shares

    images = np.load(file, mmap_mode="r")
    rows, labels = np.arange(len(images)), np.zeros(len(images), np.int32)
    reference = DatasetReference(str(file.parent), "sparse", Shares(0.2, 0.1, 0))
    dataset = Dataset(("cat", "dog"), images, labels, (), (), (), "", {"train": rows}, reference)
    taken = as_keras_takes_it(Batches(dataset, ("train",), BATCH))
    start, began, fed = memory()["VmRSS"], time.perf_counter(), 0
    for number, (batch, _) in enumerate(itertools.chain.from_iterable(itertools.repeat(taken))):
        fed += len(batch)
        if number % 100 == 0 and time.perf_counter() - began > seconds:
            break
    passed = time.perf_counter() - began
    return {"start": start, "peak": memory()["VmHWM"], "pace": fed / passed, "GB": fed * SIDE**2 * 3e-9}


def write_sparse(file: Path, size: int) -> None:
    """A .npy file of images with holes in place of pixels: the system reads them as zeros, and no disk is used."""
    shape = (size // (SIDE * SIDE * 3), SIDE, SIDE, 3)
    with file.open("wb") as opened:
        np.lib.format.write_array_header_1_0(opened, {"descr": "|u1", "fortran_order": False, "shape": shape})
        opened.truncate(opened.tell() + int(np.prod(shape)))


def unpack(archive: Path, folder: Path) -> None:
    """Put the photos into class folders."""
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if name.endswith(".jpg"):
                write(folder, Path(name).name.partition(".")[0], Path(name).name, opened.read(name))


def paint(folder: Path, count: int) -> None:
    """Make photos of noise, for a look whether everything works."""
    for number in range(count):
        dots = np.random.default_rng(number).integers(0, 256, (20, 25, 3), np.uint8)
        file = io.BytesIO()
        Image.fromarray(dots).resize((250, 200)).save(file, "JPEG")
        write(folder, ("cat", "dog")[number % 2], f"{number}.jpg", file.getvalue())


def write(folder: Path, name: str, file: str, content: bytes) -> None:
    """Put one photo into its class' folder."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / file).write_bytes(content)


def multiply(photos: Path, folder: Path, count: int) -> None:
    """Make so many files of the photos, each with a comment of its own after the first two bytes of a JPEG."""
    sources = sorted(photos.glob("*/*.jpg"))
    for number in range(count):
        path = sources[number % len(sources)]
        content, comment = path.read_bytes(), str(number).encode()
        marked = content[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + content[2:]
        write(folder, path.parent.name, f"{number}.jpg", marked)


def doctor_seconds(place: Workplace, photos: Path) -> float:
    """Seconds of the whole command."""
    command = [sys.executable, "-m", "cnnsearch", "data", "doctor", str(photos)]
    began = time.perf_counter()
    subprocess.run(command, cwd=place.folder, env=place.environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def feeding_figures(paces: dict[str, list[float]]) -> list[Figure]:
    """The paces and how they compare: medians against the better of Keras' two."""
    medians = {name: statistics.median(values) for name, values in paces.items()}
    plain, ahead, taken, alone, gather = medians.values()
    figures = [Figure(f"{name}, median", value, "images/s") for name, value in medians.items()]
    loader = max(plain, ahead)
    return [
        *figures,
        Figure("batches: times Keras' loader", alone / loader, at_least=10),
        Figure("batches: share of numpy's pace", alone / gather, at_least=0.5),
        Figure("as Keras takes it: times Keras' loader", taken / loader),
    ]


def measured(place: Workplace, photos: Path, extent: Extent) -> tuple[list[Figure], dict[str, Any]]:
    """All figures, and the single measurements behind them."""
    built, alone = [], []
    for number in range(extent.rounds):
        built.append(in_child(building, photos, place.folder / f"cache-{number}")[0])
        alone.append(in_child(decoding, photos))
    figures = [
        Figure("building the cache, median", statistics.median(built), "images/s", at_least=2000),
        Figure("Pillow alone decodes and resizes, median", statistics.median(alone), "images/s"),
        Figure("building the cache: share of Pillow's pace", statistics.median(built) / statistics.median(alone)),
    ]
    paces = in_child(feeding, photos, place.folder / "cache-0", extent.rounds, extent.turn)
    figures += feeding_figures(paces)
    figures.append(Figure("cnnsearch data doctor", doctor_seconds(place, photos), "s", at_most=10))
    if extent.many:
        multiply(photos, place.folder / "many", extent.many)
        _, peak = in_child(building, place.folder / "many", place.folder / "cache-many")
        figures.append(Figure(f"memory of the parent, {extent.many:,} images cached", peak, "MiB", at_most=600))
    sparse = place.folder / "sparse.npy"
    write_sparse(sparse, extent.stream_bytes)
    streamed = in_child(streaming, sparse, extent.stream_seconds)
    name = f"a cache of {extent.stream_bytes / 1e9:.0f} GB, {streamed['GB']:.0f} GB fed"
    figures += [
        Figure(f"{name}, as Keras takes it", streamed["pace"], "images/s"),
        Figure(f"{name}: most memory", streamed["peak"], "MiB", at_most=1.5e9 / MIB),
        Figure(f"{name}: growth while fed", streamed["peak"] - streamed["start"], "MiB"),
    ]
    return figures, {"building": built, "decoding": alone, "paces": paces, "streaming": streamed}


def archive_of(options: argparse.Namespace) -> Path | None:
    """The archive of photos; None where the small form does without.

    Raises:
        SystemExit: there is none.
    """
    if options.data is None:
        if options.quick:
            return None
        raise SystemExit(f"data.py needs real photos: name their folder with --data FOLDER or in {VARIABLE}")
    archive: Path = options.data / PHOTOS
    if not archive.is_file():
        raise SystemExit(f"data.py needs real photos: there is no {archive}")
    return archive.resolve()


def main() -> int:
    """Measure and print."""
    parser = arguments("How fast images are prepared and fed, and what memory that takes.")
    named = os.environ.get(VARIABLE)
    parser.add_argument("--data", type=Path, default=named and Path(named), metavar="FOLDER", help="the photos' folder")
    options = parser.parse_args()
    archive = archive_of(options)
    extent = QUICK if options.quick else WHOLE
    with workplace() as place:
        os.environ.update(place.environment)
        photos = place.folder / "photos"
        if archive:
            unpack(archive, photos)
        else:
            paint(photos, extent.painted)
        figures, single = measured(place, photos, extent)
    return conclude("data", figures, options, **single)


if __name__ == "__main__":
    sys.exit(main())
