"""`events.jsonl`: what happened during a run, one line of JSON for each event."""

import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnsearch.search.events import Event, FeaturesMade, RunStarted, TrialContinued, TrialShown


class EventLog:
    """Appends each event to `events.jsonl` as one line of JSON; a torn last line of a killed run is ended first."""

    def __init__(self, path: Path) -> None:
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file = path.open("ab", buffering=0)
        if torn:
            self._append("\n")

    def __call__(self, event: Event) -> None:
        """Append one event; what only a person who watches wants to know is left out."""
        if isinstance(event, FeaturesMade | TrialShown):
            return
        line = {"time": round(time.time(), 3), "event": type(event).__name__} | _plain(asdict(event))
        if isinstance(event, RunStarted):
            line["finished"] = [trial.number for trial in event.finished]
            line["run"] = str(event.run.path)
        if isinstance(event, TrialContinued):
            line["epochs"] = len(event.epochs)
        self._append(json.dumps(_finite(line), default=str, allow_nan=False) + "\n")

    def _append(self, text: str) -> None:
        """Append a text, or nothing of it: a full disk often has room for a part."""
        before, rest = self._file.seek(0, os.SEEK_END), text.encode()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(before)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    if "trial" in value:  # the study has the epochs, the log has had each of them
        value["trial"].pop("epochs", None)
    if "epoch" in value:
        without = {key for key in ("fold", "rung") if value["epoch"][key] is None}
        value["epoch"] = {key: known for key, known in value["epoch"].items() if key not in without}
    return value


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value with null for each number that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
