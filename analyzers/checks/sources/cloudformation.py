"""CloudFormation templates, those of CDK's cloud assembly and, once translated, those of SAM."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analyzers.checks.found import FoundPolicy, Missing, Place, Variant, alone
from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType

from . import tree
from .documents import text_of, why_not
from .errors import Unreadable
from .intrinsics import NO_VALUE, Template, Undecided, Values, variants
from .managed import text_of_managed
from .permissions import PERMISSIONS
from .properties import CONTROL_POLICIES, IDENTITY, MANAGED_ARNS, PROPERTIES, RESOURCE, Property

if TYPE_CHECKING:
    from . import File, Options

_RESOURCES = re.compile(r"""^\s*["']?Resources["']?\s*:""", re.MULTILINE)
_TYPE = re.compile(r"""["']?Type["']?\s*:\s*["']?(AWS|Custom|Alexa)::""")
_SAM = "AWS::Serverless-2016-10-31"


def recognises(file: File) -> bool:
    found = _RESOURCES.search(file.text) or '"Resources"' in file.text
    return bool(found) and _TYPE.search(file.text) is not None


def read(file: File, options: Options) -> Iterator[FoundPolicy]:
    try:
        content = tree.load(file.text)
    except tree.NotReadable as error:
        raise Unreadable(f"{file.name}:{error.line}:{error.column}: {error}") from error
    if not isinstance(content, Mapping) or not isinstance(content.get("Resources"), Mapping):
        raise Unreadable(f"{file.name}: a template without Resources.")
    transforms = content.get("Transform")
    if transforms == _SAM or (isinstance(transforms, list) and _SAM in transforms):
        from .sam import translated

        content = translated(file.name, content)
    yield from policies(Template(file.name, content, options.assume), options)


def policies(template: Template, options: Options) -> Iterator[FoundPolicy]:
    """Those of all resources, by logical id."""
    for logical, resource in template.resources.items():
        yield from _Resource(template, logical, resource, options).policies()


class _Resource:
    def __init__(self, template: Template, logical: str, resource: Mapping[str, Any], options: Options) -> None:
        self._template = template
        self._options = options
        self._type = str(resource.get("Type", ""))
        self._resource = resource
        properties = resource.get("Properties")
        self._properties: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
        self._logical = self._name = logical
        self._place = _place_of(template, resource) or Place(template.name)
        metadata = resource.get("Metadata")
        path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
        if isinstance(path, str):
            self._name = f"{logical} ({path.removesuffix('/Resource')})"

    def policies(self) -> Iterator[FoundPolicy]:
        if not self._exists():
            return
        if self._type in PERMISSIONS:
            yield self._permission()
        elif self._type == "AWS::Organizations::Policy":
            yield from self._control_policy()
        elif self._type in PROPERTIES:
            for known in PROPERTIES[self._type]:
                for element, node in _at(self._properties, known.path.split(".")):
                    yield from self._policy(element, node, known)
        else:
            for element, node in _documents(self._properties, ""):
                yield from self._policy(element, node, Property(element, _looks_like(node)))
        if self._type in MANAGED_ARNS:
            yield from self._managed(MANAGED_ARNS[self._type])

    def _exists(self) -> bool:
        """A resource whose condition is not known is checked as if it were there."""
        condition = self._resource.get("Condition")
        if not isinstance(condition, str):
            return True
        try:
            return Values(self._template, {}).condition(condition)
        except Undecided:
            return True

    def _policy(self, element: str, node: Any, known: Property) -> Iterator[FoundPolicy]:
        found: list[Variant] = []
        missing: dict[str, Missing] = {}
        unreadable = ""
        for when, value, unknown in variants(self._template, node):
            if value is NO_VALUE or value in ("", None, {}):
                continue
            missing |= unknown
            variant = Variant(text_of(value), when)
            unreadable = unreadable or why_not(variant.text)
            found.append(variant)
        if found:
            made = self._found(tuple(found), known, element, node, missing, unreadable)
            yield replace(made, account=self._account(), inside=self._inside(element, node))

    def _account(self) -> str:
        """What `AWS::AccountId` is in this template."""
        return str(Values(self._template, {}).ref("AWS::AccountId", self._properties))

    def _inside(self, element: str, node: Any) -> Path | None:
        path: Path = ("Resources", self._logical, "Properties", *_steps(element))
        return path if isinstance(node, Mapping) else None

    def _found(
        self,
        texts: tuple[Variant, ...],
        known: Property,
        element: str,
        node: Any,
        missing: Mapping[str, Missing],
        unreadable: str = "",
    ) -> FoundPolicy:
        place = _place_of(self._template, node) or self._place
        return FoundPolicy(
            texts,
            known.policy_type,
            place,
            known.resource_type,
            self._name,
            element,
            alone(_lines(self._template.name, node, ())),
            tuple(missing.values()),
            unreadable,
        )

    def _permission(self) -> FoundPolicy:
        resource_type, statement_of = PERMISSIONS[self._type]
        found: list[Variant] = []
        missing: dict[str, Missing] = {}
        for when, value, unknown in variants(self._template, self._properties):
            statement = statement_of(value) if isinstance(value, Mapping) else value
            found.append(Variant(text_of({"Version": "2012-10-17", "Statement": [statement]}), when))
            missing |= unknown
        lines = self._statement_lines()
        known = Property("", RESOURCE, resource_type)
        made = self._found(tuple(found), known, "", self._properties, missing)
        return replace(made, place=self._place, lines=lines, account=self._account())

    def _statement_lines(self) -> dict[Path, Place]:
        keys_at = getattr(self._properties, "keys_at", {})
        names = {"Principal": "Principal", "Action": "Action", "FunctionName": "Resource", "SourceArn": "Condition"}
        lines: dict[Path, Place] = {("Statement", 0): self._place}
        for name, element in names.items():
            if name in keys_at:
                lines["Statement", 0, element] = Place(self._template.name, *keys_at[name])
        return lines

    def _control_policy(self) -> Iterator[FoundPolicy]:
        kind = str(self._properties.get("Type", ""))
        if kind in set(CONTROL_POLICIES) and "Content" in self._properties:
            yield from self._policy("Content", self._properties["Content"], Property("Content", PolicyType(kind)))

    def _managed(self, name: str) -> Iterator[FoundPolicy]:
        """Attached by ARN. What they allow is given with --assume ARN=@FILE, or is not known."""
        if name not in self._properties:
            return
        for _, value, _ in variants(self._template, self._properties[name]):
            for arn in value if isinstance(value, list) else [value]:
                if isinstance(arn, str):
                    yield self._attached(name, arn)
            return

    def _attached(self, element: str, arn: str) -> FoundPolicy:
        values = Values(self._template, {})
        text = text_of_managed(arn, self._options.managed)
        if text is None:
            text = values.unknown(arn, self._properties[element], "a managed policy, whose text is not in the template")
        known = Property(element, IDENTITY)
        texts = (Variant(text_of(text)),)
        inner = f"{element}({arn})"
        return self._found(texts, known, inner, self._properties[element], values.missing, why_not(texts[0].text))


def _steps(element: str) -> Path:
    """`Policies[0].PolicyDocument` as a path."""
    return tuple(int(number) if number else name for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", element))


def _at(node: Any, path: list[str], said: str = "") -> Iterator[tuple[str, Any]]:
    """The nodes at a path of property names. Where an intrinsic function stands in between, the function."""
    if not path:
        yield said, node
    elif path[0] == "[]":
        for number, one in enumerate(node if isinstance(node, list) else []):
            yield from _at(one, path[1:], f"{said}[{number}]")
    elif isinstance(node, Mapping) and path[0] in node:
        yield from _at(node[path[0]], path[1:], f"{said}.{path[0]}" if said else path[0])


def _documents(node: Any, said: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Whatever looks like a policy."""
    if depth > 12:
        return
    if isinstance(node, Mapping):
        statements = node.get("Statement")
        first = statements[0] if isinstance(statements, list) and statements else statements
        if isinstance(first, Mapping) and "Effect" in first:
            yield said, node
            return
        for name, one in node.items():
            yield from _documents(one, f"{said}.{name}" if said else name, depth + 1)
    elif isinstance(node, list):
        for number, one in enumerate(node):
            yield from _documents(one, f"{said}[{number}]", depth + 1)


def _looks_like(node: Any) -> PolicyType:
    statements = node.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    named = any(isinstance(one, Mapping) and {"Principal", "NotPrincipal"} & set(one) for one in listed)
    return RESOURCE if named else IDENTITY


def _place_of(template: Template, node: Any) -> Place | None:
    at = tree.place(node)
    return None if at is None else Place(template.name, *at)


def _lines(file: str, node: Any, path: Path) -> dict[Path, Place]:
    """The places of elements, as deep as no intrinsic function changes the structure."""
    lines: dict[Path, Place] = {}
    at = tree.place(node)
    if at is not None:
        lines[path] = Place(file, *at)
    if isinstance(node, tree.Mapping) and not any(name.startswith("Fn::") or name == "Ref" for name in node):
        for name, one in node.items():
            inner = _lines(file, one, (*path, name))
            lines |= {**inner, (*path, name): inner.get((*path, name)) or Place(file, *node.keys_at[name])}
            if isinstance(one, (dict, list)):
                lines[*path, name] = Place(file, *node.keys_at[name])
    elif isinstance(node, list):
        for number, one in enumerate(node):
            lines |= _lines(file, one, (*path, number))
    return lines
