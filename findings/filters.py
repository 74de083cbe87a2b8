"""ONE filter grammar: search box, URL, archive rule, command line and export all mean the same by it.

As data, a filter is the FilterCriteriaMap of the Access Analyzer API: `{property: {eq|neq|contains: [...], exists}}`,
all criteria and all operators together, any value of
one operator. A property that a finding lacks equals nothing and contains nothing, so `neq` holds. Upper and lower case
differ, except in the names of condition keys, as in policies. As text:

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

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, ExpressionWrapper, F, Func, IntegerField, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Contains, Exact, IContains, IsNull
from django.utils import timezone

from . import ages, filter_keys
from .filter_keys import CHOICES, PROPERTIES, properties

Criteria = Mapping[str, Mapping[str, Any]]

__all__ = ["CHOICES", "PROPERTIES", "Criteria", "properties", "query", "read", "validate", "words_query", "write"]

MAX_CRITERIA = 50
MAX_LENGTH = 4_000
MAX_RULE_LENGTH = 200_000
"""Of a rule's filter as text: 20 values a criterion of 2,048 characters each are as many as the service takes."""
OPERATORS = ("eq", "neq", "contains", "exists")


def validate(criteria: Any, *, rule_of: str = "") -> Criteria:
    """The criteria if they are sound; `rule_of`: as a rule of an analyzer of this type.

    Raises ValidationError that says what is possible.
    """
    if not isinstance(criteria, dict):
        raise ValidationError("A filter is an object of properties, each with eq, neq, contains or exists.")
    if rule_of and not criteria:
        raise ValidationError("A rule needs at least one criterion; without one it would archive everything.")
    if len(criteria) > MAX_CRITERIA:
        raise ValidationError(f"A filter has at most {MAX_CRITERIA} criteria, not {len(criteria):,}.")
    for name, criterion in criteria.items():
        _validate_property(str(name), rule_of)
        if not isinstance(criterion, dict) or not criterion:
            raise ValidationError(f"{name}: expected an object with one of {', '.join(OPERATORS)}.")
        for operator, values in criterion.items():
            _validate_values(str(name), str(operator), values, rule_of)
    if rule_of and len(write(criteria)) > MAX_RULE_LENGTH:
        raise ValidationError(f"The filter is longer than {MAX_RULE_LENGTH:,} characters.")
    return criteria


def _validate_property(name: str, rule_of: str) -> None:
    known = filter_keys.find(name)
    kind = filter_keys.kind_of(rule_of)
    possible = ", ".join(filter_keys.for_rules(kind) if rule_of else (*PROPERTIES, "condition.KEY"))
    if known is None:
        raise ValidationError(f"There is no property {name[:80]!r}. Possible are: {possible}.")
    if rule_of and kind not in known.rules:
        raise ValidationError(
            f"{name[:80]} cannot be used in an archive rule of an analyzer of {kind} access. Possible are: {possible}."
        )


def _validate_values(name: str, operator: str, values: Any, rule_of: str) -> None:
    if operator not in OPERATORS:
        raise ValidationError(f"{name}: there is no operator {operator[:40]!r}; use {', '.join(OPERATORS)}.")
    if operator == "exists":
        if not isinstance(values, bool):
            raise ValidationError(f"{name}: exists is true or false.")
        return
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise ValidationError(f"{name}: {operator} is a list of texts.")
    most = settings.FILTER_VALUES
    if len(values) > most:
        raise ValidationError(f"{name}: at most {most} values, not {len(values)}.")
    if not all(len(value) <= MAX_LENGTH and storable(value) for value in values):
        raise ValidationError(f"{name}: a value is too long, or holds a null character or half of one.")
    if operator == "contains":
        return
    known = filter_keys.find(name)
    choices = known and ((rule_of and known.rule_choices) or known.choices)
    wrong = [value for value in values if choices and value not in choices]
    if choices and wrong:
        raise ValidationError(f"{name}: {wrong[0][:80]!r} is none of {', '.join(choices)}.")


def storable(value: str) -> bool:
    """Whether PostgreSQL takes the text: no null character and no lone surrogate, which JSON can smuggle in."""
    return "\x00" not in value and not re.search("[\ud800-\udfff]", value)


# -- query ---------------------------------------------------------------------------------------------------------


def query(criteria: Criteria) -> Q:
    """The criteria as a condition on `Finding`."""
    wanted = Q()
    for name, criterion in criteria.items():
        for operator, values in criterion.items():
            wanted &= _criterion(name, operator, values)
    return wanted


