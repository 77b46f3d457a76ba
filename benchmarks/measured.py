"""What the benchmarks share: figures with limits, a table of them, a JSON file, `cnnsearch` in an empty folder."""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, whose spaces are measured."""
LIBRARIES = ("cnnsearch", "tensorflow", "keras", "keras-tuner", "optuna")


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Attributes:
        name: what was measured.
        value: how much; NaN where it could not be measured, which keeps no limit.
        unit: of the value and the limits; empty for a pure number.
        at_most: the largest good value; None where any is good.
        at_least: the smallest good value; None where any is good.
    """

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the limits are kept."""
        if self.at_most is not None and not self.value <= self.at_most:
            return False
        return self.at_least is None or self.value >= self.at_least

    @property
    def limit(self) -> str:
        """The limits in words; empty where there are none."""
        words = [f"{word} {_number(bound)}" for word, bound in self._bounds() if bound is not None]
        return " and ".join(words)

    def _bounds(self) -> tuple[tuple[str, float | None], ...]:
        return (("at least", self.at_least), ("at most", self.at_most))

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Its line in the table: name, value, limit, verdict."""
        verdict = "" if not self.limit else "yes" if self.holds else "NO"
        return self.name, f"{_number(self.value)} {self.unit}".rstrip(), self.limit, verdict


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "not measured"
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.3g}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed; NaN where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small form that only shows that everything works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


def conclude(name: str, figures: Sequence[Figure], options: argparse.Namespace, **more: Any) -> int:  # noqa: ANN401
    """Print the figures, write them where `--json` says; gives the exit code: 1 where a limit is missed.

    The small form is too small for its figures to be judged, so it always ends well.
    """
    machine = machine_in_words()
    table = Table("what", "measured", "limit", "" if options.quick else "kept", title=name, caption=machine["words"])
    for figure in figures:
        row = figure.row
        table.add_row(*row[:3], "" if options.quick else row[3])
    Console(width=110).print(table)
    if options.json:
        listed = [asdict(figure) | {"holds": figure.holds} for figure in figures]
        report = {"benchmark": name, "quick": options.quick, "machine": machine, "figures": listed} | more
        options.json.write_text(json.dumps(_without_nan(report), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return int(not options.quick and not all(figure.holds for figure in figures))


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with null in place of NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def machine_in_words() -> dict[str, str]:
    """Where the figures come from; the load tells whether anything else was running."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    load = psutil.getloadavg()[0]
    words = f"{cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}, load {load:.1f}"
    return {"words": words} | {library: version(library) for library in LIBRARIES}


@contextmanager
def workplace(**environment: str) -> Iterator["Workplace"]:
    """An empty folder with caches of its own, gone afterwards; nothing is downloaded and no GPU is seen."""
    with tempfile.TemporaryDirectory(prefix="cnnsearch-benchmark-") as name:
        folder = Path(name)
        places = {"CNNSEARCH_CACHE": str(folder / "cache"), "KERAS_HOME": str(folder / "keras")}
        settings = {"CNNSEARCH_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        (folder / "keras").mkdir()
        yield Workplace(folder, os.environ | places | settings | environment)


@dataclass(frozen=True)
class Workplace:
    """A folder to run `cnnsearch` in, and the environment it runs with."""

    folder: Path
    environment: Mapping[str, str]

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start `cnnsearch`; what it says goes to stderr, so that stdout has the figures alone."""
        return subprocess.Popen(
            [sys.executable, "-m", "cnnsearch", *command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
        )

    def run(self, *command: str) -> None:
        """Run `cnnsearch` to its end.

        Raises:
            SystemExit: it failed, and has said why.
        """
        with self.start(*command) as process:
            code = process.wait()
        if code:
            raise SystemExit(f"cnnsearch {' '.join(command)}: ended with exit code {code}, see above")
