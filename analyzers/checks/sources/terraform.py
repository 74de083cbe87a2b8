"""Plans of Terraform and OpenTofu, as `terraform show -json PLAN` writes them.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from analyzers.checks.found import ANY_RESOURCE, FoundPolicy, Missing, Place, Variant, mark
from analyzers.reasoning.question import PolicyType

from .documents import holds_policy, names_principals, text_of, why_not
from .errors import Unreadable
from .managed import text_of_managed
from .permissions import PERMISSIONS
from .properties import IDENTITY, RESOURCE
from .terraform_documents import document_of
from .terraform_types import ATTACHED, ATTRIBUTES, LAMBDA_PERMISSION, Attribute

if TYPE_CHECKING:
    from . import File, Options

_PLAN = re.compile(r'"(planned_values|resource_changes)"\s*:')
_DOCUMENT = "aws_iam_policy_document"


def recognises(file: File) -> bool:
    return file.text.lstrip()[:1] == "{" and '"format_version"' in file.text and _PLAN.search(file.text) is not None


def read(file: File, options: Options) -> Iterator[FoundPolicy]:
    try:
        plan = json.loads(file.text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{file.name}: not the JSON of a plan: {error}.") from error
    if not isinstance(plan, Mapping):
        raise Unreadable(f"{file.name}: not the JSON of a plan.")
    yield from _Plan(file.name, plan, options).policies()


class _Plan:
    def __init__(self, name: str, plan: Mapping[str, Any], options: Options) -> None:
        self._place = Place(name)
        self._assume = options.assume
        self._managed = options.managed
        changes = plan.get("resource_changes")
        planned = plan.get("planned_values")
        if not isinstance(changes, list) and (changes or (isinstance(planned, Mapping) and planned.get("root_module"))):
            raise Unreadable(f"{name}: a plan without the changes that it makes.")
        self._changes = [
            one for one in changes or () if isinstance(one, Mapping) and isinstance(one.get("change"), Mapping)
        ]
        self._documents = {str(one.get("address")): one for one in self._changes if one.get("type") == _DOCUMENT}
        self._references = dict(_references(plan))

    def policies(self) -> Iterator[FoundPolicy]:
        """Those of every resource that is there after the plan is applied."""
        for change in self._changes:
            kind = str(change.get("type"))
            actions = change["change"].get("actions")
            if change.get("mode") == "data" or actions == ["delete"]:
                continue
            after = change["change"].get("after")
            after = after if isinstance(after, Mapping) else {}
            address = str(change.get("address"))
            unknown = change["change"].get("after_unknown")
            unknown = unknown if isinstance(unknown, Mapping) else {}
            if kind == LAMBDA_PERMISSION:
                yield self._permission(address, after, unknown)
            for attribute in ATTRIBUTES.get(kind, ()):
                yield from self._attribute(address, attribute, after, unknown)
            if kind not in ATTRIBUTES and kind not in _NO_POLICIES:
                for said, text in _texts(after):
                    yield self._found(address, said, RESOURCE if names_principals(text) else IDENTITY, "", text, {})
                for name in _NAMES:
                    if unknown.get(name) is True:
                        yield from self._attribute(address, Attribute(name), after, unknown)
            if kind in _STACKS:
                yield from self._stack(address)
            if kind in ATTACHED:
                yield from self._attached(address, ATTACHED[kind], after, unknown)

    def _attribute(
        self, address: str, attribute: Attribute, after: Mapping[str, Any], unknown: Mapping[str, Any]
    ) -> Iterator[FoundPolicy]:
        for said, value, is_unknown in _values(attribute.path.split("."), after, unknown):
            missing: dict[str, Missing] = {}
            if is_unknown and not self._is_written(address, said):
                continue
            if is_unknown:
                text = self._not_yet(address, said, missing)
            elif isinstance(value, Mapping) or (isinstance(value, str) and value.strip()):
                text = text_of(value)
            else:
                continue
            kind = attribute.policy_type
            if address.startswith("aws_organizations_policy.") or ".aws_organizations_policy." in address:
                told = str(after.get("type") or PolicyType.SERVICE_CONTROL)
                if told not in set(PolicyType):
                    continue
                kind = PolicyType(told)
            yield self._found(address, said, kind, attribute.resource_type, text, missing)

    def _found(
        self,
        address: str,
        element: str,
        kind: PolicyType,
        resource_type: str,
        text: str,
        missing: Mapping[str, Missing],
    ) -> FoundPolicy:
        return FoundPolicy(
            (Variant(text),),
            kind,
            self._place,
            resource_type,
            address,
            element,
            missing=tuple(missing.values()),
            unreadable=why_not(text),
        )

    def _not_yet(self, address: str, attribute: str, missing: dict[str, Missing]) -> str:
        """A policy that is known only when the plan is applied. If it is a policy document of the same plan, all of it
        that is known already."""
        whole = f"{address}.{attribute}"
        if whole in self._assume:
            return self._assume[whole]
        sources = self._references.get((_bare(address), attribute), [])
        if len(sources) == 1 and sources[0] in self._documents:
            change = self._documents[sources[0]]["change"]
            made = document_of(sources[0], change.get("after"), change.get("after_unknown"), self._assume)
            missing |= {one.name: one for one in made.missing}
            return text_of(made.document)
        missing[whole] = Missing(whole, "known when the plan is applied")
        return text_of(mark(whole))

    def _permission(self, address: str, after: Mapping[str, Any], unknown: Mapping[str, Any]) -> FoundPolicy:
        names = {
            "function_name": "FunctionName",
            "action": "Action",
            "principal": "Principal",
            "source_arn": "SourceArn",
            "source_account": "SourceAccount",
            "principal_org_id": "PrincipalOrgID",
            "event_source_token": "EventSourceToken",
            "function_url_auth_type": "FunctionUrlAuthType",
        }
        values: dict[str, Any] = {}
        missing: dict[str, Missing] = {}
        for ours, theirs in names.items():
            if unknown.get(ours):
                whole = f"{address}.{ours}"
                if whole not in self._assume:
                    missing[whole] = Missing(whole, "known when the plan is applied")
                values[theirs] = self._assume.get(whole) or mark(whole)
            elif after.get(ours) not in (None, ""):
                values[theirs] = after[ours]
        resource_type, statement_of = PERMISSIONS["AWS::Lambda::Permission"]
        text = text_of({"Version": "2012-10-17", "Statement": [statement_of(values)]})
        return self._found(address, "", RESOURCE, resource_type, text, missing)

    def _attached(
        self, address: str, name: str, after: Mapping[str, Any], unknown: Mapping[str, Any]
    ) -> Iterator[FoundPolicy]:
        """A managed policy that is attached by ARN. One that the plan makes is checked where it is made."""
        if unknown.get(name) not in (None, False, [], {}) and not self._is_made_here(address, name):
            whole = f"{address}.{name}"
            why = "a managed policy that is known when the plan is applied"
            missing = {} if whole in self._assume else {whole: Missing(whole, why)}
            given = text_of(self._assume.get(whole) or mark(whole))
            yield self._found(address, name, PolicyType.IDENTITY, "", given, missing)
        value = after.get(name)
        arns = value if isinstance(value, list) else [value]
        for arn in arns:
            if isinstance(arn, str) and arn:
                text = self._assume.get(arn) or text_of_managed(arn, self._managed)
                missing = {} if text else {arn: Missing(arn, "a managed policy, whose text is not in the plan")}
                text = text_of(text or mark(arn))
                yield self._found(address, f"{name}({arn})", PolicyType.IDENTITY, "", text, missing)

    def _stack(self, address: str) -> Iterator[FoundPolicy]:
        """What a stack of CloudFormation may hold."""
        for kind, element in ((RESOURCE, ANY_RESOURCE), (IDENTITY, "policies of identities")):
            missing: dict[str, Missing] = {}
            if address not in self._assume:
                missing[address] = Missing(address, "a stack: check its template, too")
            text = text_of(self._assume.get(address) or mark(address))
            yield self._found(address, element, kind, "", text, missing)

    def _is_written(self, address: str, attribute: str) -> bool:
        """Whether the configuration gives the attribute a value. If not, it is what AWS makes it, or what another
        resource of the plan does. Where the configuration is not at hand, it may."""
        address, name = _bare(address), re.split(r"[.\[]", attribute, maxsplit=1)[0]
        return not any(one == address for one, _ in self._references) or (address, name) in self._references

    def _is_made_here(self, address: str, attribute: str) -> bool:
        """Whether all that the attribute's expression names are managed policies of the plan; also if it has none."""
        told = self._references.get((_bare(address), attribute), [])
        return not self._is_written(address, attribute) or (
            bool(told) and all(re.fullmatch(_MADE, one) for one in told)
        )


