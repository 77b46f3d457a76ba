"""JSON files that are read with care: they may be gone, torn by a kill, or of somebody else's making."""

import json
from pathlib import Path
from typing import Any


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is no such file, or another thing in it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def unreadable(error: Exception) -> str:
    """Why a file that must be there cannot be read, as what was found in its place."""
    if isinstance(error, FileNotFoundError):
        return "no file"
    return f"no key {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
