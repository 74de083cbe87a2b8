"""ONE filter grammar: search box, URL, archive rule, command line and export all mean the same by it.

As data, a filter is the FilterCriteriaMap of the Access Analyzer API: `{property: {eq|neq|contains: [...], exists}}`,
all criteria together, any value of one operator. As text:

    resourceType:AWS::S3::Bucket isPublic:true -principal.AWS:111122223333 resource~photos condition.aws:SourceVpc:*

`property:a,b` equals one of them, `-property:a` none, `property~a` contains it, `property:*` has a value,
`-property:*` has none; values with spaces or commas in double quotes. Other words are searched for in resource,
principal, the name that the principal is known by, and action.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, TextField
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Contains, Exact, IContains, IsNull

from analyzers.models import ResourceType

from .models import FindingStatus, FindingType, Proof

Criteria = Mapping[str, Mapping[str, Any]]

MAX_VALUES = 20
MAX_LENGTH = 4_000
OPERATORS = ("eq", "neq", "contains", "exists")
RESTRICTIONS = ("APPLIED", "APPLICABLE", "NOT_APPLICABLE", "FAILED_TO_EVALUATE_RCP")

_COLUMNS = {
    "resource": "resource",
    "resourceType": "resource_type",
    "resourceOwnerAccount": "resource_owner_account",
    "error": "error",
    "status": "status",
    "id": "id",
    "findingType": "finding_type",
    "proof": "proof",
    "resourceControlPolicyRestriction": "resource_control_policy_restriction",
    "analyzer": "analyzer__name",
}
_PRINCIPALS = ("principal.AWS", "principal.Federated", "principal.CanonicalUser")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "resourceType": tuple(ResourceType.values),
    "status": tuple(FindingStatus.values),
    "findingType": tuple(FindingType.values),
    "proof": tuple(Proof.values),
    "isPublic": ("true", "false"),
    "resourceControlPolicyRestriction": RESTRICTIONS,
}
CONDITION_KEYS = [
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:UserId",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "kms:CallerAccount",
    "cognito-identity.amazonaws.com:aud",
    "graph.facebook.com:app_id",
    "accounts.google.com:aud",
    "www.amazon.com:app_id",
    "lambda:EventSourceToken",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3express:SessionMode",
]
PROPERTIES = (*_COLUMNS, "isPublic", "action", *_PRINCIPALS)
NOT_IN_RULES = frozenset({"status", "id", "analyzer"})
"""An archive rule decides about findings of its analyzer that are new, so these say nothing in it."""


def properties() -> list[str]:
    """Every property that a filter may name, for suggestions."""
    return [*PROPERTIES, *(f"condition.{key}" for key in CONDITION_KEYS)]


def validate(criteria: Any, *, rule: bool = False) -> Criteria:
    """The criteria if they are sound. Raises ValidationError that says what is possible."""
    if not isinstance(criteria, dict):
        raise ValidationError("A filter is an object of properties, each with eq, neq, contains or exists.")
    if rule and not criteria:
        raise ValidationError("A rule needs at least one criterion; without one it would archive everything.")
    for name, criterion in criteria.items():
        _validate_property(str(name), rule)
        if not isinstance(criterion, dict) or not criterion:
            raise ValidationError(f"{name}: expected an object with one of {', '.join(OPERATORS)}.")
        for operator, values in criterion.items():
            _validate_values(str(name), str(operator), values)
    return criteria


def _validate_property(name: str, rule: bool) -> None:
    known = name in PROPERTIES or (name.startswith("condition.") and len(name) > len("condition."))
    if not known or len(name) > 300 or "\x00" in name:
        raise ValidationError(
            f"There is no property {name[:80]!r}. Possible are: {', '.join(PROPERTIES)}, condition.KEY."
        )
    if rule and name in NOT_IN_RULES:
        raise ValidationError(f"{name} cannot be used in an archive rule.")


def _validate_values(name: str, operator: str, values: Any) -> None:
    if operator not in OPERATORS:
        raise ValidationError(f"{name}: there is no operator {operator[:40]!r}; use {', '.join(OPERATORS)}.")
    if operator == "exists":
        if not isinstance(values, bool):
            raise ValidationError(f"{name}: exists is true or false.")
        return
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise ValidationError(f"{name}: {operator} is a list of texts.")
    if len(values) > MAX_VALUES:
        raise ValidationError(f"{name}: at most {MAX_VALUES} values, not {len(values)}.")
    if any("\x00" in value or len(value) > MAX_LENGTH for value in values):
        raise ValidationError(f"{name}: a value is too long or holds a null character.")
    if operator == "contains":
        return
    wrong = [value for value in values if name in CHOICES and value not in CHOICES[name]]
    if wrong:
        raise ValidationError(f"{name}: {wrong[0][:80]!r} is none of {', '.join(CHOICES[name])}.")


def query(criteria: Criteria) -> Q:
    """The criteria as a condition on `Finding`."""
    wanted = Q()
    for name, criterion in criteria.items():
        for operator, values in criterion.items():
            wanted &= _criterion(name, operator, values)
    return wanted


def _criterion(name: str, operator: str, values: Any) -> Q:
    if name == "isPublic":
        if operator == "exists":
            return Q(is_public__isnull=not values)
        chosen = Q(is_public__in=[value.lower() == "true" for value in values])
        return ~chosen if operator == "neq" else chosen
    if name == "action":
        if operator == "exists":
            return ~Q(action=[]) if values else Q(action=[])
        if operator == "contains":
            text = Cast(F("action"), TextField())
            return _any(Q(Contains(text, value)) for value in values)
        chosen = Q(action__overlap=list(values))
        return ~chosen if operator == "neq" else chosen
    if name in _COLUMNS:
        return _column(_COLUMNS[name], operator, values)
    field, _, key = name.partition(".")
    return _expression(KeyTextTransform(key, field), operator, values)


def _column(column: str, operator: str, values: Any) -> Q:
    if operator == "exists":
        return ~Q(**{column: ""}) if values else Q(**{column: ""})
    if column == "id" and operator != "contains":
        ids = [value for value in values if _is_uuid(value)]
        chosen = Q(id__in=ids)
        return ~chosen if operator == "neq" else chosen
    if operator == "contains":
        expression = Cast(F(column), TextField()) if column == "id" else F(column)
        return _any(Q(Contains(expression, value)) for value in values)
    chosen = Q(**{f"{column}__in": list(values)})
    return ~chosen if operator == "neq" else chosen


def _expression(expression: Combinable, operator: str, values: Any) -> Q:
    if operator == "exists":
        return Q(IsNull(expression, not values))
    lookup: Callable[..., Any] = Contains if operator == "contains" else Exact
    chosen = _any(Q(lookup(expression, value)) for value in values)
    if operator == "neq":
        return Q(IsNull(expression, True)) | ~chosen
    return chosen


def _any(conditions: Iterable[Q]) -> Q:
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def words_query(words: Iterable[str]) -> Q:
    """Each word occurs in the resource, the principal, the name that the principal is known by, or an action."""
    from .outsiders import called

    wanted = Q()
    for word in words:
        found = Q(resource__icontains=word)
        for column in ("principal", "action"):
            found |= Q(IContains(Cast(F(column), TextField()), word))
        wanted &= found | called(word)
    return wanted


# -- text ----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+')
_PROPERTY = re.compile(
    r"(-?)(condition\.[^\s:~\"]+:[^\s:~\"]+|"
    + "|".join(map(re.escape, sorted(PROPERTIES, key=len, reverse=True)))
    + r")([:~])(.*)\Z",
    re.DOTALL,
)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,]+)')


def read(text: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The criteria and the free words of a search text. Raises ValidationError."""
    if len(text) > MAX_LENGTH or "\x00" in text:
        raise ValidationError("The search text is too long or holds a null character.")
    criteria: dict[str, dict[str, Any]] = {}
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group(0)
        parts = _PROPERTY.match(word)
        if parts is None:
            if re.match(r"-?[A-Za-z]+\.?[A-Za-z]*:[^:/\s]", word) and not word.lower().startswith("arn:"):
                _validate_property(word.lstrip("-").split(":", 1)[0], False)
            words.append(_unquote(word))
            continue
        minus, name, sign, rest = parts.groups()
        criterion = criteria.setdefault(name, {})
        if rest == "*" and sign == ":":
            criterion["exists"] = not minus
            continue
        values = [_unquote(value.group(0)) for value in _VALUE.finditer(rest)]
        if not values:
            raise ValidationError(f"{name}: a value is missing after {sign!r}.")
        if minus and sign == "~":
            raise ValidationError(f"{name}: 'does not contain' is not offered; use -{name}:VALUE.")
        criterion.setdefault("contains" if sign == "~" else "neq" if minus else "eq", []).extend(values)
    validate(criteria)
    return criteria, words


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def write(criteria: Criteria) -> str:
    """The criteria as search text; `read` gives them back."""
    words = []
    for name, criterion in criteria.items():
        for operator, values in criterion.items():
            if operator == "exists":
                words.append(f"{'' if values else '-'}{name}:*")
                continue
            sign, minus = ("~", "") if operator == "contains" else (":", "-" if operator == "neq" else "")
            words.append(f"{minus}{name}{sign}{','.join(map(_quote, values))}")
    return " ".join(words)


def _quote(value: str) -> str:
    if value and value != "*" and not re.search(r'[\s,"\\]', value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
