"""How long the quick commands and many draws take, and that they are quick because nothing heavy is imported.

python benchmarks/startup.py
"""

import random
import re
import statistics
import subprocess
import sys
import time

from measured import Figure, Workplace, arguments, conclude, workplace

PYTHON = "python -c pass"
COMMANDS = {
    PYTHON: ("-c", "pass"),
    "cnnsearch --help": ("-m", "cnnsearch", "--help"),
    "cnnsearch check basic": ("-m", "cnnsearch", "check", "basic"),
    "cnnsearch check scratch": ("-m", "cnnsearch", "check", "scratch"),
}
LIMITS = {"cnnsearch --help": 0.5, "cnnsearch check basic": 1.0}
LARGEST = "scratch"
"""The shipped space with the most parameters."""
DRAWS = 10_000
BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 30)]
)
"""A file whose aliases would become 9^30 values."""
HEAVY = ("tensorflow", "keras", "keras_tuner", "optuna", "matplotlib", "sklearn")
"""Libraries that take long to import, TensorFlow alone several seconds."""
_IMPORTED = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


def run(place: Workplace, command: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    """Run Python with a command to its end."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )


def seconds(place: Workplace, rounds: int) -> dict[str, list[float]]:
    """Wall times of every command, in turns, so that a busy moment of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            run(place, command)
            times[name].append(time.perf_counter() - began)
    return times


def imported(place: Workplace, command: tuple[str, ...]) -> set[str]:
    """The modules that Python says it imported for a command."""
    return set(_IMPORTED.findall(run(place, ("-X", "importtime", *command)).stderr))


def draw_seconds(count: int) -> float:
    """Seconds for so many draws from the largest shipped space."""
    from cnnsearch.spaces.draws import draw
    from cnnsearch.spaces.load import load_space

    space, source = load_space(LARGEST), random.Random(0)
    began = time.perf_counter()
    for _ in range(count):
        draw(space, source)
    return time.perf_counter() - began


def bomb_seconds() -> float:
    """Seconds until the bomb is refused."""
    from cnnsearch.spaces.errors import SpaceError
    from cnnsearch.spaces.load import loads_space

    began = time.perf_counter()
    try:
        loads_space(BOMB, "bomb")
    except SpaceError:
        return time.perf_counter() - began
    raise SystemExit("startup: the bomb was taken for a space")


def main() -> int:
    """Measure and print."""
    options = arguments("How long the quick commands take.").parse_args()
    with workplace() as place:
        for command in COMMANDS.values():
            run(place, command)  # the first run writes the compiled modules
        times = seconds(place, 2 if options.quick else 10)
        modules = {name: imported(place, command) for name, command in COMMANDS.items() if name != PYTHON}
    figures = [Figure(f"{name}, median", statistics.median(t), "s", LIMITS.get(name)) for name, t in times.items()]
    beyond = statistics.median(times[f"cnnsearch check {LARGEST}"]) - statistics.median(times[PYTHON])
    figures.append(Figure(f"cnnsearch check {LARGEST}, beyond {PYTHON}", beyond, "s", at_most=0.5))
    drawn = statistics.median(draw_seconds(DRAWS) for _ in range(1 if options.quick else 5))
    figures.append(Figure(f"{DRAWS:,} draws from {LARGEST}", drawn, "s", at_most=2.0))
    figures.append(Figure("a YAML bomb refused", statistics.median(bomb_seconds() for _ in range(5)), "s", at_most=1.0))
    for name, found in modules.items():
        roots = {module.partition(".")[0] for module in found}
        figures.append(Figure(f"{name}, modules imported", len(found)))
        figures.append(Figure(f"{name}, of {', '.join(HEAVY)}", len(roots & set(HEAVY)), at_most=0))
    return conclude("startup", figures, options, seconds=times)


if __name__ == "__main__":
    sys.exit(main())