def _criterion(name: str, operator: str, values: Any) -> Q:
    field, _, key = name.partition(".")
    if name == "isPublic":
        return _is_public(operator, values)
    if name == "unusedFor":
        return _unused_for(operator, values)
    if name == "action":
        return _many(F("action"), operator, values)
    if field == "condition":
        return _many(_ConditionValues(F("condition"), Value(key.lower())), operator, values)
    if field == "principal":
        return _text(KeyTextTransform(key, "principal"), operator, values)
    known = filter_keys.find(name)
    if known is None:
        raise ValueError(name)
    if name == "id":
        return _id(operator, values)
    if name == "lastAccessed":
        return _text(_day(F(known.column)), operator, values)
    return _column(known.column, operator, values)


def _unused_for(operator: str, values: Any) -> Q:
    """Only findings of unused access have it; "ever" is one of its values."""
    if operator == "exists":
        return ages.UNUSED if values else ~ages.UNUSED
    names = [name for name in ages.AGES if any(value in name for value in values)] if operator == "contains" else values
    now = timezone.now()
    chosen = _any(ages.of_age(name, now) for name in names)
    return ~chosen if operator == "neq" else chosen


class _ConditionValues(Func):
    """The values of a condition key, whose case is of no importance in policies, so of none here."""

    template = "ARRAY(SELECT e.value FROM jsonb_each_text(%(expressions)s AND e.value IS NOT NULL)"
    arg_joiner = ") AS e(key, value) WHERE lower(e.key) = "
    output_field = ArrayField(TextField())


_BETWEEN = "\x1f"
"""Put between the elements of a list, so that a text is not found across two of them."""


def _many(values_of: Combinable, operator: str, values: Any) -> Q:
    """For a property with any number of values: one of them is meant, `neq` means none of them."""
    none = Q(Exact(Func(values_of, function="cardinality", output_field=IntegerField()), 0))
    if operator == "exists":
        return ~none if values else none
    if operator == "contains":
        joined = Func(values_of, Value(_BETWEEN), function="array_to_string", output_field=TextField())
        return ~none & _any(Q(Contains(joined, value)) for value in values if _BETWEEN not in value)
    overlap = Func(
        values_of,
        Value(list(values), output_field=ArrayField(TextField())),
        template="(%(expressions)s)",
        arg_joiner=" && ",
        output_field=BooleanField(),
    )
    chosen = Q(ExpressionWrapper(overlap, output_field=BooleanField()))
    return ~chosen if operator == "neq" else chosen


def _is_public(operator: str, values: Any) -> Q:
    """Of a resource that could not be analysed nobody knows whether it is public: it is neither. So is a finding of
    unused access, which is not about getting in."""
    known = Q(error="") & ~Q(finding_type__in=filter_keys.UNUSED_TYPES)
    if operator == "exists":
        return known if values else ~known
    if operator == "contains":
        meant = {text == "true" for text in ("true", "false") if any(value in text for value in values)}
    else:
        meant = {value == "true" for value in values}
    chosen = known & Q(is_public__in=meant)
    return ~chosen if operator == "neq" else chosen


def _column(column: str, operator: str, values: Any) -> Q:
    """An empty column is a property that the finding does not have."""
    if operator == "exists":
        return ~Q(**{column: ""}) if values else Q(**{column: ""})
    if operator == "contains":
        return ~Q(**{column: ""}) & _any(Q(Contains(F(column), value)) for value in values)
    chosen = Q(**{f"{column}__in": [value for value in values if value]})
    return ~chosen if operator == "neq" else chosen


def _id(operator: str, values: Any) -> Q:
    if operator == "exists":
        return Q(pk__isnull=not values)
    if operator == "contains":
        return _any(Q(Contains(Cast(F("id"), TextField()), value)) for value in values)
    chosen = Q(id__in=[value for value in values if _is_uuid(value)])
    return ~chosen if operator == "neq" else chosen


def _day(moment: Combinable) -> Combinable:
    """The day in UTC, as 2026-07-01; NULL if there is none."""
    return Func(
        moment,
        function="to_char",
        template="%(function)s(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        output_field=TextField(),
    )


def _text(expression: Combinable, operator: str, values: Any) -> Q:
    """For an expression that is NULL where the finding lacks the property."""
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


def read(text: str, *, limit: int = MAX_LENGTH) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The criteria and the free words of a search text. Raises ValidationError."""
    if len(text) > limit or "\x00" in text:
        raise ValidationError("The search text is too long or holds a null character.")
    criteria: dict[str, dict[str, Any]] = {}
    words: list[str] = []
    for match in _WORD.finditer(text):
        word = match.group(0)
        parts = _PROPERTY.match(word)
        if parts is None:
            if re.match(r"-?[A-Za-z]+\.?[A-Za-z]*:[^:/\s]", word) and not word.lower().startswith("arn:"):
                _validate_property(word.lstrip("-").split(":", 1)[0], "")
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
