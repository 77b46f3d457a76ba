"""The house's own rules, read from the source: which room may import which, no circles, nothing that prints or asserts.

Each rule is a function from a source tree to the places that break it. It is tried on this tree, where there must be
none, and on a small tree built to break it, where each must be found.
"""

import ast
import graphlib
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

FLOORS = {"cnnsearch": 3, "reports": 2, "search": 1, "spaces": 0}
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
    "doctor": ("dataset",),
    "arranging": ("dataset", "writing"),
    "features": ("dataset",),
    "model": ("devices",),
    "trial": ("dataset", "devices", "features", "model", "csv_file", "records", "run_folder", "seeds", "writing"),
    "explaining": ("dataset", "model", "trial", "csv_file", "run_folder", "writing"),
    "study": ("fronts", "outcome", "ranking", "records", "run_folder", "study_link", "writing"),
    "listeners": ("engine.budget", "confirming_events", "events", "ranking", "records", "run_folder", "writing"),
}
"""Inside search: all that these rooms import of it beside themselves."""
PLAIN = ("records", "run_folder", "writing")
"""Inside search: what is read without any slow library."""


@dataclass(frozen=True)
class Arrow:
    """An import of one module by another."""

    source: str
    target: str
    place: str
    lazy: bool


@dataclass(frozen=True)
class Module:
    """One file of a room."""

    name: str
    path: Path
    tree: ast.Module

    def place(self, root: Path, node: ast.AST) -> str:
        return f"{self.path.relative_to(root).as_posix()}:{getattr(node, 'lineno', 1)}"


def modules(root: Path) -> dict[str, Module]:
    """Every module of the four rooms by its dotted name."""
    found = {}
    for room in FLOORS:
        for path in sorted((root / room).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            inside = parts[1:] if room == "cnnsearch" else parts
            name = ".".join(("cnnsearch", *inside)).removesuffix(".__init__")
            found[name] = Module(name, path, ast.parse(path.read_text(encoding="utf-8")))
    return found


def room_of(module: str) -> str:
    """The room in which a module of ours lies."""
    second = module.split(".")[1:2]
    return second[0] if second and second[0] in FLOORS else "cnnsearch"


def walk(node: ast.AST, *, lazy: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below, and whether importing the module passes it by: in a function, or under TYPE_CHECKING."""
    for child in ast.iter_child_nodes(node):
        inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        inside = inside or (isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"))
        yield child, inside
        yield from walk(child, lazy=inside)


def targets(node: ast.AST, module: Module, known: dict[str, Module]) -> list[str]:
    """The modules that a node imports: by a statement, or by `import_module` of a text."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = absolute(node, module)
        return [f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
        return [str(name.value) for name in node.args[:1] if isinstance(name, ast.Constant)]
    return []


def absolute(node: ast.ImportFrom, module: Module) -> str:
    """The full name of what a `from` names, dots resolved."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.path.stem == "__init__" else module.name.split(".")[:-1]
    return ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])


def arrows(root: Path) -> list[Arrow]:
    """Every import in the four rooms."""
    known = modules(root)
    return [
        Arrow(module.name, target, module.place(root, node), lazy)
        for module in known.values()
        for node, lazy in walk(module.tree)
        for target in targets(node, module, known)
    ]


def is_ours(name: str) -> bool:
    return name == "cnnsearch" or name.startswith("cnnsearch.")


def begins(module: str, room: str, part: str) -> bool:
    """Whether a module lies behind this door of a room: `trial` means trial.py, trial/ and trial_process.py alike."""
    rest = module.removeprefix(f"cnnsearch.{room}.")
    return rest != module and (rest.split(".")[0] == part or rest.startswith(f"{part}_"))


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


RULES = [upward, circles, walls, strangers, heavy, impure, unwelcome, misplaced]


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