_STACKS = frozenset({"aws_cloudformation_stack", "aws_cloudformation_stack_set"})
_NO_POLICIES = frozenset({LAMBDA_PERMISSION, "aws_cloudwatch_event_rule"})
_NAMES = ("policy", "policy_document", "resource_policy", "access_policy", "inline_policy")
"""Attributes of types that are not listed which are taken for policies even if they are known only later."""


def _texts(node: Any, said: str = "") -> Iterator[tuple[str, str]]:
    """(where, text) of all texts that look like policies."""
    if isinstance(node, str) and holds_policy(node):
        yield said, node
    elif isinstance(node, Mapping) and holds_policy(node):
        yield said, text_of(node)
    elif isinstance(node, Mapping):
        for name, one in node.items():
            yield from _texts(one, f"{said}.{name}" if said else str(name))
    elif isinstance(node, list):
        for number, one in enumerate(node):
            yield from _texts(one, f"{said}[{number}]")


def _values(path: list[str], after: Any, unknown: Any, said: str = "") -> Iterator[tuple[str, Any, bool]]:
    """The values at a path of attributes, through blocks: (where, value, whether it is not known)."""
    if not path or unknown is True:
        yield said, after, unknown is True
        return
    name = path[0]
    inner = after.get(name) if isinstance(after, Mapping) else None
    open_ = unknown.get(name) if isinstance(unknown, Mapping) else None
    said = f"{said}.{name}" if said else name
    if len(path) == 1 or open_ is True:
        yield said, inner, open_ is True
        return
    count = max(len(inner) if isinstance(inner, list) else 0, len(open_) if isinstance(open_, list) else 0)
    for number in range(count):
        one = inner[number] if isinstance(inner, list) and number < len(inner) else None
        other = open_[number] if isinstance(open_, list) and number < len(open_) else None
        yield from _values(path[1:], one, other, f"{said}[{number}]")


