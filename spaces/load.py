"""Reads a space: from a file, from one of the spaces shipped with the package, or from a text."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from cnnsearch.spaces.consistency import inconsistencies, with_fitting_starts
from cnnsearch.spaces.document import Document
from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.nearest import nearest
from cnnsearch.spaces.reading.decoding import text_in
from cnnsearch.spaces.reading.explain import dotted, explain, place
from cnnsearch.spaces.reading.nodes import MOST_BYTES, Mark, Node, read_nodes
from cnnsearch.spaces.reading.overrides import apply_overrides
from cnnsearch.spaces.reading.source import located, refusal
from cnnsearch.spaces.space import Space


def shipped_spaces() -> list[str]:
    """The names of the spaces that come with the package."""
    files = resources.files("cnnsearch.spaces").iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


def load_space(source: str | Path, overrides: Sequence[str] = (), *, allow_code: bool = False) -> Space:
    """The space in a file, or the shipped one of that name (`basic`, `spaces/basic.yaml`) where there is no such file.

    Args:
        allow_code: accept `custom:` functions, which run when the space is searched.

    Raises:
        SpaceError: it cannot be read or breaks rules of the language; with all problems, in the order of the file.
    """
    path = Path(source)
    text = text_in(_bytes_of(path), str(source))
    return loads_space(text, path.stem, overrides, where=str(source), allow_code=allow_code)


def loads_space(
    text: str, name: str, overrides: Sequence[str] = (), where: str | None = None, *, allow_code: bool = False
) -> Space:
    """The space that a YAML text describes; `where` names its file in messages, `name.yaml` if not given.

    Raises:
        SpaceError: the text breaks rules of the language; with all problems, in the order of the file.
    """
    where = where or f"{name}.yaml"
    root, problems = read_nodes(text, where)
    if root is None:
        advice = f"Begin with a copy of a shipped one: {', '.join(shipped_spaces())}."
        raise SpaceError(
            [Problem(where, "a space must say at least `data:` and `model:`, got an empty document", advice)]
        )
    if not isinstance(root.content, dict):
        raise refusal(root.mark, f"a space must be a mapping of keys, got {_kind(root)}", _root_advice(root))
    root, more = apply_overrides(root, overrides)
    set_elsewhere = bool(overrides) and not any(text.startswith("search.start_from") for text in overrides)
    document, wrong = _checked(root, allow_code=allow_code, drop_starts=set_elsewhere)
    problems = [*problems, *more, *wrong]
    if problems or document is None:
        raise SpaceError(_sorted(problems))
    return Space(name, document)


def _kind(node: Node) -> str:
    return "a list" if isinstance(node.content, list) else f"{str(node.content)[:40]!r}"


def _root_advice(root: Node) -> str:
    if isinstance(root.content, list):
        return "Take the dashes before the keys away."
    return "Write `data:` and `model:` with a value each."


def _checked(root: Node, *, allow_code: bool, drop_starts: bool) -> tuple[Document | None, list[tuple[Mark, Problem]]]:
    """The document in these nodes, and its problems; None for one that breaks the language's own rules."""
    try:
        document = Document.model_validate(root.plain())
    except ValidationError as error:
        return None, [explain(details, root) for details in error.errors(include_url=False)]
    document = with_fitting_starts(document) if drop_starts else document
    problems = []
    for found in inconsistencies(document, allow_code=allow_code, settled=drop_starts):
        mark = place(root, found.place, at_key=found.at_key)
        problems.append((mark, Problem(mark.where, f"`{dotted(found.place)}`: {found.rule}", found.advice)))
    return document, problems


def _sorted(problems: list[tuple[Mark, Problem]]) -> list[Problem]:
    """In the order of the file, then of the command line; what was found twice is told once."""
    ordered = sorted(problems, key=lambda found: found[0])
    return list(dict.fromkeys(located(mark, problem) for mark, problem in ordered))


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
