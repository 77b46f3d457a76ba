"""Writes the searched forms out in a JSON schema: choices, nested to any depth, and ranges of numbers."""

from collections.abc import Iterable
from typing import Any

from cnnsearch.spaces.sections.json_schema import SEARCHED

Schema = dict[str, Any]
_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_BOUND_WORDS = ("min", "above", "max", "below")
_PREFIX = "#/$defs/"
_SHARED: dict[str, Schema] = {
    "branch_name": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"},
    "when": {
        "description": "The value exists only where other values are as said here, by their dotted names: "
        "`when: {model.scratch.blocks: [3, 4]}`.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "anyOf": [
                {"type": ["string", "number", "boolean", "null"]},
                {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean", "null"]}},
            ]
        },
    },
}
_CHOICE = "One of these values: a list of fixed ones."
_BRANCHES = "One of these: a list, or a mapping of named branches, each with values of its own, which exist only in it."
_PRIOR = "The value that the search begins with."
_OTHERWISE = "What holds where `when` does not; the default if it is left out."
_PER = "Drawn anew for each {}."
_RANGE = "[low, high]: {} from low to high, both ends included."
_STEP = "Distance between two values of the range; it leads from one end to the other."
_SCALE = "`log` draws the exponent evenly: 0.0001 to 0.001 as often as 0.001 to 0.01."


def with_searched_forms(schema: Schema) -> Schema:
    """The schema with each mark of a searched value replaced by its forms, and the definitions they share added."""
    writer = _Writer(schema["$defs"])
    written: Schema = writer.written({key: value for key, value in schema.items() if key != "$defs"})
    definitions = {name: writer.written(definition) for name, definition in schema["$defs"].items()}
    return {**written, "$defs": {**definitions, **writer.choices, **_SHARED}}


def any_of(forms: Iterable[Schema]) -> Schema:
    """A schema that takes each of some forms, every form once, forms of forms on one level."""
    flat: list[Schema] = []
    for form in forms:
        inner = form["anyOf"] if form.keys() == {"anyOf"} else [form]
        flat += [each for each in inner if each not in flat]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def reference(name: str) -> Schema:
    """A reference to a definition."""
    return {"$ref": _PREFIX + name}


def in_one_word(fixed: Schema) -> str:
    """A name for the values that a schema takes, such as `integer_min_1_or_null`; long ones are cut."""
    if "anyOf" in fixed:
        return "_or_".join(dict.fromkeys(in_one_word(form) for form in fixed["anyOf"]))
    if "enum" in fixed:
        names = "_or_".join(str(value) for value in fixed["enum"][:3])
        return names + ("_or_others" if len(fixed["enum"]) > 3 else "")
    if "$ref" in fixed:
        return str(fixed["$ref"]).removeprefix(_PREFIX).lower()
    if "items" in fixed:
        return f"list_of_{in_one_word(fixed['items'].get('anyOf', [fixed['items']])[0])}"
    bounds = (f"_{word}_{fixed[key]:g}" for key, word in zip(_BOUNDS, _BOUND_WORDS, strict=True) if key in fixed)
    return str(fixed.get("type", "anything")) + "".join(bounds)


