"""The values of a CloudFormation template, with marks for what it does not tell.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from analyzers.checks.found import Missing, Place, mark, marked, plain_name

from . import tree
from .attributes import KINDS

NO_VALUE = object()
"""AWS::NoValue: the element is not there."""
STAND_INS = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}
"""Pseudo parameters that are taken to be so unless something else is assumed."""
_NOT_WORDS = frozenset({"AWS::StackId", "AWS::NotificationARNs"})
"""Pseudo parameters that are ARNs, or lists of them."""
MAX_LENGTH = 100_000
MAX_DEPTH = 60
_MADE_UP = "made up by AWS at deployment"
_HOLE = re.compile(r"\$\{([^${}]*)\}")
_DYNAMIC = re.compile(r"\{\{(resolve:[^{}]*)\}\}")


class Template:
    """`assume`: values by the name of a parameter, pseudo parameter or of anything that is not known."""

    def __init__(self, name: str, content: Mapping[str, Any], assume: Mapping[str, str]) -> None:
        self.name = name
        self.assume = assume
        self.parameters = _section(content, "Parameters")
        self.mappings = _section(content, "Mappings")
        self.conditions = _section(content, "Conditions")
        self.resources = {key: one for key, one in _section(content, "Resources").items() if isinstance(one, Mapping)}


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}


class Undecided(Exception):
    """The value depends on a condition that is not known."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


