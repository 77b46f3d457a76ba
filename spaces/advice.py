"""What to do about a value of the wrong kind: the slips that YAML, other tools and other languages teach people.

The sentences are chosen from the value alone, so they fit wherever a value of that kind is asked for.
"""

import math
import re
from collections.abc import Mapping

from cnnsearch.spaces.nearest import nearest
from cnnsearch.spaces.values import KEYWORDS, shown

_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_PLAIN = re.compile(_NUMBER)
_PERCENT = re.compile(rf"%?\s*({_NUMBER})\s*%|%\s*({_NUMBER})")
_ENDLESS = re.compile(r"[-+]?\.?(?:nan|inf|infinity|∞)", re.IGNORECASE)
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:([_' ])[0-9]{3})(?:\1[0-9]{3})*|[-+]?[0-9]+(?:_[0-9]+)+")
_SEPARATOR = re.compile(r"[_' ]")
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_COMMAS = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3}){2,}(?:\.[0-9]+)?")
_SEXAGESIMAL = re.compile(r"([0-9]{1,4}):([0-5]?[0-9])")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*", re.DOTALL)
_FRACTION = re.compile(r"([0-9]{1,9})\s*/\s*([0-9]{1,9})")
_BINARY = re.compile(r"0[bB]([01]{1,64})")
_NUMBERS = re.compile(rf"{_NUMBER}(?:\s+{_NUMBER})+")
_UNIT = re.compile(rf"({_NUMBER})\s*([A-Za-zµ]{{1,12}})")
_GLUED = re.compile(r"([A-Za-z_]\w*):(\S.*)", re.DOTALL)
_SIZES = re.compile(r"([0-9]{1,6})\s*[x×, ]\s*([0-9]{1,6})")  # noqa: RUF001 - the sign is what people type
_YES = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_SCALARS = ("int_type", "float_type", "finite_number", "bool_type", "string_type")
_MAPPINGS = ("model_type", "dict_type")
_FINITE = "Write a finite number: there is no endless and no undefined value here."
_LONGEST = 200  # characters of a text that is looked at: what is longer is no slip of the pen


def type_advice(expected_kind: str, found: object) -> str:
    """A sentence on what to write instead; empty where nothing can be said that the rule does not say.

    Args:
        expected_kind: pydantic's name of the error, such as `int_type`, `list_type` or `model_type`.
        found: the value that is no such thing.
    """
    if found is None:
        return _nothing(expected_kind)
    if expected_kind in _SCALARS and isinstance(found, Mapping | list):
        return _searched(found)
    if expected_kind == "string_type":
        return f'Put it in quotes: "{shown(found)}".'
    if expected_kind in ("int_type", "float_type", "finite_number"):
        return _number(found, whole=expected_kind == "int_type")
    others = {"bool_type": _truth, "list_type": _list, "model_type": _mapping, "dict_type": _mapping}
    return others[expected_kind](found) if expected_kind in others else ""


def _searched(found: Mapping[str, object] | list[object]) -> str:
    if isinstance(found, list):
        return "One value stands here; a searched one is written {choice: [a, b]}, or {int: [low, high]} for a range."
    known = nearest(str(next(iter(found), "")), KEYWORDS)
    return f"{known}A searched value has one of the keys {', '.join(KEYWORDS)}."


def _nothing(kind: str) -> str:
    if kind in _MAPPINGS:
        return "Write its keys below it, or leave it out to take its defaults."
    return "Write a value behind the colon, or leave the key out to take its default."


def _mapping(found: object) -> str:
    if isinstance(found, str):
        glued = _GLUED.fullmatch(found) if len(found) <= _LONGEST else None
        return f"Put a space behind the colon: {glued.group(1)}: {glued.group(2)}" if glued else "Write key: value."
    if isinstance(found, list) and found and all(isinstance(entry, Mapping) for entry in found):
        return "Write the keys without a dash before them."
    if found is True:
        return "Write {} for its defaults, or its keys below it, each as key: value."
    return "Write its keys below it, each as key: value."


def _list(found: object) -> str:
    if isinstance(found, str):
        sizes = _SIZES.fullmatch(found.strip("()[] ")) if len(found) <= _LONGEST else None
        return f"Write it in brackets: [{f'{sizes.group(1)}, {sizes.group(2)}' if sizes else shown(found)}]."
    return f"Write it in brackets: [{shown(found)}]." if isinstance(found, int | float) else ""


def _truth(found: object) -> str:
    word = str(found).strip().lower()
    if isinstance(found, str) and word in _YES:
        return f"YAML 1.2 has true and false only. Write {_YES[word]}."
    if isinstance(found, str) and word in ("true", "false"):
        return "Take the quotes away."
    if found in (0, 1):
        return f"Write {'true' if found else 'false'}."
    return "Write true or false."


def _number(found: object, *, whole: bool) -> str:
    if isinstance(found, str):
        return _number_in(found.strip(), whole=whole) if len(found) <= _LONGEST else ""
    if isinstance(found, bool) or not isinstance(found, float | int):
        return "Write a number."
    if isinstance(found, float) and not math.isfinite(found):
        return _FINITE
    return f"Write {int(found)}." if whole and found == int(found) else ""


def _number_in(text: str, *, whole: bool) -> str:
    """What number a text was meant to be."""
    if _PLAIN.fullmatch(text):
        return "Take the quotes away."
    if _ENDLESS.fullmatch(text):
        return _FINITE
    if text.lower() in ("none", "nil", "nul", "undefined"):
        return "What is switched off is written null, where that is allowed."
    if percent := _PERCENT.fullmatch(text):
        share = float(percent.group(1) or percent.group(2)) / 100
        return (
            "Write a whole number, not a share." if whole else f"Write {share:.10g}: a share is a decimal, not percent."
        )
    apart = "Put a comma between two entries." if _NUMBERS.fullmatch(text) else ""
    return _grouped(text, whole=whole) or _counted(text) or apart


def _grouped(text: str, *, whole: bool) -> str:
    """Digits with separators between them."""
    if _GROUPED.fullmatch(text):
        return f"Write {_SEPARATOR.sub('', text)}, the digits without separators."
    if _COMMAS.fullmatch(text):
        return f"Write {text.replace(',', '')}, the digits without separators."
    if _COMMA.fullmatch(text):
        thousands = re.fullmatch(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}", text)
        point, joined = text.replace(",", "."), text.replace(",", "")
        if whole:
            return f"Write {joined}, the digits without separators." if thousands else "Write a whole number."
        return f"Write {point}: decimals have a point." + (
            f" Or {joined}, if thousands are meant." if thousands else ""
        )
    return ""


def _counted(text: str) -> str:
    """Times, dates, fractions, other bases, and numbers with a unit."""
    if found := _SEXAGESIMAL.fullmatch(text):
        return f"YAML 1.2 reads {text} as text. Write one number, {int(found.group(1)) * 60 + int(found.group(2))}."
    if _DATE.fullmatch(text):
        return "Write one number, not a date."
    if (found := _FRACTION.fullmatch(text)) and int(found.group(2)):
        return f"Write {int(found.group(1)) / int(found.group(2)):.4g}: a fraction is written as a decimal."
    if found := _BINARY.fullmatch(text):
        return f"Write {int(found.group(1), 2)}."
    if found := _UNIT.fullmatch(text):
        return f"Write {found.group(1)} without {found.group(2)}."
    return ""
