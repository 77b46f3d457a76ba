"""Writes what the program knows of itself: `python docs/generate.py`, or `make docs`.

docs/commands.md comes from the commands' own help, docs/spaces.md and spaces/space.schema.json from the sections of the
space language. What is written and what it is written from are the same objects, so they cannot differ for long: tests
compare each file with what would be written.
"""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
import typer.main

DOCS = Path(__file__).parent
REFERENCE_PLACE = "<!-- reference -->\n"
"""Where docs/templates/spaces.md has the reference put in."""
_WORDS: dict[Any, str] = {int: "NUMBER", float: "NUMBER", Path: "PATH"}
INTRODUCTION = """\
# Commands

This page is written from the commands' own `--help` by `make docs`. How a command ends: 0 done, 1 something you can
mend (the message says what), 2 the command line is wrong, 3 a fault of cnnsearch itself (the message says where its
log lies), 130 Ctrl-C.
"""


def command_reference(app: typer.Typer, program: str = "cnnsearch") -> str:
    """The whole page for an app, as Markdown: one section for each command, subcommands after their command."""
    return INTRODUCTION + "".join(_sections(typer.main.get_command(app), program, None))


def _sections(command: Any, name: str, parent: Any) -> Iterator[str]:  # noqa: ANN401 - typer types no commands
    context = command.context_class(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield f"\n## {name}\n"
    yield _usage(command, context)
    for text in (command.help, command.epilog):
        if text:
            yield f"\n{_text(text)}\n"
    yield from _parameters(command, context)
    children = getattr(command, "commands", {})
    visible = {key: child for key, child in children.items() if not child.hidden}
    if visible:
        yield _table(("command", "what it does"), [_child_row(name, *item) for item in visible.items()])
    for key, child in visible.items():
        yield from _sections(child, f"{name} {key}", context)


def _child_row(name: str, key: str, child: Any) -> tuple[str, str]:  # noqa: ANN401 - typer types no commands
    anchor = f"{name} {key}".lower().replace(" ", "-")
    return f"[`{key}`](#{anchor})", child.get_short_help_str(200)


def _usage(command: Any, context: Any) -> str:  # noqa: ANN401 - typer types no commands
    pieces = ["[OPTIONS]"]
    for argument in _shown(command, context, "argument"):
        name = _argument(argument)
        pieces.append(name if argument.required else f"[{name}]")
    if getattr(command, "commands", {}):
        pieces.append("COMMAND ...")
    return f"\n```text\n{context.command_path} {' '.join(pieces)}\n```\n"


def _parameters(command: Any, context: Any) -> Iterator[str]:  # noqa: ANN401 - typer types no commands
    """A table of arguments and one of options; hidden ones are left out."""
    arguments = [(f"`{_argument(each)}`", _meaning(each)) for each in _shown(command, context, "argument")]
    options = [(f"`{_option(each)}`", _meaning(each)) for each in _shown(command, context, "option")]
    if arguments:
        yield _table(("argument", "meaning"), arguments)
    if options:
        yield _table(("option", "meaning"), options)


def _shown(command: Any, context: Any, kind: str) -> list[Any]:  # noqa: ANN401 - typer types no commands
    return [
        parameter
        for parameter in command.get_params(context)
        if parameter.param_type_name == kind and not getattr(parameter, "hidden", False)
    ]


def _argument(argument: Any) -> str:  # noqa: ANN401 - typer types no parameters
    name = str(argument.metavar or argument.name.upper())
    return f"{name}..." if argument.nargs == -1 and not name.endswith("...") else name


def _option(option: Any) -> str:  # noqa: ANN401 - typer types no parameters
    """Names and value, such as `-n, --trials INT` or `--new / --go-on`; written here, as typer's own form changes."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return " / ".join([names, *option.secondary_opts])
    return f"{names} {option.metavar or _kind(option.type_descriptor.annotation)}"


def _kind(annotation: Any) -> str:  # noqa: ANN401 - any type
    """A word for the values of a type: its choices, or PATH, NUMBER, TEXT; a list's word is its entries'."""
    inner = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) is Literal:
        return "|".join(map(str, inner))
    if inner:
        return _kind(inner[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(member.value) for member in annotation)
    return _WORDS.get(annotation, "TEXT")


def _meaning(parameter: Any) -> str:  # noqa: ANN401 - typer types no parameters
    """The help text with what holds besides: several times, from where to where, the default."""
    told = "repeat" in (parameter.help or "")
    notes = ["repeatable"] if getattr(parameter, "multiple", False) and not told else []
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    notes += [f"at least {low}"] if low is not None else []
    notes += [f"at most {high}"] if high is not None else []
    notes += [f"default: {default}"] if (default := _default(parameter)) else []
    return (parameter.help or "") + (f" ({'; '.join(notes)})" if notes else "")


def _default(parameter: Any) -> str:  # noqa: ANN401 - typer types no parameters
    value = parameter.default
    if parameter.required or callable(value) or value in (None, "", (), []):
        return ""
    if isinstance(value, bool):
        names = parameter.opts if value else parameter.secondary_opts
        return names[0] if names and parameter.secondary_opts else ""
    return str(getattr(value, "value", value))


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [head, ("---", "---"), *rows]
    return "\n" + "".join(f"| {_cell(left)} | {_cell(right)} |\n" for left, right in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _text(text: str) -> str:
    """A help text without the marks that typer reads in it: `\\b` keeps line ends, `\\f` hides the rest."""
    return text.partition("\f")[0].replace("\b\n", "").strip()


def spaces_page() -> str:
    """The page on the space language: its introduction, and the reference of its keys."""
    from cnnsearch.spaces.schema.reference import language_reference
    from cnnsearch.spaces.schema.space_schema import marked_schema

    template = (DOCS / "templates" / "spaces.md").read_text(encoding="utf-8")
    return template.replace(REFERENCE_PLACE, language_reference(marked_schema()))


def main() -> None:
    """Write the pages and the schema."""
    from cnnsearch.app import app
    from cnnsearch.spaces.schema.space_schema import SCHEMA_FILE, space_schema_text

    (DOCS.parent / "spaces" / SCHEMA_FILE).write_text(space_schema_text(), encoding="utf-8")
    (DOCS / "spaces.md").write_text(spaces_page(), encoding="utf-8")
    (DOCS / "commands.md").write_text(command_reference(app), encoding="utf-8")


if __name__ == "__main__":
    main()