class Values:
    """`chosen`: how the conditions turn out that are not known. `without_default`: parameters whose default does not
    count; None: no default does. `missing` collects what is not known, `taken` the defaults that were made use of."""

    def __init__(
        self, template: Template, chosen: Mapping[str, bool], without_default: frozenset[str] | None = frozenset()
    ) -> None:
        self._template = template
        self._chosen = chosen
        self._without_default = without_default
        self.taken: dict[str, str] = {}
        self._deciding: set[str] = set()
        self._depth = 0
        self.missing: dict[str, Missing] = {}

    def of(self, node: Any) -> Any:
        """Plain JSON with marks. Raises Undecided."""
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                return self.unknown("a value that is nested too deeply", node)
            return self._of(node)
        finally:
            self._depth -= 1

    def _of(self, node: Any) -> Any:
        if isinstance(node, str):
            return _DYNAMIC.sub(lambda found: self.unknown(found[1], node, "a dynamic reference"), str(node))
        if isinstance(node, list):
            return [value for one in node if (value := self.of(one)) is not NO_VALUE]
        if not isinstance(node, Mapping):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name == "Ref":
                named = argument if isinstance(argument, str) else self.of(argument)
                is_known = isinstance(named, str) and not marked(named)
                return self.ref(named, node) if is_known else self.unknown(_name(name, argument), node, name)
            if name.startswith("Fn::"):
                known = _FUNCTIONS.get(name)
                value = known(self, argument, node) if known else self.unknown(_name(name, argument), node, name)
                return self._shortened(value, node)
        if function := next((str(key) for key in node if str(key).startswith("Fn::")), None):
            return self.unknown(_name(function, node[function]), node, f"{function} adds to what stands beside it")
        return {str(key): value for key, one in node.items() if (value := self.of(one)) is not NO_VALUE}

    def _shortened(self, value: Any, node: Any) -> Any:
        if isinstance(value, str) and len(value) > MAX_LENGTH:
            return self.unknown("a value that is too long", node)
        return value

    # -- what is not known ---------------------------------------------------------------------------------------

    def unknown(self, name: str, node: Any, why: str = "", *, word: bool = False) -> str:
        """A mark, unless a value for it is assumed."""
        name = plain_name(name)
        if name in self._template.assume:
            return self._template.assume[name]
        at = tree.place(node)
        place = Place(self._template.name, *at) if at else None
        self.missing.setdefault(name, Missing(name, why, place))
        return mark(name, word=word)

    def ref(self, name: str, node: Any) -> Any:
        template = self._template
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in template.assume:
            return template.assume[name]
        if name in template.parameters:
            return self._parameter(name, template.parameters[name], node)
        if name.startswith("AWS::"):
            word = name not in _NOT_WORDS
            return STAND_INS[name] if name in STAND_INS else self.unknown(name, node, "a pseudo parameter", word=word)
        return self._attribute(name, "", node)

    def _parameter(self, name: str, declared: Any, node: Any) -> Any:
        kind = str(declared.get("Type", "")) if isinstance(declared, Mapping) else ""
        if not isinstance(declared, Mapping) or "Default" not in declared or kind.startswith("AWS::SSM::Parameter::"):
            return self.unknown(name, node, "a parameter without default")
        if self._without_default is None or name in self._without_default:
            return self.unknown(name, node, "a parameter whose default decides whether the resource is there")
        value = declared["Default"]
        self.taken[name] = "(not shown)" if declared.get("NoEcho") in {True, "true"} else _spelled(value)
        if "List" in kind and isinstance(value, str):
            return [one.strip() for one in value.split(",")]
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _attribute(self, logical: str, attribute: str, node: Any) -> str:
        whole = f"{logical}.{attribute}" if attribute else logical
        if whole in self._template.assume:
            return self._template.assume[whole]
        resource = self._template.resources.get(logical)
        kind = KINDS.get(str(resource.get("Type"))) if resource is not None else None
        form = None if kind is None else kind.attributes.get(attribute) if attribute else kind.ref
        if kind is None or form is None:
            return self.unknown(whole, node, "known after deployment")
        properties = _section(resource or {}, "Properties")
        path = self.of(properties["Path"]) if "Path" in properties else "/"
        own = self.of(properties[kind.name]) if kind.name and kind.name in properties else NO_VALUE
        whole = f"{logical}.{kind.name or 'Id'}"
        if isinstance(own, str) and kind.name == "Url":
            own = own.removeprefix("https://")
        name = own if isinstance(own, str) else self.unknown(whole, node, _MADE_UP, word=True)
        values = {"P": "AWS::Partition", "R": "AWS::Region", "A": "AWS::AccountId"}
        filled = {key: str(self.ref(one, node)) for key, one in values.items() if f"{{{key}}}" in form}
        if "{UNKNOWN}" in form:
            filled["UNKNOWN"] = self.unknown(
                f"{logical}.{attribute or 'Ref'}", node, _MADE_UP, word=attribute != "StreamArn"
            )
        return form.format(N=name, PATH=path if isinstance(path, str) else "/", **filled)

    # -- conditions ----------------------------------------------------------------------------------------------

    def condition(self, name: str) -> bool:
        """Raises Undecided."""
        if name in self._chosen:
            return self._chosen[name]
        assumed = self._template.assume.get(name, "").lower()
        if assumed in {"true", "false"} and name not in self._template.parameters:
            return assumed == "true"
        if name not in self._template.conditions or name in self._deciding:
            raise Undecided(name)
        self._deciding.add(name)
        try:
            decided = self._truth(self._template.conditions[name])
        finally:
            self._deciding.discard(name)
        if decided is None:
            raise Undecided(name)
        return decided

    def _truth(self, node: Any) -> bool | None:
        """None: not known, in this condition itself."""
        if not isinstance(node, Mapping) or len(node) != 1:
            return node if isinstance(node, bool) else None
        name, argument = next(iter(node.items()))
        if name == "Condition" and isinstance(argument, str):
            return self.condition(argument)
        if name == "Fn::Equals" and isinstance(argument, list) and len(argument) == 2:
            return _equal(*(self.of(one) for one in argument))
        if name in {"Fn::And", "Fn::Or", "Fn::Not"} and isinstance(argument, list):
            truths = [self._truth(one) for one in argument]
            if name == "Fn::Not":
                return None if len(truths) != 1 or truths[0] is None else not truths[0]
            decisive = name == "Fn::Or"
            return decisive if decisive in truths else None if None in truths else not decisive
        return None

    # -- functions -----------------------------------------------------------------------------------------------

    def _sub(self, argument: Any, node: Any) -> Any:
        text, given = (
            (argument[0], argument[1]) if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        )
        if not isinstance(text, str) or not isinstance(given, Mapping):
            return self.unknown(_name("Fn::Sub", argument), node, "Fn::Sub")
        values = {str(key): self.of(one) for key, one in given.items()}
        return _HOLE.sub(lambda found: self._filled(found[1], values, node), str(self.of(text)))

    def _filled(self, name: str, values: Mapping[str, Any], node: Any) -> str:
        if name.startswith("!"):
            return f"${{{name[1:]}}}"
        name = name.strip()
        if name in values:
            return _spelled(values[name])
        logical, dot, attribute = name.partition(".")
        if dot and logical in self._template.resources:
            return self._attribute(logical, attribute, node)
        return _spelled(self.ref(name, node))

    def _get_att(self, argument: Any, node: Any) -> Any:
        parts = [self.of(one) for one in argument] if isinstance(argument, list) else str(argument).split(".", 1)
        if len(parts) != 2 or not all(isinstance(one, str) for one in parts):
            return self.unknown(_name("Fn::GetAtt", argument), node, "Fn::GetAtt")
        return self._attribute(parts[0], parts[1], node)

    def _join(self, argument: Any, node: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[0], str):
            parts = self.of(argument[1])
            if isinstance(parts, list):
                return argument[0].join(map(_spelled, parts))
        return self.unknown(_name("Fn::Join", argument), node, "Fn::Join")

    def _select(self, argument: Any, node: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 2:
            number, items = self.of(argument[0]), self.of(argument[1])
            if isinstance(items, list) and str(number).isdecimal() and int(str(number)[:6]) < len(items):
                return items[int(number)]
        return self.unknown(_name("Fn::Select", argument), node, "Fn::Select")

    def _split(self, argument: Any, node: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 2:
            by, text = self.of(argument[0]), self.of(argument[1])
            if isinstance(by, str) and by and isinstance(text, str) and not marked(text):
                return text.split(by)
        return self.unknown(_name("Fn::Split", argument), node, "Fn::Split")

    def _find_in_map(self, argument: Any, node: Any) -> Any:
        keys = [self.of(one) for one in argument[:3]] if isinstance(argument, list) else []
        found: Any = self._template.mappings
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) and isinstance(key, str) else None
        if len(keys) == 3 and found is not None and not isinstance(found, Mapping):
            return self.of(found)
        if len(keys) == 3 and len(argument) == 4 and isinstance(argument[3], Mapping) and not any(map(_is_open, keys)):
            return self.of(argument[3].get("DefaultValue"))
        return self.unknown(_name("Fn::FindInMap", argument), node, "Fn::FindInMap")

    def _if(self, argument: Any, node: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
            return self.unknown(_name("Fn::If", argument), node, "Fn::If")
        return self.of(argument[1] if self.condition(argument[0]) else argument[2])

    def _import(self, argument: Any, node: Any) -> Any:
        return self.unknown(f"import:{_spelled(self.of(argument))}", node, "an import from another stack")

    def _to_json(self, argument: Any, node: Any) -> Any:
        value = self.of(argument)
        return value if value is NO_VALUE else json.dumps(value, ensure_ascii=False)


Function = Callable[[Values, Any, Any], Any]
_FUNCTIONS: Mapping[str, Function] = {
    "Fn::Sub": Values._sub,
    "Fn::GetAtt": Values._get_att,
    "Fn::Join": Values._join,
    "Fn::Select": Values._select,
    "Fn::Split": Values._split,
    "Fn::FindInMap": Values._find_in_map,
    "Fn::If": Values._if,
    "Fn::ImportValue": Values._import,
    "Fn::ToJsonString": Values._to_json,
}

MOST_CONDITIONS = 6


class Way(NamedTuple):
    """How the unknown conditions turn out, and what a value then is. `taken`: defaults of parameters in it."""

    when: tuple[tuple[str, bool], ...]
    value: Any
    missing: Mapping[str, Missing]
    taken: Mapping[str, str]


def variants(template: Template, node: Any, without_default: frozenset[str] = frozenset()) -> Iterator[Way]:
    """The node's value for every way that its unknown conditions may turn out. With too many conditions the value as a
    whole is not known."""
    waiting: list[dict[str, bool]] = [{}]
    while waiting:
        chosen = waiting.pop()
        values = Values(template, chosen, without_default)
        try:
            value = values.of(node)
        except Undecided as error:
            if len(chosen) == MOST_CONDITIONS:
                whole = f"more than {MOST_CONDITIONS} conditions"
                yield Way(tuple(chosen.items()), mark(whole), {whole: Missing(whole, "assume some of them")}, {})
                return
            why = "a condition of the template; true or false"
            waiting += [{**chosen, error.condition: truth} for truth in (False, True)]
            values.missing[error.condition] = Missing(error.condition, why)
            continue
        named = {name: Missing(name, "a condition of the template: true or false") for name in chosen}
        yield Way(tuple(chosen.items()), value, {**named, **values.missing}, values.taken)


def _is_open(value: Any) -> bool:
    return isinstance(value, str) and marked(value)


def _equal(one: Any, other: Any) -> bool | None:
    first, second = _spelled(one), _spelled(other)
    if first == second:
        return True
    return None if marked(first) or marked(second) else False


def _spelled(value: Any) -> str:
    if value is NO_VALUE:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def _name(function: str, argument: Any) -> str:
    """A name for a value that a function gives, short enough to be typed, and no other value's."""
    text = json.dumps(argument, default=str, ensure_ascii=False)
    if len(text) > 60:
        text = f"{text[:60]}… {hashlib.sha256(text.encode(errors='replace')).hexdigest()[:8]}"
    return plain_name(f"{function.removeprefix('Fn::')}({text})")


def parameters_in(template: Template, condition: str) -> frozenset[str]:
    """The parameters that a condition depends on."""
    waiting: list[Any] = [{"Condition": condition}]
    seen: set[str] = set()
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            named = node.get("Condition")
            if isinstance(named, str) and named not in seen:
                seen.add(named)
                waiting.append(template.conditions.get(named))
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
        elif isinstance(node, str):
            found |= {node, *_HOLE.findall(node)} & set(template.parameters)
    return frozenset(found)
