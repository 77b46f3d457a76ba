"""What a long benchmark has measured already, so that one that was interrupted goes on."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kept:
    """Measurements in a folder, a JSON file for each.

    Attributes:
        folder: made with the first one; None where nothing is kept.
        setting: how much is measured, as JSON has it; what was measured in another setting does not count.
    """

    folder: Path | None
    setting: Mapping[str, Any]

    def get(self, name: str) -> dict[str, Any] | None:
        """A measurement's fields; None where it is yet to be made."""
        if self.folder:
            with suppress(FileNotFoundError):
                known = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
                if known.pop("setting") == self.setting:
                    return dict(known)
        return None

    def put(self, name: str, fields: Mapping[str, Any]) -> None:
        """Keep a measurement, whole or not at all."""
        if not self.folder:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f"{name}.part"
        beside.write_text(json.dumps({"setting": self.setting, **fields}, indent=1) + "\n", encoding="utf-8")
        beside.replace(self.folder / f"{name}.json")