class _Writer:
    """One pass over a schema.

    Attributes:
        choices: the definitions of searched forms by name; those of choices over sections refer to themselves.
    """

    def __init__(self, definitions: Schema) -> None:
        self.definitions = definitions
        self.choices: Schema = {}
        self.sections: dict[str, Schema] = {}

    def written(self, node: Any) -> Any:  # noqa: ANN401 - any part of a schema
        if isinstance(node, list):
            return [self.written(each) for each in node]
        if not isinstance(node, dict):
            return node
        first = {"description": node["description"]} if isinstance(node.get("description"), str) else {}
        rest = first | {
            key: self.written(value) for key, value in node.items() if key not in (SEARCHED, "oneOf", "anyOf", "title")
        }
        if isinstance(node.get("title"), dict):  # a key of this name, not a title of pydantic's
            rest["title"] = self.written(node["title"])
        if SEARCHED in node:
            return {**rest, **self.searched(node[SEARCHED])}
        for union in ("oneOf", "anyOf"):
            if union in node:
                rest.update(any_of(self.written(node[union])))
        return rest

    def searched(self, mark: Schema) -> Schema:
        fixed = self.written(mark["fixed"]) or _anything_fixed()
        if mark["kinds"] is not None:
            return any_of([fixed, self.choice_of_sections(fixed, mark)])
        forms = [_choice(fixed, mark["per"]), *_ranges(fixed, mark["per"])]
        return any_of([fixed, *(self.shared(form, fixed, mark["per"]) for form in forms)])

    def shared(self, form: Schema, fixed: Schema, per: str | None) -> Schema:
        """A reference to a form's definition, which all fields with the same values share."""
        name = f"{next(iter(form['properties']))}_of_{in_one_word(fixed)}" + (f"_per_{per}" if per else "")
        while self.choices.setdefault(name, form) != form:
            name += "_"
        return reference(name)

    def choice_of_sections(self, fixed: Schema, mark: Schema) -> Schema:
        """A reference to the choice over sections of this form, which is made when it is first asked for."""
        name = f"choice_of_{in_one_word(fixed)}"
        while self.sections.setdefault(name, fixed) != fixed:
            name += "_"
        if name not in self.choices:
            self.choices[name] = {}  # stands for itself while it is written: its branches refer to it
            itself = reference(name)
            branches = self.kinds(fixed, itself) if mark["kinds"] else _sections(fixed, itself, mark["optional"])
            options = {"anyOf": [_list_of(fixed), branches]}
            self.choices[name] = _node(
                {"choice": {"description": _BRANCHES, **options}},
                fixed,
                None,
                prior=any_of([{"type": "string"}, fixed]),
            )
        return reference(name)

    def kinds(self, fixed: Schema, itself: Schema) -> Schema:
        """A mapping of kinds by their names, and of choices and kinds under names of the file's own."""
        known = self.definitions[names_in(fixed)[0]]["anyOf"][1]["properties"]
        own_name = {"anyOf": [itself, {"type": "object", **fixed}]}
        return {**_mapping(own_name), "properties": self.written(known)}


def names_in(fixed: Schema) -> list[str]:
    """The definitions that a schema refers to, its lists' included."""
    found = [fixed["$ref"].removeprefix(_PREFIX)] if "$ref" in fixed else []
    for part in [*fixed.get("anyOf", ()), *([fixed["items"]] if "items" in fixed else [])]:
        found += [name for name in names_in(part) if name not in found]
    return found


def _sections(fixed: Schema, itself: Schema, optional: bool) -> Schema:
    return _mapping(any_of([fixed, itself] if optional else [fixed, itself, {"type": "null"}]))


def _mapping(branch: Schema) -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "propertyNames": reference("branch_name"),
        "additionalProperties": branch,
    }


def _list_of(fixed: Schema) -> Schema:
    return {"type": "array", "items": fixed, "minItems": 1, "uniqueItems": True}


def _choice(fixed: Schema, per: str | None) -> Schema:
    return _node({"choice": {"description": _CHOICE, **_list_of(fixed)}}, fixed, per)


def _node(own: Schema, fixed: Schema, per: str | None, prior: Schema | None = None) -> Schema:
    """A searched value with keys of its own, and those that every one may have."""
    own = {**own, "prior": {"description": _PRIOR, **(prior or fixed)}, "when": reference("when")}
    own["otherwise"] = {"description": _OTHERWISE, **fixed}
    if per:
        own["per"] = {"description": _PER.format(per), "const": per}
    return {
        "type": "object",
        "properties": own,
        "required": [next(iter(own))],
        "additionalProperties": False,
        "dependentRequired": {"otherwise": ["when"]},
    }


def _ranges(fixed: Schema, per: str | None) -> Iterable[Schema]:
    """The ranges that the numbers among a field's values allow."""
    for form in fixed.get("anyOf", [fixed]):
        bounds = {key: form[key] for key in _BOUNDS if key in form}
        if form.get("type") in ("integer", "number") or "not" in form:
            yield _range("int", {"type": "integer", **bounds}, fixed, per)
        if form.get("type") == "number" or "not" in form:
            yield _range("float", {"type": "number", **bounds}, fixed, per)


def _range(keyword: str, end: Schema, fixed: Schema, per: str | None) -> Schema:
    what = "a whole number" if keyword == "int" else "a number"
    own: Schema = {
        keyword: {
            "description": _RANGE.format(what),
            "type": "array",
            "items": end,
            "minItems": 2,
            "maxItems": 2,
        },
        "step": {"description": _STEP, "type": [end["type"], "null"], "exclusiveMinimum": 0},
        "scale": {"description": _SCALE, "enum": ["linear", "log", None]},
    }
    return _node(own, fixed, per)


def _anything_fixed() -> Schema:
    """Any value that does not read as a searched one."""
    return {"not": {"type": "object", "anyOf": [{"required": [word]} for word in ("choice", "int", "float")]}}
