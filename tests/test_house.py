"""The house's own rules, read from the source: who may import whom, nothing that prints or asserts, nothing too large.

Each rule is a function from a source tree to the places that break it. It is tried on this tree, where there must be
none, and on a small tree built to break it, where each must be found.
"""

import ast
import graphlib
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.source import FLOORS, arrows, begins, is_ours, modules, room_of, walk

HEAVY = {"keras", "keras_tuner", "tensorflow", "optuna", "torch", "jax"}
SPACES_MAY_IMPORT = sys.stdlib_module_names | {"pydantic", "pydantic_core", "ruamel", "cnnsearch"}
WALLS = {
    "search": {
        "engine": ("listeners",),
        "records": ("dataset", "model", "trial", "engine"),
        "run_folder": ("dataset", "model", "trial", "engine"),
        "writing": ("dataset", "model", "trial", "engine"),
    },
    "spaces": {
        "sections": ("reading", "schema", "document", "parameters", "space", "load"),
        "reading": ("schema", "parameters", "space", "load"),
        "schema": ("reading", "parameters", "space", "load"),
    },
}
"""Inside a room: what the modules whose name begins so never import."""
KNOWS = {
    "devices": (),
    "dataset": (),
    "doctor": ("dataset", "json_file"),
    "arranging": ("dataset", "writing"),
    "features": ("dataset",),
    "model": ("devices",),
    "trial": ("dataset", "devices", "features", "model", "csv_file", "records", "run_folder", "seeds", "writing"),
    "explaining": ("dataset", "model", "trial", "csv_file", "run_folder", "writing"),
    "study": ("fronts", "outcome", "ranking", "records", "run_folder", "study_link", "writing"),
    "listeners": (
        "engine.budget",
        "study.owners",
        "confirming_events",
        "events",
        "ranking",
        "records",
        "run_folder",
        "run_state",
        "writing",
    ),
}
"""Inside search: all that these rooms import of it beside themselves."""
PLAIN = ("model_label", "records", "run_folder", "run_state", "writing")
"""Inside search: what is read without any slow library."""
SIZED = (*FLOORS, "tests", "benchmarks")
FILE_LINES, BODY_LINES = 350, 40
"""The most that a file has, and the body of a function, whose docstring and parameters take the room they need."""


def upward(root: Path) -> list[str]:
    """Imports of a room by a room below it, and imports of a room under its folder's name."""
    return [
        f"{arrow.place}: {arrow.source} imports {arrow.target}"
        for arrow in arrows(root)
        if (is_ours(arrow.target) and FLOORS[room_of(arrow.target)] > FLOORS[room_of(arrow.source)])
        or arrow.target.split(".")[0] in FLOORS.keys() - {"cnnsearch"}
    ]


