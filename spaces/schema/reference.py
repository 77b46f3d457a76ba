"""The reference of the space language as Markdown: each section, each key, in words made from the schema."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnsearch.spaces.schema.searched_forms import names_in
from cnnsearch.spaces.sections.json_schema import SEARCHED

Schema = dict[str, Any]


def language_reference(schema: Schema) -> str:
    """A Markdown section for each section of the language, from a schema with marks of what may be searched."""
    return "".join(_Reference(schema["$defs"]).document(schema))


class _Reference:
    """One pass over the sections.

    Attributes:
        definitions: the sections by the names of their classes.
        headings: under which heading each section is told, which may stand in several places.
    """

    def __init__(self, definitions: Schema) -> None:
        self.definitions = definitions
        self.headings: dict[str, str] = {}
        self.told: set[str] = set()

    def document(self, schema: Schema) -> Iterator[str]:
        yield self.table("", schema)
        for key, value in schema["properties"].items():
            yield from self.inside(key, value)

    def inside(self, path: str, value: Schema) -> Iterator[str]:
        """The sections that the value of a key may be."""
        for name, in_list in _sections(value):
            heading = self.heading(name, path, in_list)
            if name not in self.told:
                self.told.add(name)
                level = "###" if "." in path else "##"
                yield f"\n{level} {heading}\n\n{self.definitions[name]['description']}\n"
                yield from self.section(path, self.definitions[name])

    def heading(self, name: str, path: str, in_list: bool) -> str:
        return self.headings.setdefault(name, f"An entry of the list `{path}`" if in_list else f"`{path}`")

    def section(self, path: str, section: Schema) -> Iterator[str]:
        mapping = _mapping_of(section)
        if "maxProperties" in mapping:
            yield from self.kinds(path, mapping["properties"])
            return
        yield self.table(path, mapping)
        for key, value in mapping["properties"].items():
            yield from self.inside(f"{path}.{key}", value)

    def kinds(self, path: str, kinds: Schema) -> Iterator[str]:
        """A table of the kinds, then the keys of each; those with the same keys are told together."""
        together: dict[str, list[str]] = {}
        for name, kind in kinds.items():
            together.setdefault(next(found for found, _ in _sections(kind)), []).append(f"`{path}.{name}`")
        alike: dict[str, list[str]] = {}
        for name, kind in kinds.items():
            alike.setdefault(kind.get("description", ""), []).append(f"`{name}`")
        yield _table(("kind", "what it is"), [(", ".join(names), text) for text, names in alike.items()])
        for section, names in together.items():
            if not _mapping_of(self.definitions[section])["properties"]:
                continue
            many = len(names) > 3
            yield f"\n### {f'{names[0]} and others' if many else ', '.join(names)}\n"
            yield f"\n{self.definitions[section]['description']}\n"
            if many:
                yield f"\nThese keys are the same in {', '.join(names)}.\n"
            yield from self.section(names[0].strip("`"), self.definitions[section])

    def table(self, path: str, mapping: Schema) -> str:
        rows = [
            (
                f"`{key}`",
                self.takes(f"{path}.{key}".removeprefix("."), value),
                _default(key, value, mapping),
                self.searched(value),
                value.get("description", ""),
            )
            for key, value in mapping["properties"].items()
        ]
        return _table(("key", "takes", "default", "searched", "meaning"), rows)

    def takes(self, path: str, value: Schema) -> str:
        """What a key takes, in words."""
        bare = {key: part for key, part in value.items() if key != "description"}
        per, words = _per(value), []
        for form in _forms(bare):
            if per and "items" in form:
                words.append(f"a list with one for each {per}")
            else:
                words.append(self.words(path, form))
        return _either(words)

    def words(self, path: str, form: Schema, *, in_list: bool = False) -> str:
        if "$ref" in form:
            heading = self.heading(names_in(form)[0], path, in_list)
            return f"[keys of its own](#{heading.lower().replace(' ', '-').replace('`', '').replace('.', '')})"
        if "items" in form:
            entry = _either([self.words(path, each, in_list=True) for each in _forms(form["items"])])
            return f"a list{' of two' if form.get('maxItems') == 2 else ''}, each entry {entry}"
        return _words(form)

    def searched(self, value: Schema) -> str:
        """Whether the value may be searched, and how."""
        if per := _per(value):
            return f"yes, also `per: {per}`"
        if SEARCHED in value or any(SEARCHED in form for form in _alternatives(value)):
            return "yes"
        if isinstance(entries := value.get("additionalProperties"), dict) and SEARCHED in entries:
            return "its values"
        inside = [_mapping_of(self.definitions[name])["properties"] for name, _ in _sections(value)]
        return "its keys" if any(self.searched(key) != "no" for keys in inside for key in keys.values()) else "no"


def _alternatives(value: Schema) -> list[Schema]:
    found: list[Schema] = value.get("anyOf") or value.get("oneOf") or []
    return found


def _either(words: list[str]) -> str:
    *most, last = dict.fromkeys(words)
    return (", or " if any(", " in each for each in most) else " or ").join([*most, last])


def _forms(value: Schema) -> Iterator[Schema]:
    """The forms of a fixed value, one after the other."""
    if SEARCHED in value:
        yield from _forms(value[SEARCHED]["fixed"])
    elif _alternatives(value):
        for form in _alternatives(value):
            yield from _forms(form)
    else:
        yield value


def _sections(value: Schema) -> Iterator[tuple[str, bool]]:
    """The names of the sections that a value may be, each with whether it is an entry of a list."""
    for form in _forms(value):
        if "$ref" in form:
            yield names_in(form)[0], False
        elif "items" in form:
            yield from ((name, True) for name, _ in _sections(form["items"]))


def _mapping_of(section: Schema) -> Schema:
    """The form with keys, where a bare word or name may stand for the section, too."""
    forms: list[Schema] = [section, *section.get("anyOf", [])]
    return next((form for form in forms if "properties" in form), {"properties": {}})


def _per(value: Schema) -> str | None:
    if SEARCHED in value:
        found: str | None = value[SEARCHED]["per"]
        return found
    return next((per for form in _alternatives(value) if (per := _per(form))), None)


def _default(key: str, value: Schema, mapping: Schema) -> str:
    if key in mapping.get("required", ()):
        return "must be given"
    if "default" in value:
        return f"`{_plain(value['default'])}`"
    return "that of its keys" if any(True for _ in _sections(value)) else ""


def _plain(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value as it stands in a YAML file."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_plain, value)) + "]"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _words(form: Schema) -> str:
    if "description" in form:
        return str(form["description"])
    if "enum" in form:
        *most, last = (f"`{value}`" for value in form["enum"])
        return f"{', '.join(most)} or {last}" if most else last
    if "const" in form:
        return f"`{form['const']}`"
    if form.get("type") == "object":
        values = form.get("additionalProperties")
        to = _either([_words(each) for each in _forms(values)]) if isinstance(values, dict) else "any value"
        return f"a mapping of names to {to}"
    names = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
    return names.get(str(form.get("type")), "null" if form.get("type") == "null" else "any value") + _bounds(form)


def _bounds(form: Schema) -> str:
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    if "minimum" in form and "maximum" in form:
        return f" from {form['minimum']} to {form['maximum']}"
    found = [f"{word} {form[key]}" for key, word in words.items() if key in form]
    return f", {' and '.join(found)}" if found else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
