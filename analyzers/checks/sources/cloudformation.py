"""CloudFormation templates, those of CDK's cloud assembly and, once translated, those of SAM."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from analyzers.checks.found import ANY_RESOURCE, FoundPolicy, Missing, Place, Variant, alone, marked, readable
from analyzers.policy.model import Path
from analyzers.reasoning.question import PolicyType

from . import tree
from .documents import holds_policy, names_principals, text_of, why_not
from .errors import Unreadable
from .intrinsics import NO_VALUE, Template, Undecided, Values, Way, parameters_in, variants
from .managed import text_of_managed
from .permissions import PERMISSIONS
from .properties import CONTROL_POLICIES, IDENTITY, MANAGED_ARNS, PROPERTIES, RESOURCE, Property

if TYPE_CHECKING:
    from . import File, Options

_RESOURCES = re.compile(r"""(^|[{,])\s*["']?Resources["']?\s*:""", re.MULTILINE)
_VERSION = "AWSTemplateFormatVersion"
_TYPE = re.compile(r"""["']?Type["']?\s*:\s*["']?(AWS|Custom|Alexa)::""")
_SAM = "AWS::Serverless-2016-10-31"
_TRANSFORMS = frozenset({_SAM, "AWS::LanguageExtensions", "AWS::CodeDeployBlueGreen"})
"""Those that add no policies that this module does not see."""


def recognises(file: File) -> bool:
    found = _RESOURCES.search(file.text) or '"Resources"' in file.text
    return bool(found) and (_VERSION in file.text or _TYPE.search(file.text) is not None)


def read(file: File, options: Options) -> Iterator[FoundPolicy]:
    try:
        content = tree.load(file.text)
    except tree.NotReadable as error:
        raise Unreadable(f"{file.name}:{error.line}:{error.column}: {error}") from error
    if not isinstance(content, Mapping) or not isinstance(content.get("Resources"), Mapping):
        raise Unreadable(f"{file.name}: a template without Resources.")
    transforms = content.get("Transform")
    named = [_named(one) for one in (transforms if isinstance(transforms, list) else [transforms])]
    if _SAM in named:
        from .sam import translated

        content = translated(file.name, content)
    template = Template(file.name, content, options.assume)
    for one in transforms if isinstance(transforms, list) else [transforms]:
        name = _named(one)
        if one is not None and name not in _TRANSFORMS:
            yield from whatever(template, f"Transform {name}".strip(), one, "a macro, which may change any resource")
    if "Fn::Transform" in content:
        yield from whatever(template, "Transform", content["Fn::Transform"], "a macro, which may change any resource")
    yield from policies(template, options, content["Resources"])


def _named(transform: Any) -> str:
    return str(transform.get("Name", "") if isinstance(transform, Mapping) else transform)


def policies(template: Template, options: Options, resources: Mapping[str, Any]) -> Iterator[FoundPolicy]:
    """Those of all resources, by logical id; of what is no resource as it stands, that it is not known."""
    for logical, resource in resources.items():
        if not isinstance(resource, Mapping) or str(logical).startswith("Fn::"):
            yield from whatever(template, str(logical), resource, "it is not known which resources there are")
            continue
        if function := next((str(one) for one in resource if str(one).startswith("Fn::")), ""):
            yield from whatever(template, f"{logical}.{function}", resource, "it may add to the resource")
        kind = str(resource.get("Type", ""))
        if kind.endswith("::MODULE") or kind in _ELSEWHERE or kind.startswith("AWS::Serverless::"):
            yield from whatever(template, str(logical), resource, _ELSEWHERE.get(kind, "a module or macro"))
        yield from _Resource(template, logical, resource, options).policies()


_ELSEWHERE = {
    "AWS::CloudFormation::Stack": "a stack of its own: check its template, too",
    "AWS::CloudFormation::StackSet": "stacks of their own: check their template, too",
}
"""Types whose resources stand in another template."""


def whatever(template: Template, name: str, node: Any, why: str) -> Iterator[FoundPolicy]:
    """What may hold any policies: one of each kind, of which nothing is known."""
    values = Values(template, {})
    text = text_of(values.unknown(name, node, why))
    place = _place_of(template, node) or Place(template.name)
    missing = tuple(values.missing.values())
    for kind, element in ((RESOURCE, ANY_RESOURCE), (IDENTITY, "policies of identities")):
        yield FoundPolicy((Variant(text),), kind, place, "", name, element, missing=missing, unreadable=why_not(text))


class _Resource:
    def __init__(self, template: Template, logical: str, resource: Mapping[str, Any], options: Options) -> None:
        self._template = template
        self._options = options
        self._type = str(resource.get("Type", ""))
        self._resource = resource
        properties = resource.get("Properties")
        self._properties: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
        self._without_default: frozenset[str] = frozenset()
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
                for element, node, rest in _at(self._properties, known.path.split(".")):
                    yield from self._policy(element, node, known, rest)
        seen = {known.path.partition(".")[0] for known in PROPERTIES.get(self._type, ())}
        if self._type not in PERMISSIONS and self._type != "AWS::Organizations::Policy":
            others = {name: one for name, one in self._properties.items() if name not in seen}
            for element, node in _documents(others, ""):
                yield from self._policy(element, node, Property(element, _looks_like(node)))
        if self._type in MANAGED_ARNS:
            yield from self._managed(MANAGED_ARNS[self._type])

    def _exists(self) -> bool:
        """A resource whose condition is not known is checked as if it were there. So is one that is there for other
        values of parameters than their defaults, which then do not count."""
        condition = self._resource.get("Condition")
        if not isinstance(condition, str):
            return True
        try:
            if Values(self._template, {}).condition(condition):
                return True
            return Values(self._template, {}, None).condition(condition)
        except Undecided:
            self._without_default = parameters_in(self._template, condition)
            return True

    def _ways(self, node: Any) -> Iterator[Way]:
        return variants(self._template, node, self._without_default)

    def _policy(self, element: str, node: Any, known: Property, rest: tuple[str, ...] = ()) -> Iterator[FoundPolicy]:
        """`rest`: where the policy stands in the node's value, if that is not known before the value is."""
        found: dict[str, list[Variant]] = {}
        missing: dict[str, Missing] = {}
        taken: dict[str, str] = {}
        for when, value, unknown, defaults in self._ways(node):
            for said, inner, _ in _at(value, list(rest), element) if value is not NO_VALUE else ():
                if inner is NO_VALUE or inner in ("", None, {}):
                    continue
                missing |= unknown
                taken |= defaults
                found.setdefault(said, []).append(Variant(text_of(inner), when))
        for said, texts in found.items():
            unreadable = next(filter(None, (why_not(one.text) for one in texts)), "")
            made = self._found(tuple(texts), known, said, node, missing, unreadable, taken)
            yield replace(made, account=self._account(), inside=None if rest else self._inside(element, node))

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
        taken: Mapping[str, str] = MappingProxyType({}),
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
            taken=tuple(taken.items()),
        )

    def _permission(self) -> FoundPolicy:
        resource_type, statement_of = PERMISSIONS[self._type]
        found: list[Variant] = []
        missing: dict[str, Missing] = {}
        taken: dict[str, str] = {}
        for when, value, unknown, defaults in self._ways(self._properties):
            named = value if isinstance(value, Mapping) else {}
            statement = value if isinstance(value, str) else statement_of(named)
            found.append(Variant(text_of({"Version": "2012-10-17", "Statement": [statement]}), when))
            missing |= unknown
            taken |= defaults
        lines = self._statement_lines()
        known = Property("", RESOURCE, resource_type)
        made = self._found(tuple(found), known, "", self._properties, missing)
        return replace(made, place=self._place, lines=lines, taken=tuple(taken.items()), account=self._account())

    def _statement_lines(self) -> dict[Path, Place]:
        keys_at = getattr(self._properties, "keys_at", {})
        names = {"Principal": "Principal", "Action": "Action", "FunctionName": "Resource", "SourceArn": "Condition"}
        lines: dict[Path, Place] = {("Statement", 0): self._place}
        for name, element in names.items():
            if name in keys_at:
                lines["Statement", 0, element] = Place(self._template.name, *keys_at[name])
        return lines

    def _control_policy(self) -> Iterator[FoundPolicy]:
        kinds = {way.value for way in self._ways(self._properties.get("Type")) if isinstance(way.value, str)}
        content = self._properties.get("Content")
        wanted = [one for one in sorted(CONTROL_POLICIES) if one in kinds or any(map(marked, kinds))]
        for kind in wanted if content is not None else ():
            yield from self._policy("Content", content, Property("Content", PolicyType(kind)))

    def _managed(self, name: str) -> Iterator[FoundPolicy]:
        """Attached by ARN. What they allow is given with --assume ARN=@FILE, or is not known. One that the template
        makes is checked where it is made."""
        if name not in self._properties:
            return
        arns: dict[str, None] = {}
        for way in self._ways(self._properties[name]):
            value = way.value
            arns |= dict.fromkeys(one for one in (value if isinstance(value, list) else [value]) if _is_text(one))
        made = self._made() if arns else set()
        for arn in arns:
            if arn not in made:
                yield self._attached(name, arn)

    def _made(self) -> set[str]:
        """The ARNs of the template's own managed policies."""
        found = set()
        for logical, resource in self._template.resources.items():
            if resource.get("Type") == "AWS::IAM::ManagedPolicy":
                with suppress(Undecided):
                    found.add(str(Values(self._template, {}).ref(logical, resource)))
        return found

    def _attached(self, element: str, arn: str) -> FoundPolicy:
        values = Values(self._template, {})
        text = text_of_managed(arn, self._options.managed)
        if text is None:
            text = values.unknown(arn, self._properties[element], "a managed policy, whose text is not in the template")
        known = Property(element, IDENTITY)
        texts = (Variant(text_of(text)),)
        inner = f"{element}({readable(arn)})"
        return self._found(texts, known, inner, self._properties[element], values.missing, why_not(texts[0].text))


def _steps(element: str) -> Path:
    """`Policies[0].PolicyDocument` as a path."""
    return tuple(int(number) if number else name for name, number in re.findall(r"([^.\[\]]+)|\[(\d+)\]", element))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _at(node: Any, path: Sequence[str], said: str = "") -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """The nodes at a path of property names: (where, node, the rest of the path). There is a rest where an intrinsic
    function stands in between, or a value that is not known: it may hold anything."""
    if not path:
        yield said, node, ()
    elif _is_function(node) or (isinstance(node, str) and marked(node)):
        yield said, node, tuple(path) if not isinstance(node, str) else ()
    elif path[0] == "[]":
        for number, one in enumerate(node if isinstance(node, list) else []):
            yield from _at(one, path[1:], f"{said}[{number}]")
    elif isinstance(node, Mapping) and path[0] in node:
        yield from _at(node[path[0]], path[1:], f"{said}.{path[0]}" if said else path[0])


def _is_function(node: Any) -> bool:
    return isinstance(node, Mapping) and any(str(name).startswith("Fn::") or name == "Ref" for name in node)


def _documents(node: Any, said: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Whatever looks like a policy, be it an object, a text, or a function that gives a text."""
    if depth > tree.MAX_DEPTH:
        return
    if isinstance(node, (Mapping, str)) and holds_policy(node):
        yield said, node
    elif isinstance(node, Mapping):
        for name, one in node.items():
            yield from _documents(one, f"{said}.{name}" if said else str(name), depth + 1)
    elif isinstance(node, list):
        for number, one in enumerate(node):
            yield from _documents(one, f"{said}[{number}]", depth + 1)


def _looks_like(node: Any) -> PolicyType:
    return RESOURCE if names_principals(node) else IDENTITY


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
