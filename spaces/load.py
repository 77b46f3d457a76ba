"""Reads a space: from a file, from one of the spaces shipped with the package, or from a text."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from cnnsearch.spaces.document import Document
from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.explain import explain, nearest, place
from cnnsearch.spaces.nodes import MOST_BYTES, Mark, Node, read_nodes
from cnnsearch.spaces.overrides import apply_overrides
from cnnsearch.spaces.shapes import impossible_branches
from cnnsearch.spaces.space import Space


def shipped_spaces() -> list[str]:
    """The names of the spaces that come with the package."""
    files = resources.files("cnnsearch.spaces").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load_space(source: str | Path, overrides: Sequence[str] = ()) -> Space:
    """The space in a file, or the shipped one of that name (`basic`, `spaces/basic.yaml`) where there is no such file.

    Raises:
        SpaceError: it cannot be read or breaks rules of the language; with all problems, in the order of the file.
    """
    path = Path(source)
    text = _decoded(_bytes_of(path), str(source))
    return loads_space(text, path.stem, overrides, where=str(source))


def loads_space(text: str, name: str, overrides: Sequence[str] = (), where: str | None = None) -> Space:
    """The space that a YAML text describes; `where` names its file in messages, `name.yaml` if not given.

    Raises:
        SpaceError: the text breaks rules of the language; with all problems, in the order of the file.
    """
    where = where or f"{name}.yaml"
    root, problems = read_nodes(text, where)
    if root is None:
        raise SpaceError([Problem(where, "a space must say at least `data:` and `model:`, got an empty document")])
    if not isinstance(root.content, dict):
        raise SpaceError([Problem(root.mark.where, f"a space must be a mapping of keys, got {_kind(root)}")])
    root, more = apply_overrides(root, overrides)
    document, wrong = _checked(root)
    problems = [*problems, *more, *wrong]
    if problems or document is None:
        raise SpaceError(_sorted(problems))
    return Space(name, document)


def _kind(node: Node) -> str:
    return "a list" if isinstance(node.content, list) else f"{str(node.content)[:40]!r}"


def _checked(root: Node) -> tuple[Document | None, list[tuple[Mark, Problem]]]:
    """The document in these nodes, and its problems; None for one that breaks the language's own rules."""
    try:
        document = Document.model_validate(root.plain())
    except ValidationError as error:
        return None, [explain(details, root) for details in error.errors(include_url=False)]
    impossible = impossible_branches(document).items()
    marks = {name: place(root, ("model", name), at_key=True) for name, _ in impossible}
    advice = "Use larger images (data.image_size), fewer blocks, or padding: same."
    return document, [
        (marks[name], Problem(marks[name].where, f"`model.{name}`: {rule}", advice)) for name, rule in impossible
    ]


def _sorted(problems: list[tuple[Mark, Problem]]) -> list[Problem]:
    """In the order of the file, then of the command line; what was found twice is told once."""
    ordered = sorted(problems, key=lambda found: found[0])
    return list(dict.fromkeys(problem for _, problem in ordered))


def _bytes_of(path: Path) -> bytes:
    where = str(path)
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(MOST_BYTES + 1)
    except OSError as error:
        rule = f"a space must be readable, got: {error.strerror}"
        raise SpaceError([Problem(where, rule, "Check its name and permissions.")]) from None
    shipped = _shipped(path)
    if shipped is not None:
        return shipped
    known = shipped_spaces()
    if path.is_dir():
        raise SpaceError([Problem(where, "a space must be a YAML file, got a folder", "Name the file in it.")])
    if path.exists():
        raise SpaceError([Problem(where, "a space must be a YAML file, got something that is no file")])
    advice = f"{nearest(path.stem, known)}Shipped spaces: {', '.join(known)}."
    raise SpaceError([Problem(where, "a space must be a file or a shipped space, got no such file", advice)])


def _shipped(path: Path) -> bytes | None:
    """The shipped space that `basic`, `basic.yaml` or `spaces/basic.yaml` names."""
    if path.parent not in (Path(), Path("spaces")) or path.suffix not in ("", ".yaml", ".yml"):
        return None
    if path.stem not in shipped_spaces():
        return None
    return (resources.files("cnnsearch.spaces") / f"{path.stem}.yaml").read_bytes()


def _decoded(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        rule = f"a space must be UTF-8 text, got the byte {content[error.start]:#04x}"
        raise SpaceError([Problem(f"{where}:{line}:{column}", rule, "Save it as UTF-8.")]) from None
