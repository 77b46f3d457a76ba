"""A process that renders charts: SVG documents by their places, as JSON on its stdin, become files."""

import json
import sys
from pathlib import Path

from cnnsearch.reports.charts.files import write_pictures


def main() -> None:
    """Write them all; who started this looks what has become of them."""
    for place, text in json.load(sys.stdin).items():
        write_pictures(Path(place), text)


if __name__ == "__main__":
    main()
