"""Elements of the document and of statements: which there are, which are missing, of which JSON type.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzers.policy.errors import quote
from analyzers.policy.model import CURRENT_VERSION, OLD_VERSION, Path
from analyzers.policy.source import Number
from analyzers.reasoning.question import PolicyType

from .document import Document
from .knowledge import nearest
from .rule import Found, Rule, found, key
from .values import FindingType

POLICY_ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_LISTS = ("Action", "NotAction", "Resource", "NotResource")
_NAMES = {
    PolicyType.IDENTITY: "an identity policy",
    PolicyType.RESOURCE: "a resource policy",
    PolicyType.SERVICE_CONTROL: "a service control policy",
    PolicyType.RESOURCE_CONTROL: "a resource control policy",
}


def invalid_policy_element(document: Document) -> Iterator[Found]:
    yield from _unknown(document.value, POLICY_ELEMENTS, "A policy", ())
    for statement in document.statements:
        yield from _unknown(statement.raw, STATEMENT_ELEMENTS, "A statement", statement.path)


def _unknown(raw: dict[str, Any], known: tuple[str, ...], what: str, path: Path) -> Iterator[Found]:
    for name in raw:
        if name not in known:
            near = nearest(name, known)
            advice = f"Write {near}." if near else f"Remove it, or use one of {', '.join(known)}."
            yield found(f"{what} has no element {quote(name)}. {advice}", key((*path, name)))


def data_type_mismatch(document: Document) -> Iterator[Found]:
    for name in ("Version", "Id"):
        yield from _is_text(document.value, name, ())
    raw = document.value.get("Statement", [])
    if isinstance(raw, list):
        for index, item in enumerate(raw):
            if not isinstance(item, dict):
                yield _mismatch("A statement is a JSON object", item, ("Statement", index))
    elif not isinstance(raw, dict):
        yield _mismatch("Statement is an object or a list of objects", raw, ("Statement",))
    for statement in document.statements:
        for name in ("Sid", "Effect"):
            yield from _is_text(statement.raw, name, statement.path)
        for name in _LISTS:
            if name in statement.raw:
                yield from _are_texts(statement.raw[name], (*statement.path, name))
        yield from _principal_types(statement.raw, statement.path)
        yield from _condition_types(statement.raw, statement.path)


def _is_text(raw: dict[str, Any], name: str, path: Path) -> Iterator[Found]:
    if name in raw and type(raw[name]) is not str:
        yield _mismatch(f"{name} is a text", raw[name], (*path, name))


def _are_texts(value: Any, path: Path) -> Iterator[Found]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if type(item) is not str:
                yield _mismatch("A text is expected", item, (*path, index))
    elif type(value) is not str:
        yield _mismatch(f"{path[-1]} is a text or a list of texts", value, path)


def _principal_types(raw: dict[str, Any], path: Path) -> Iterator[Found]:
    for name in ("Principal", "NotPrincipal"):
        value = raw.get(name)
        if isinstance(value, dict):
            for kind, listed in value.items():
                yield from _are_texts(listed, (*path, name, kind))


def _condition_types(raw: dict[str, Any], path: Path) -> Iterator[Found]:
    condition = raw.get("Condition", {})
    if not isinstance(condition, dict):
        yield _mismatch("Condition is an object of operators", condition, (*path, "Condition"))
        return
    for operator, keys in condition.items():
        if not isinstance(keys, dict):
            yield _mismatch("A condition operator holds an object of keys", keys, (*path, "Condition", operator))
            continue
        for name, value in keys.items():
            where = (*path, "Condition", operator, name)
            for index, item in enumerate(value) if isinstance(value, list) else [(-1, value)]:
                if isinstance(item, (dict, list)) or item is None:
                    place = (*where, index) if index >= 0 else where
                    yield _mismatch("A condition's value is a text, a number, true or false", item, place)


def _mismatch(expected: str, value: Any, path: Path) -> Found:
    return found(f"{expected}, not {_kind(value)}. Write it so.", path)


def _kind(value: Any) -> str:
    if isinstance(value, Number):
        return "a number"
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "null")


def invalid_version(document: Document) -> Iterator[Found]:
    version = document.value.get("Version")
    if type(version) is str and version not in (CURRENT_VERSION, OLD_VERSION):
        yield found(
            f"{quote(version)} is no version of the policy language. Write {CURRENT_VERSION!r}: it is the version of "
            f"the language, not the date of your policy.",
            ("Version",),
        )


def missing_version(document: Document) -> Iterator[Found]:
    if "Version" not in document.value:
        yield found(
            f'Version is missing, so the language of 2008 holds, in which ${{...}} is plain text. Add "Version": '
            f'"{CURRENT_VERSION}".',
            (),
        )


def missing_statement(document: Document) -> Iterator[Found]:
    if document.value.get("Statement", []) == []:
        path: Path = ("Statement",) if "Statement" in document.value else ()
        yield found("The policy has no statement. Add at least one to Statement.", path)


def missing_effect(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if "Effect" not in statement.raw:
            yield found('The statement does not say what it does. Add "Effect": "Allow" or "Deny".', statement.path)


def invalid_effect(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        effect = statement.raw.get("Effect")
        if type(effect) is str and not statement.effect:
            yield found(
                f"{quote(effect)} is no effect. Write Allow or Deny, in exactly this spelling.",
                (*statement.path, "Effect"),
            )


def missing_action(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if not statement.action_element:
            yield found("The statement names no actions. Add Action, or NotAction.", statement.path)


def missing_resource(document: Document) -> Iterator[Found]:
    if document.is_trust:
        return
    for statement in document.statements:
        if not statement.resource_element:
            yield found("The statement names no resources. Add Resource, or NotResource.", statement.path)


def missing_principal(document: Document) -> Iterator[Found]:
    if not document.is_resource and not document.is_rcp:
        return
    for statement in document.statements:
        if not statement.principal_element:
            yield found(
                f"{_NAMES[document.policy_type].capitalize()} has to say for whom a statement is. Add Principal, such "
                'as {"AWS": "111122223333"}'
                + (' or "*": in this type of policy only that.' if document.is_rcp else "."),
                statement.path,
            )


def unsupported_principal(document: Document) -> Iterator[Found]:
    if not document.is_identity:
        return
    for statement in document.statements:
        for name in ("Principal", "NotPrincipal"):
            if name in statement.raw:
                yield found(
                    f"An identity policy holds for whom it is attached to; it has no {name}. Remove it, or attach the "
                    "policy to a resource.",
                    key((*statement.path, name)),
                )


def unsupported_element_combination(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        for one, other in _PAIRS:
            if one in statement.raw and other in statement.raw:
                yield found(
                    f"{one} and {other} exclude each other. Remove one of them, or write two statements.",
                    key((*statement.path, one)),
                    key((*statement.path, other)),
                )


def empty_array_action(document: Document) -> Iterator[Found]:
    yield from _empty(document, ("Action", "NotAction"), "actions")


def empty_array_resource(document: Document) -> Iterator[Found]:
    yield from _empty(document, ("Resource", "NotResource"), "resources")


def _empty(document: Document, names: tuple[str, ...], what: str) -> Iterator[Found]:
    for statement in document.statements:
        for name in names:
            if statement.raw.get(name) == []:
                yield found(
                    f"{name} is an empty list, so the statement has no {what}. Name some, or remove the statement.",
                    (*statement.path, name),
                )


def empty_object_condition(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if statement.raw.get("Condition") == {}:
            yield found(
                "The condition is empty: the statement always holds. Remove it, or say when the statement holds.",
                (*statement.path, "Condition"),
            )


def unsupported_sid(document: Document) -> Iterator[Found]:
    if not document.is_identity and not document.is_trust:
        return
    for statement in document.statements:
        sid = statement.raw.get("Sid")
        if type(sid) is str and not (sid.isascii() and (sid.isalnum() or not sid)):
            yield found(
                f"The Sid {quote(sid)} has other characters than letters and digits. Leave those out.",
                (*statement.path, "Sid"),
            )


def empty_sid_value(document: Document) -> Iterator[Found]:
    for statement in document.statements:
        if statement.raw.get("Sid") == "":
            yield found("The Sid is empty. Give the statement a name, or remove Sid.", (*statement.path, "Sid"))


def unique_sids_required(document: Document) -> Iterator[Found]:
    if document.is_identity or document.is_trust:
        yield from _repeated_sids(document, "IAM refuses a policy in which two statements have the Sid")


def unique_sids_recommended(document: Document) -> Iterator[Found]:
    if not document.is_identity and not document.is_trust:
        yield from _repeated_sids(document, "Two statements have the Sid")


def _repeated_sids(document: Document, what: str) -> Iterator[Found]:
    seen: dict[str, Path] = {}
    for statement in document.statements:
        sid = statement.raw.get("Sid")
        if type(sid) is not str or not sid:
            continue
        path = (*statement.path, "Sid")
        if sid in seen:
            yield found(f"{what} {quote(sid)}. Give this one another.", path, seen[sid])
        else:
            seen[sid] = path


RULES = (
    Rule("INVALID_POLICY_ELEMENT", FindingType.ERROR, invalid_policy_element),
    Rule("DATA_TYPE_MISMATCH", FindingType.ERROR, data_type_mismatch),
    Rule("INVALID_VERSION", FindingType.ERROR, invalid_version),
    Rule("MISSING_VERSION", FindingType.WARNING, missing_version),
    Rule("MISSING_STATEMENT", FindingType.ERROR, missing_statement),
    Rule("MISSING_EFFECT", FindingType.ERROR, missing_effect),
    Rule("INVALID_EFFECT", FindingType.ERROR, invalid_effect),
    Rule("MISSING_ACTION", FindingType.ERROR, missing_action),
    Rule(
        "MISSING_RESOURCE",
        FindingType.ERROR,
        missing_resource,
        "as documented of all but role trust policies, so also of those of ECR repositories, which need none",
    ),
    Rule("MISSING_PRINCIPAL", FindingType.ERROR, missing_principal),
    Rule("UNSUPPORTED_PRINCIPAL", FindingType.ERROR, unsupported_principal),
    Rule("UNSUPPORTED_ELEMENT_COMBINATION", FindingType.ERROR, unsupported_element_combination),
    Rule("EMPTY_ARRAY_ACTION", FindingType.SUGGESTION, empty_array_action),
    Rule("EMPTY_ARRAY_RESOURCE", FindingType.SUGGESTION, empty_array_resource),
    Rule("EMPTY_OBJECT_CONDITION", FindingType.SUGGESTION, empty_object_condition),
    Rule(
        "UNSUPPORTED_SID",
        FindingType.ERROR,
        unsupported_sid,
        "only of policies that IAM keeps (identity, trust): other services accept more characters, none says which",
    ),
    Rule("EMPTY_SID_VALUE", FindingType.SUGGESTION, empty_sid_value),
    Rule(
        "UNIQUE_SIDS_REQUIRED",
        FindingType.ERROR,
        unique_sids_required,
        "only of policies that IAM keeps (identity, trust); for others it is not documented, and is the warning below",
    ),
    Rule("UNIQUE_SIDS_RECOMMENDED", FindingType.WARNING, unique_sids_recommended),
)