def _bare(address: str) -> str:
    """Without the keys of count and for_each, as the configuration names it."""
    return re.sub(r"\[[^\[\]]*\]", "", address)


def _references(plan: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """(address, attribute) -> what its expression names, each once: of `data.x.y.json` and `data.x.y`, the latter."""
    configuration = plan.get("configuration")
    root = configuration.get("root_module") if isinstance(configuration, Mapping) else None
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        prefix, module = waiting.pop()
        if not isinstance(module, Mapping) or prefix.count(".") > 100:
            continue
        resources = module.get("resources")
        for resource in resources if isinstance(resources, list) else ():
            expressions = resource.get("expressions") if isinstance(resource, Mapping) else None
            for name, expression in expressions.items() if isinstance(expressions, Mapping) else ():
                told = expression.get("references") if isinstance(expression, Mapping) else None
                named = [one for one in told or () if isinstance(one, str)]
                found = [one for one in dict.fromkeys(named) if not _is_part(one, named)]
                yield (f"{prefix}{resource.get('address')}", name), [f"{prefix}{one}" for one in found]
        calls = module.get("module_calls")
        for name, call in calls.items() if isinstance(calls, Mapping) else ():
            waiting.append((f"{prefix}module.{name}.", call.get("module") if isinstance(call, Mapping) else None))


_MADE = r"(module\.[\w-]+\.)*(aws_iam_policy\.[\w-]+(\[.*\])?|each\.key|count\.index)"


def _is_part(one: str, named: list[str]) -> bool:
    """Whether it is an attribute or an instance of something that is named as well."""
    return any(one.startswith((f"{other}.", f"{other}[")) for other in named if other != one)