def circles(root: Path) -> list[str]:
    """A circle of modules that import each other while they are imported; a function's own import makes none."""
    graph: dict[str, set[str]] = {name: set() for name in modules(root)}
    for arrow in arrows(root):
        if arrow.target in graph and not arrow.lazy:
            graph[arrow.source].add(arrow.target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def walls(root: Path) -> list[str]:
    """Imports inside a room that run against its own floors."""
    return [
        f"{arrow.place}: {arrow.source} imports {arrow.target}"
        for arrow in arrows(root)
        for room, parts in WALLS.items()
        for part, forbidden in parts.items()
        if begins(arrow.source, room, part) and any(begins(arrow.target, room, other) for other in forbidden)
    ]


def strangers(root: Path) -> list[str]:
    """Imports of what a room inside search has no business to know."""
    return [
        f"{arrow.place}: {arrow.source} imports {arrow.target}"
        for arrow in arrows(root)
        for room, others in KNOWS.items()
        if lies_in(arrow.source, room) and arrow.target.startswith("cnnsearch.search.")
        if not any(lies_in(arrow.target, known) for known in (room, *others))
    ]


def lies_in(module: str, part: str) -> bool:
    """Whether a module is this part of search, or lies in it."""
    return f"{module}.".startswith(f"cnnsearch.search.{part}.")


def heavy(root: Path) -> list[str]:
    """Slow libraries where plain values are read: never in records and run folder, only in functions in the reports."""
    return [
        f"{arrow.place}: {arrow.source} imports {arrow.target}"
        for arrow in arrows(root)
        if arrow.target.split(".")[0] in HEAVY
        if any(begins(arrow.source, "search", part) for part in PLAIN)
        or (room_of(arrow.source) == "reports" and not arrow.lazy)
    ]


def impure(root: Path) -> list[str]:
    """Libraries that the space language does without."""
    return [
        f"{arrow.place}: {arrow.source} imports {arrow.target}"
        for arrow in arrows(root)
        if room_of(arrow.source) == "spaces" and arrow.target.split(".")[0] not in SPACES_MAY_IMPORT
    ]


def unwelcome(root: Path) -> list[str]:
    """Asserts (python -O drops them), prints outside the terminal module, and excepts that catch Ctrl-C."""
    found = []
    for module in modules(root).values():
        for node, _ in walk(module.tree):
            if isinstance(node, ast.Assert):
                found.append(f"{module.place(root, node)}: assert")
            elif isinstance(node, ast.ExceptHandler) and node.type is None:
                found.append(f"{module.place(root, node)}: bare except")
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
                found.append(f"{module.place(root, node)}: print")
    return found


def misplaced(root: Path) -> list[str]:
    """Differences between pyproject's packages and the folders with Python files, and between its map and the rooms."""
    setup = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    known = modules(root)
    folders = {n if m.path.stem == "__init__" else n.rpartition(".")[0] for n, m in known.items()}
    bare = {f for f in folders if f not in known or known[f].path.stem != "__init__"}
    rooms = {room if room == "cnnsearch" else f"cnnsearch.{room}": room for room in FLOORS}
    return [
        *(
            f"{name}: in the tree, not in pyproject.toml's packages"
            for name in sorted(folders - set(setup["packages"]))
        ),
        *(
            f"{name}: in pyproject.toml's packages, not in the tree"
            for name in sorted(set(setup["packages"]) - folders)
        ),
        *(f"{name}: has no __init__.py" for name in sorted(bare)),
        *(
            f"package-dir says {setup['package-dir']}, the rooms are {rooms}"
            for _ in [0]
            if setup["package-dir"] != rooms
        ),
    ]


def oversized(root: Path) -> list[str]:
    """Files and functions that are too long to be read at a glance."""
    found = []
    for path in sorted(path for room in SIZED for path in (root / room).rglob("*.py")):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        if lines > FILE_LINES:
            found.append(f"{name}: {lines} lines, {FILE_LINES} are the most")
        found += [
            f"{name}:{node.lineno}: {node.name} has {body_lines(node)} lines, {BODY_LINES} are the most"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > BODY_LINES
        ]
    return found


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How long a function is from its first statement on; its docstring is none."""
    first = function.body[ast.get_docstring(function) is not None :] or function.body
    return (function.end_lineno or 0) - first[0].lineno + 1


RULES = [upward, circles, walls, strangers, heavy, impure, unwelcome, misplaced, oversized]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_this_house_keeps_the_rule(rule: Callable[[Path], list[str]], checkout: Path) -> None:
    assert rule(checkout) == []


def test_all_rooms_are_read(checkout: Path) -> None:
    names = modules(checkout)
    assert {room_of(name) for name in names} == set(FLOORS)
    assert {"cnnsearch.terminal", "cnnsearch.spaces", "cnnsearch.search.records"} <= set(names)


BROKEN = [
    (upward, {"spaces/a.py": "from cnnsearch.search import records"}, ["spaces/a.py:1: cnnsearch.spaces.a imports cn"]),
    (upward, {"search/a.py": "def f():\n    import cnnsearch.reports.page"}, ["search/a.py:2: cnnsearch.search.a imp"]),
    (upward, {"reports/a.py": "from .. import terminal"}, ["reports/a.py:1: cnnsearch.reports.a imports cnnsearch"]),
    (upward, {"reports/a.py": "import_module('cnnsearch.app')"}, ["reports/a.py:1: cnnsearch.reports.a imports cnn"]),
    (upward, {"cnnsearch/a.py": "from search import records"}, ["cnnsearch/a.py:1: cnnsearch.a imports search"]),
    (upward, {"reports/a.py": "from cnnsearch import spaces", "spaces/__init__.py": ""}, []),
    (upward, {"search/b/__init__.py": "from ..c import d", "search/c.py": "from cnnsearch.spaces import e"}, []),
    (circles, {"search/a.py": "from . import b", "search/b.py": "import cnnsearch.search.a"}, ["cnnsearch.search."]),
    (circles, {"search/a.py": "from . import b", "search/b.py": "def f():\n    import cnnsearch.search.a"}, []),
    (circles, {"spaces/__init__.py": "from .a import x", "spaces/a.py": "from cnnsearch.spaces import y"}, ["cnnse"]),
    (walls, {"search/engine/a.py": "def f():\n    from ..listeners import event_log"}, ["search/engine/a.py:2: "]),
    (walls, {"search/records.py": "from cnnsearch.search import trial_process", "search/trial_process.py": ""}, ["se"]),
    (walls, {"search/records.py": "from cnnsearch.search.engine.oracle import Oracle"}, ["search/records.py:1: "]),
    (walls, {"search/engine/a.py": "from cnnsearch.search import trial", "search/trial.py": ""}, []),
    (walls, {"spaces/sections/a.py": "from cnnsearch.spaces.reading.nodes import Node"}, ["spaces/sections/a.py:1: "]),
    (walls, {"spaces/reading/a.py": "from cnnsearch.spaces.document import Document"}, []),
    (strangers, {"search/dataset/a.py": "import cnnsearch.search.model.head"}, ["search/dataset/a.py:1: "]),
    (strangers, {"search/model/a.py": "def f():\n    from ..dataset import cache"}, ["search/model/a.py:2: "]),
    (strangers, {"search/trial/a.py": "from .. import datasets", "search/datasets.py": ""}, ["search/trial/a.py:1: "]),
    (strangers, {"search/listeners/a.py": "from cnnsearch.search.engine.crew import Crew"}, ["search/listeners/a.py:"]),
    (strangers, {"search/listeners/a.py": "from ..engine.budget import Budget\nfrom . import b"}, []),
    (strangers, {"search/trial/a.py": "from ..model.size import ModelSize\nimport cnnsearch.spaces.space"}, []),
    (heavy, {"search/run_folder.py": "def f():\n    import optuna"}, ["search/run_folder.py:2: "]),
    (heavy, {"reports/a.py": "from keras.models import load_model"}, ["reports/a.py:1: "]),
    (heavy, {"reports/a.py": "def f():\n    import keras"}, []),
    (heavy, {"reports/a.py": "if TYPE_CHECKING:\n    import keras"}, []),
    (impure, {"spaces/a.py": "import os, numpy"}, ["spaces/a.py:1: cnnsearch.spaces.a imports numpy"]),
    (impure, {"spaces/a.py": "import os, pydantic_core\nfrom ruamel.yaml import YAML\nfrom . import b"}, []),
    (unwelcome, {"search/a.py": "def f():\n    assert f"}, ["search/a.py:2: assert"]),
    (
        unwelcome,
        {"search/a.py": "print('x')\ntry:\n    f()\nexcept:\n    pass"},
        ["search/a.py:1: p", "search/a.py:4: b"],
    ),
    (oversized, {"search/a.py": "x = 1\n" * 351}, ["search/a.py: 351 lines, 350 are the most"]),
    (oversized, {"tests/a.py": "def f():\n" + "    x = 1\n" * 41}, ["tests/a.py:1: f has 41 lines, 40 are the most"]),
    (oversized, {"tests/a.py": 'def f():\n    """It\n    is."""\n' + "    x = 1\n" * 40}, []),
    (oversized, {"docs/a.py": "x = 1\n" * 351}, []),
    (
        misplaced,
        {"search/deep/er/a.py": "", "search/deep/__init__.py": ""},
        ["cnnsearch.search.deep: in", "cnnsearch.search.deep.er: in the", "cnnsearch.search.deep.er: has no __init__"],
    ),
]


@pytest.mark.parametrize(("rule", "files", "found"), BROKEN)
def test_a_breach_is_found(
    rule: Callable[[Path], list[str]], files: dict[str, str], found: list[str], tmp_path: Path, checkout: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    listed = {"cnnsearch", "cnnsearch.search"} if rule is misplaced else set()
    (tmp_path / "pyproject.toml").write_text(setup_of(listed))
    for package in listed:
        folder = tmp_path / package.removeprefix("cnnsearch.")
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    breaches = rule(tmp_path)
    assert len(breaches) == len(found)
    assert all(breach.startswith(start) for breach, start in zip(breaches, found, strict=True)), breaches


def setup_of(packages: set[str]) -> str:
    rooms = "\n".join(f'"cnnsearch.{room}" = "{room}"' for room in FLOORS if room != "cnnsearch")
    listed = ", ".join(f'"{package}"' for package in sorted(packages))
    return (
        f'[tool.setuptools]\npackages = [{listed}]\n[tool.setuptools.package-dir]\n"cnnsearch" = "cnnsearch"\n{rooms}\n'
    )


def test_a_package_that_is_gone_and_a_wrong_map_are_found(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(setup_of({"cnnsearch.gone"}).replace('= "search"', '= "searching"'))
    gone, wrong_map = misplaced(tmp_path)
    assert gone == "cnnsearch.gone: in pyproject.toml's packages, not in the tree"
    assert "'cnnsearch.search': 'searching'" in wrong_map
