"""Condition keys: whether there are such, and whether they go with the operator, the actions and each other.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzers import catalogue
from analyzers.policy.errors import quote
from analyzers.policy.model import SetQualifier
from analyzers.policy.operators import Family

from . import global_keys, knowledge
from .document import Document, Line, Statement
from .knowledge import Key, is_provider, is_service, nearest, nearest_service
from .resources import faults
from .rule import Found, Rule, found, key, part
from .values import FindingType

_FAMILIES = {
    "String": (Family.STRING, Family.BINARY),
    "ARN": (Family.ARN, Family.STRING),
    "Bool": (Family.BOOL,),
    "Numeric": (Family.NUMERIC,),
    "Date": (Family.DATE, Family.NUMERIC),
    "IPAddress": (Family.IP,),
    "Binary": (Family.BINARY, Family.STRING),
}
_OPERATORS = {
    "String": "String...",
    "ARN": "Arn...",
    "Bool": "Bool",
    "Numeric": "Numeric...",
    "Date": "Date...",
    "IPAddress": "IpAddress",
    "Binary": "BinaryEquals",
}
_NEEDED = {
    "ec2:createaction": ("ec2:CreateTags", "ec2:createtags"),
    "iam:passedtoservice": ("iam:PassRole", "iam:passrole"),
    "iam:associatedresourcearn": ("iam:PassRole", "iam:passrole"),
}
"""Keys that belong to one action."""


def lines(document: Document) -> Iterator[Line]:
    for statement in document.statements:
        yield from statement.lines


def invalid_condition_key_format(document: Document) -> Iterator[Found]:
    for line in lines(document):
        prefix, colon, name = line.key.partition(":")
        if not (prefix and colon and name) or any(char.isspace() for char in prefix):
            yield found(
                f"{quote(line.key)} is no condition key. Write service:key, such as aws:SourceArn.", key(line.path)
            )


def _told(document: Document) -> Iterator[tuple[Line, str]]:
    """The well-formed keys with their prefixes in lower case."""
    for line in lines(document):
        prefix, colon, name = line.lower.partition(":")
        if prefix and colon and name:
            yield line, prefix


def invalid_global_condition_key(document: Document) -> Iterator[Found]:
    for line, prefix in _told(document):
        if prefix != "aws" or knowledge.key(line.key) or line.lower == global_keys.DEPRECATED_ARN:
            continue
        if _lacks_tag_key(line.lower):
            continue
        near = nearest(line.key, global_keys.SPELLINGS)
        advice = f"Did you mean {near}?" if near else "Correct it, or remove the condition."
        yield found(f"There is no condition key {quote(line.key)}. {advice}", key(line.path))


def invalid_service_condition_key(document: Document) -> Iterator[Found]:
    for line, prefix in _told(document):
        if prefix == "aws" or is_provider(prefix) or not _is_key_prefix(prefix) or knowledge.key(line.key):
            continue
        if knowledge.is_retired(prefix) or _lacks_tag_key(line.lower):
            continue
        near = nearest(line.key, knowledge.key_names(prefix))
        advice = f"Did you mean {near}?" if near else "Correct it, or remove the condition."
        yield found(f"{prefix} has no condition key {quote(line.key)}. {advice}", key(line.path))


def _is_key_prefix(prefix: str) -> bool:
    return is_service(prefix) or prefix in catalogue.foreign_key_prefixes()


def invalid_service(document: Document) -> Iterator[Found]:
    for line, prefix in _told(document):
        if prefix == "aws" or is_provider(prefix) or _is_key_prefix(prefix) or knowledge.key(line.key):
            continue
        if any(char.isspace() for char in prefix):
            continue
        near = nearest_service(prefix)
        advice = f"Did you mean {near}?" if near else "Correct it, or remove the condition."
        yield found(f"There is no service {quote(prefix)}. {advice}", key(line.path))
    for statement in document.statements:
        for resource in statement.texts("Resource") + statement.texts("NotResource"):
            for fault in faults(resource.value):
                if fault.code == "INVALID_SERVICE":
                    start = len(":".join(resource.value.split(":")[:2])) + 1
                    yield found(fault.message, part(resource.path, start, len(resource.value.split(":")[2])))


def missing_tag_key_in_condition(document: Document) -> Iterator[Found]:
    for line, _ in _told(document):
        if _lacks_tag_key(line.lower):
            name = line.key.rstrip("/")
            yield found(f"The key of the tag is missing. Write {name}/tag-key.", key(line.path))


def _lacks_tag_key(lower: str) -> bool:
    name = lower.removesuffix("/")
    return f"{name}/" in global_keys.TAG_PREFIXES or (
        not knowledge.key(name) and name.endswith("tag") and knowledge.key(f"{name}/x") is not None
    )


def unsupported_global_condition_key(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.lower == global_keys.DEPRECATED_ARN:
            yield found(
                "aws:ARN is not supported. Write aws:PrincipalArn for the caller, or aws:SourceArn for the resource "
                "for which a service calls.",
                key(line.path),
            )


def missing_qualifier(document: Document) -> Iterator[Found]:
    for line in lines(document):
        known = knowledge.key(line.key)
        if known and known.multivalued and line.compares and line.operator.qualifier is None:
            yield found(
                f"A request may carry several values of {line.key}; without a set operator they are never compared. "
                f"Write ForAnyValue:{line.name} (one of them is enough) or ForAllValues:{line.name} (all must match).",
                key(line.path),
            )


def for_all_values_with_single_valued_key(document: Document) -> Iterator[Found]:
    for line in lines(document):
        known = knowledge.key(line.key)
        if known and not known.multivalued and line.operator.qualifier is SetQualifier.FOR_ALL_VALUES and line.compares:
            yield found(
                f"ForAllValues is also true where {line.key} is absent, so the condition can be got round. A request "
                "has one value of it: remove ForAllValues:.",
                line.path,
            )


def for_any_value_with_audience(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.operator.qualifier is SetQualifier.FOR_ANY_VALUE and _is_audience(line):
            yield found(f"A token has one value of {line.key}. Remove ForAnyValue:.", line.path)


def confirm_audience_claim_type(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if (
            line.operator.qualifier is SetQualifier.FOR_ALL_VALUES
            and _is_audience(line)
            and not knowledge.key(line.key)
        ):
            yield found(
                f"ForAllValues is for claims with several values. If your provider's tokens have one {line.key}, "
                "remove ForAllValues:.",
                line.path,
            )


def _is_audience(line: Line) -> bool:
    prefix, _, name = line.lower.rpartition(":")
    return name == "aud" and is_provider(prefix.partition(":")[0])


def type_mismatch(document: Document) -> Iterator[Found]:
    for line in lines(document):
        known = knowledge.key(line.key)
        if known is None or not line.compares or line.family in _FAMILIES.get(known.base, (line.family,)):
            continue
        if line.family is Family.ARN and _may_be_arn(known):
            continue
        yield found(
            f"{line.key} is compared with {_OPERATORS[known.base]}, not with {line.name}: they read values in "
            "different ways. Change the operator.",
            key(line.path),
        )


def _may_be_arn(known: Key) -> bool:
    """The catalogue calls keys with ARNs for values texts now and then."""
    return known.base == "String"


def string_like_with_arn(document: Document) -> Iterator[Found]:
    for line in lines(document):
        known = knowledge.key(line.key)
        if known and known.base == "ARN" and line.family is Family.STRING and line.rule and line.rule.glob:
            better = line.name.replace("String", "Arn", 1)
            yield found(
                f"{line.key} is an ARN. {line.name} lets a wildcard run over its colons into the next field; "
                f"{better} does not. Write {better}.",
                key(line.path),
            )


def untrustworthy(document: Document) -> Iterator[Found]:
    for line in lines(document):
        if line.lower in global_keys.CALLER_MADE and line.compares:
            yield found(
                f"The caller writes {line.key} into the request and can write anything. Do not rest access on it.",
                line.path,
            )


def missing_paired(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if statement.lines_of("aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"):
            continue
        for line in statement.lines_of("aws:vpcsourceip"):
            yield found(
                "Every VPC may use these addresses. Add a condition on aws:SourceVpc, aws:SourceVpce or "
                "aws:SourceVpcArn to the same statement.",
                line.path,
            )


def unsupported_action_for_condition_key(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if statement.has_not_action:
            continue
        for line in statement.lines:
            if line.lower.startswith("aws:") or line.lower in _NEEDED or not _is_bound_to_actions(line):
                continue
            out = [action for action in statement.actions if _ignores(action.lower, line)]
            if out:
                names = ", ".join(quote(action.value) for action in out[:5])
                yield found(
                    f"Requests for {names} never carry {line.key}, so the condition is not about them. Move them to a "
                    "statement without this condition.",
                    *(action.path for action in out),
                    line.path,
                )


def _is_bound_to_actions(line: Line) -> bool:
    """Conditions that an absent key decides on purpose are left out, and keys that all services carry."""
    return line.demands and line.lower not in global_keys.CROSS_SERVICE and knowledge.key(line.key) is not None


def _ignores(action: str, line: Line) -> bool:
    known = None if knowledge.is_wild(action) else knowledge.action(action)
    return known is not None and not knowledge.supports(known, line.key)


def missing_action_for_condition_key(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if statement.has_not_action or not statement.actions:
            continue
        for line in statement.lines_of(*_NEEDED):
            name, lower = _NEEDED[line.lower]
            if line.compares and not any(knowledge.matches(action.lower, lower) for action in statement.actions):
                yield found(
                    f"Only requests for {name} carry {line.key}. Add {name} to the actions, or remove the condition.",
                    line.path,
                    (*statement.path, "Action"),
                )


def use_only_with_supported_services(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for line in statement.lines_of(*global_keys.SUPPORTED_SERVICES):
            out = _unsupported(statement, global_keys.SUPPORTED_SERVICES[line.lower])
            if out and line.compares:
                yield found(
                    f"Only some services tell {line.key}; {out} does not belong to them, or not all of it. Name "
                    "actions of supported services only.",
                    line.path,
                )


def _unsupported(statement: Statement, services: frozenset[str]) -> str:
    if statement.has_not_action:
        return "NotAction"
    return next((quote(a.value) for a in statement.actions if a.lower.partition(":")[0] not in services), "")


RULES = (
    Rule("INVALID_CONDITION_KEY_FORMAT", FindingType.ERROR, invalid_condition_key_format),
    Rule("INVALID_GLOBAL_CONDITION_KEY", FindingType.ERROR, invalid_global_condition_key),
    Rule(
        "INVALID_SERVICE_CONDITION_KEY",
        FindingType.ERROR,
        invalid_service_condition_key,
        "not of the claims of identity providers, which nobody lists",
    ),
    Rule("INVALID_SERVICE", FindingType.ERROR, invalid_service),
    Rule("MISSING_TAG_KEY_IN_CONDITION", FindingType.ERROR, missing_tag_key_in_condition),
    Rule("UNSUPPORTED_GLOBAL_CONDITION_KEY", FindingType.ERROR, unsupported_global_condition_key),
    Rule(
        "DEPRECATED_GLOBAL_CONDITION_KEY",
        FindingType.WARNING,
        None,
        "it is about the same key as UNSUPPORTED_GLOBAL_CONDITION_KEY (aws:ARN), and it is not documented when AWS "
        "gives which: the error is given",
    ),
    Rule("MISSING_QUALIFIER", FindingType.ERROR, missing_qualifier),
    Rule("FORALLVALUES_WITH_SINGLE_VALUED_KEY", FindingType.SECURITY_WARNING, for_all_values_with_single_valued_key),
    Rule("FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE", FindingType.SECURITY_WARNING, for_any_value_with_audience),
    Rule(
        "CONFIRM_AUDIENCE_CLAIM_TYPE",
        FindingType.SUGGESTION,
        confirm_audience_claim_type,
        "of providers whose claims the catalogue does not list; of those it lists, the check is "
        "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
    ),
    Rule("TYPE_MISMATCH", FindingType.WARNING, type_mismatch),
    Rule("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", FindingType.SECURITY_WARNING, string_like_with_arn),
    Rule(
        "UNTRUSTWORTHY_CONDITION_KEY",
        FindingType.SECURITY_WARNING,
        untrustworthy,
        "of aws:Referer and aws:UserAgent; which other keys AWS means is not documented",
    ),
    Rule(
        "MISSING_PAIRED_CONDITION_KEYS",
        FindingType.SECURITY_WARNING,
        missing_paired,
        "of aws:VpcSourceIp, the only documented pair",
    ),
    Rule(
        "UNSUPPORTED_ACTION_FOR_CONDITION_KEY",
        FindingType.ERROR,
        unsupported_action_for_condition_key,
        "of keys of services; global keys for tags have checks of their own, other global keys are in no list of "
        "actions; and not where an absent key passes on purpose (IfExists, ForAllValues, negated operators, Null)",
    ),
    Rule(
        "MISSING_ACTION_FOR_CONDITION_KEY",
        FindingType.ERROR,
        missing_action_for_condition_key,
        "of ec2:CreateAction, iam:PassedToService and iam:AssociatedResourceArn; for which keys AWS asks is not "
        "documented",
    ),
    Rule("USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES", FindingType.WARNING, use_only_with_supported_services),
)
