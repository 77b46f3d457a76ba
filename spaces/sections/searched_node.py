"""The rules of a searched value: its keys, its options or ends, and that the field it stands for takes all of them."""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from cnnsearch.spaces.advice import type_advice
from cnnsearch.spaces.nearest import among, nearest
from cnnsearch.spaces.sections.rules import KEY_RULE, Location, moved, rejection, violation
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.values import (
    KEYWORDS,
    Branch,
    FloatRange,
    IntRange,
    Kinds,
    contains_searched,
    domain_of,
    is_searched,
    label,
    shown,
    size,
    value_at,
    value_of,
)

MOST_STEPS = 10**9
LARGEST = 2**53
"""Every whole number up to it is a float, too, which is how samplers keep it."""
_OWN_KEYS = {"choice": (), "int": ("step", "scale"), "float": ("step", "scale")}
_SHARED_KEYS = ("prior", "when", "otherwise")
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.\w+)+", re.ASCII)


@dataclass(frozen=True)
class Alternatives:
    """What the options of a choice over a mapping are: sections of one form, or of several kinds.

    Attributes:
        kinds: the kinds' names; none where all options are sections of one form.
        optional: whether null is such a section, too.
    """

    kinds: Collection[str]
    optional: bool


def checked_node(
    node: Mapping[str, Any], fixed: Callable[[Any], Any], per: str | None, alternatives: Alternatives | None
) -> dict[str, Any]:
    """A searched node after all checks, its options as the field reads them.

    Args:
        node: has at least one of the keywords.
        fixed: validates one fixed value of the field.
        per: `block` or `layer` where each of these may have a value of its own.
        alternatives: what the options of a choice over a mapping are; None where there are no such choices.

    Raises:
        ValidationError: rules are broken; with all of them.
    """
    return _Check(node, fixed, per, alternatives).checked()


