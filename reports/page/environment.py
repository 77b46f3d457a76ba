"""The part of the page on where the search took place: command, versions, devices."""

import shlex
from collections.abc import Mapping
from typing import Any

from cnnsearch.reports.inert import visible
from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.section import Section
from cnnsearch.reports.page.values import pairs, verbatim


def environment(facts: Facts) -> Section | None:
    """What somebody needs who wants the same numbers again; None where nothing is known of it."""
    known = facts.environment
    if not known:
        return None
    told = pairs(_told(known))
    told.set("class", "card")
    command = known.get("command")
    body = (verbatim(_command(command)), told) if isinstance(command, list) and command else (told,)
    return Section("environment", "Environment", body)


def _command(command: list[Any]) -> str:
    """What was typed, with the program by its name."""
    program, *arguments = map(str, command)
    return shlex.join([program.replace("\\", "/").rpartition("/")[2], *arguments])


def _told(known: Mapping[str, Any]) -> dict[str, str]:
    memory = known.get("memory")
    packing = known.get("per_device", {})
    told = {
        "Python": str(known.get("python", "")),
        "system": str(known.get("platform", "")),
        "cores": str(known.get("cpu_cores", "")),
        "memory": f"{memory / 2**30:.1f} GiB" if isinstance(memory, int | float) else "",
        "trials run on": ", ".join(map(str, known.get("slots", ()))),
        **{
            f"on {device}": f"{found.get('slots')} side by side ({found.get('why')})"
            for device, found in packing.items()
        },
        **{str(name): str(version) for name, version in known.get("packages", {}).items()},
        **{str(name): str(value) for name, value in known.get("variables", {}).items()},
    }
    return {visible(name): visible(text) for name, text in told.items() if text}
