"""The source of the four rooms as the house's rules read it: its modules, and which imports which."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FLOORS = {"cnnsearch": 3, "reports": 2, "search": 1, "spaces": 0}


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