@dataclass
class _Check:
    """One pass over a node. Problems are collected, so that all are told at once."""

    node: Mapping[str, Any]
    fixed: Callable[[Any], Any]
    per: str | None
    alternatives: Alternatives | None
    problems: list[InitErrorDetails] = field(default_factory=list)

    def checked(self) -> dict[str, Any]:
        keyword = next(keyword for keyword in KEYWORDS if keyword in self.node)
        self.check_keys(keyword)
        self.stop_if_broken()
        read = dict(self.node)
        if keyword == "choice":
            read["choice"] = self.choice(self.node["choice"])
        else:
            self.check_range(keyword)
        self.stop_if_broken()
        if "when" in read:
            read["when"] = self.conditions(read["when"])
        if "otherwise" in read:
            read["otherwise"] = self.read("otherwise", read["otherwise"])
        if "prior" in read:
            read["prior"] = self.prior(read)
        self.stop_if_broken()
        return read

    def report(self, location: Location, rule: str, found: Any, advice: str = "", kind: str = "rule") -> None:  # noqa: ANN401
        self.problems.append(violation(location, rule, found, advice, kind))

    def stop_if_broken(self) -> None:
        if self.problems:
            raise rejection("searched", self.problems)

    @contextmanager
    def collecting(self, *location: str | int) -> Iterator[None]:
        """Within it, what a part breaks is a problem of the whole."""
        try:
            yield
        except ValidationError as error:
            self.problems += moved(error.errors(), *location)
        except PydanticCustomError as error:
            self.problems.append(InitErrorDetails(type=error, loc=location, input=None))

    def read(self, key: str, value: Any) -> Any:  # noqa: ANN401 - any value of the field
        if contains_searched(value):
            self.report((key,), f"`{key}` is a fixed value, got {shown(value)}", value)
            return value
        with self.collecting(key):
            return self.fixed(value)

    def check_keys(self, keyword: str) -> None:
        known = [keyword, *_OWN_KEYS[keyword], *_SHARED_KEYS, *(["per"] if self.per else [])]
        for key in self.node:
            if key in KEYWORDS and key != keyword:
                rule = f"a searched value is a choice, an int or a float range, got {keyword} and {key}"
                self.report((key,), rule, None, "Keep one.", KEY_RULE)
            elif key == "per" and not self.per:
                rule = "`per` is for the values of a stack of blocks or layers, got it where there is one value"
                self.report((key,), rule, None, "Leave it out.", KEY_RULE)
            elif key not in known:
                rule = f"beside `{keyword}` stand only {', '.join(known[1:])}, got `{str(key)[:60]}`"
                branch = self.alternatives is not None and key in self.alternatives.kinds
                advice = "Move it into the choice." if branch else nearest(str(key), known).strip()
                self.report((key,), rule, None, advice, KEY_RULE)
        if "per" in self.node and self.per and self.node["per"] != self.per:
            self.report(("per",), f"`per` is {self.per} here, got {shown(self.node['per'])}", self.node["per"])
        if "otherwise" in self.node and "when" not in self.node:
            rule = "`otherwise` says what holds where `when` does not, got no `when`"
            self.report(("otherwise",), rule, None, "Leave it out.", KEY_RULE)

    # A choice.

    def choice(self, options: Any) -> Any:  # noqa: ANN401 - before validation, anything
        if isinstance(options, list) and self.alternatives and self.alternatives.kinds and _all_text(options):
            if len(set(options)) < len(options):
                rule = f"the branches of a choice differ from each other, got {shown(options)}"
                self.report(("choice",), rule, options, "Drop the second one.")
            options = {name: {} for name in options}
        if isinstance(options, Mapping) and self.alternatives:
            return self.branches(options, self.alternatives)
        if isinstance(options, list):
            return self.options(options)
        form = "a list of values or a mapping of named branches" if self.alternatives else "a list of values"
        self.report(("choice",), f"the options of a choice are {form}, got {shown(options)}", options)
        return options

    def options(self, options: list[Any]) -> list[Any]:
        if not options:
            self.report(("choice",), "a choice has one option or more, got none", options)
        read, known = [], set()
        for index, option in enumerate(options):
            if contains_searched(option):
                rule = f"an option in a list of a choice is a fixed value, got {shown(option)}"
                self.report(("choice", index), rule, option, self.naming(options))
                continue
            with self.collecting("choice", index):
                value = self.fixed(option)
                scalar = label(plain(value))
                if scalar in known:  # 1 and true are one option for the libraries that draw
                    rule = f"the options of a choice differ from each other, got {shown(plain(value))} twice"
                    self.report(("choice", index), rule, option, "Drop one.")
                known.add(scalar)
                read.append(value)
        return read

    def naming(self, options: list[Any]) -> str:
        """Advice to name the options of a list where one of them is searched: named ones are branches."""
        if self.alternatives is None:
            return "List all the values."
        if self.alternatives.kinds:
            return "Name the options: choice: {NAME: {...}, ...}."
        named = ", ".join(f"{_option_name(index, option)}: {_flow(option)}" for index, option in enumerate(options))
        return f"Give the options names: {{choice: {{{named}}}}}."

    def branches(self, options: Mapping[str, Any], alternatives: Alternatives) -> dict[str, Any]:
        if not options:
            what = f"branches of {', '.join(alternatives.kinds)}" if alternatives.kinds else "named branches"
            self.report(("choice",), f"a choice has one or more {what}, got none", options)
        read = {name: self.branch(str(name), option, alternatives) for name, option in options.items()}
        return Kinds(read, alternatives.kinds) if alternatives.kinds else read

    def branch(self, name: str, option: Any, alternatives: Alternatives) -> Any:  # noqa: ANN401
        if not _NAME.fullmatch(name):
            rule = f"a branch's name has letters, digits, _ and -, got {shown(name)}"
            self.report((name,), rule, None, "It becomes a part of parameters' names.", KEY_RULE)
            return None
        if name in alternatives.kinds:
            with self.collecting():
                return self.fixed({name: option}).taken()[name]
            return None
        if alternatives.kinds and not (isinstance(option, Mapping) and option):
            known = among(name, list(alternatives.kinds), "The kinds here are")
            rule = f"a branch is of a known kind, or a mapping that holds one, got `{name}`"
            self.report((name,), rule, None, known, KEY_RULE)
            return None
        if option is None and not alternatives.optional:
            option = {}
        with self.collecting(name):
            if is_searched(option):
                return checked_node(option, self.fixed, self.per, self.alternatives)
            return self.fixed(option)

    # A range.

    def check_range(self, keyword: str) -> None:
        bounds, node = self.node[keyword], self.node
        if not isinstance(bounds, list) or len(bounds) != 2:
            rule = f"a range is [low, high], both ends included, got {shown(bounds)}"
            self.report((keyword,), rule, bounds)
            return
        for index, bound in enumerate(bounds):
            self.check_number((keyword, index), keyword, bound)
        if node.get("step") is not None:
            self.check_number(("step",), keyword, node["step"], positive=True)
        if node.get("scale") not in (None, "linear", "log"):
            advice = nearest(str(node["scale"]), ["linear", "log"]).strip()
            self.report(("scale",), f"the scale is linear or log, got {shown(node['scale'])}", node["scale"], advice)
        self.stop_if_broken()
        self.check_order(keyword, bounds[0], bounds[1], node.get("step"))
        self.stop_if_broken()
        self.check_values(keyword)

    def check_number(self, location: Location, keyword: str, value: Any, *, positive: bool = False) -> None:  # noqa: ANN401
        if isinstance(value, str) and _REFERENCE.fullmatch(value):
            rule = f"an end of a range is a number, got the name of another value, {value}"
            advice = (
                "What a sampler learns of one value would change its meaning with every other: write numbers, and make "
                "branches (`choice:`) or `when:` where ranges differ."
            )
            self.report(location, rule, value, advice)
            return
        wanted = "a whole number" if keyword == "int" else "a number"
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole and (keyword == "int" or not isinstance(value, float)):
            advice = type_advice(f"{keyword}_type", value)
            self.report(location, f"{_part(location)} is {wanted}, got {shown(value)}", value, advice)
        elif keyword == "int" and abs(value) > LARGEST:
            self.report(location, f"{_part(location)} is at most {LARGEST}, got {shown(value)}", value)
        elif not abs(value) <= 1e300:  # nor is nan
            self.report(location, f"{_part(location)} is a finite number, got {shown(value)}", value)
        elif positive and value <= 0:
            self.report(location, f"{_part(location)} is more than 0, got {shown(value)}", value)

    def check_order(self, keyword: str, low: float, high: float, step: float | None) -> None:
        """Both ends belong to a range, so it must run upwards and its steps must lead from one to the other."""
        if low > high:
            self.report((), f"a range goes from low to high, got [{low}, {high}]", None, f"Write [{high}, {low}].")
        elif self.node.get("scale") == "log" and low <= 0:
            rule = f"a log scale needs bounds above 0, got {low}"
            self.report((), rule, None, "Raise the lower bound or leave scale out.")
        elif self.node.get("scale") == "log" and step is not None:
            self.report((), f"a log scale has no step, got step {step}", None, "Leave one of them out.")
        elif step is not None and keyword == "float":
            self.check_float_step(low, high, step)
        elif step is not None and (high - low) % step:
            rule = f"steps of {step} lead from {low} to {high}, got a rest"
            self.report((), rule, None, f"End the range at {high - (high - low) % step}.")

    def check_float_step(self, low: float, high: float, step: float) -> None:
        steps = (high - low) / step
        if not math.isfinite(steps) or max(steps, abs(low) / step, abs(high) / step) > MOST_STEPS:
            rule = f"a range has at most {MOST_STEPS} steps, from 0 on, got a step of {step}"
            self.report((), rule, None, "Leave step out.")
        elif abs(steps - round(steps)) > 1e-6 or (low < high and round(steps) == 0):
            end = float(f"{low + math.floor(steps) * step:.12g}")
            rule = f"steps of {step} lead from {low} to {high}, got a rest"
            self.report((), rule, None, f"End the range at {end}.")

    def check_values(self, keyword: str) -> None:
        """Refuse a range with values that the field itself would refuse, at the end that is to blame."""
        domain = domain_of(self.node)
        for index, probe in _probes(domain) if isinstance(domain, IntRange | FloatRange) else []:
            with self.collecting(keyword, index):
                self.fixed(probe)
            if self.problems:
                del self.problems[1:]
                return

    # What may stand beside.

    def conditions(self, when: Any) -> Any:  # noqa: ANN401 - before validation, anything
        if not isinstance(when, Mapping) or not when:
            rule = f"`when` names other values and what they must be, got {shown(when)}"
            self.report(("when",), rule, when, "Write it like when: {model.scratch.blocks: [3, 4]}.")
            return when
        read = {}
        for name, values in when.items():
            listed = values if isinstance(values, list) else [values]
            if not listed or any(isinstance(value, list | Mapping) for value in listed):
                rule = f"what another value must be is a value or a list of values, got {shown(values)}"
                self.report(("when", str(name)), rule, values)
            read[str(name)] = list(listed)
        return read

    def prior(self, read: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the domain's values
        domain = domain_of({**read, "choice": plain(read["choice"])} if "choice" in read else read)
        given = read["prior"]
        if not isinstance(domain, Branch | IntRange | FloatRange):
            with self.collecting("prior"):
                given = plain(self.fixed(given))
        try:
            return value_of(domain, label(given))
        except ValueError as error:
            self.report(("prior",), f"the prior {error}", given)
            return given


def _all_text(options: list[Any]) -> bool:
    return bool(options) and all(isinstance(name, str) for name in options)


def _option_name(index: int, option: Any) -> str:  # noqa: ANN401 - any value of the field
    """A name that an option of a list might have."""
    if option is None:
        return "off"
    return option if isinstance(option, str) and _NAME.fullmatch(option) else f"way{index + 1}"


def _flow(option: Any) -> str:  # noqa: ANN401 - any value of the field
    text = "null" if option is None else shown(option).replace('"', "")
    return "{...}" if text.endswith("...") else text


def _part(location: Location) -> str:
    return "an end of a range" if len(location) > 1 else "the step"


def _probes(domain: IntRange | FloatRange) -> list[tuple[int, int | float]]:
    """Values, each with the end that answers for it, that stand for all of a range when the field's rules are tried."""
    count = size(domain)
    ends: list[tuple[int, int | float]] = [(0, domain.low), (1, domain.high)]
    if count is None:
        return [*ends, (0, domain.low + (domain.high - domain.low) * 0.618)]
    return [*ends, *((0, value_at(domain, index)) for index in range(1, min(count - 1, 50)))]
