"""What pipelines send, made sure of: every text bounded, every name known. Members that are not known are passed over,
so that a newer console can talk to an older portal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from analyzers.checks.custom import Result
from analyzers.checks.found import FoundPolicy, Missing, Place, Variant
from analyzers.checks.outcome import Level
from analyzers.checks.sources import File, Options, plain
from analyzers.reasoning.question import PolicyType

MOST_OUTCOMES = 5_000
MOST_POLICIES = 200
MOST_PROBLEMS = 400
POLICY = 300_000
"""Characters of one policy."""
LINE = 10_000_000
MESSAGE = 20_000


def _text(most: int, **more: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=most, trim_whitespace=False, **{"required": False, "allow_blank": True, "default": "", **more}
    )


def _number(**more: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=LINE, **{"required": False, "default": 1, **more})


def _name(most: int) -> serializers.CharField:
    return serializers.CharField(max_length=most)


def _many(of: type[serializers.Serializer[Any]], most: int, **more: Any) -> serializers.ListSerializer[Any]:
    return serializers.ListSerializer(child=of(), max_length=most, **{"required": False, "default": list, **more})


class _Place(serializers.Serializer[Any]):
    file = _text(1_000)
    line = _number()
    column = _number()


class _Element(_Place):
    text = _text(MESSAGE)


class _Problem(_Place):
    code = _text(100)
    level = serializers.ChoiceField([str(one) for one in Level])
    message = _text(MESSAGE)
    endLine = _number(default=None, allow_null=True)  # noqa: N815
    endColumn = _number(default=None, allow_null=True)  # noqa: N815
    statementIndex = _number(default=None, allow_null=True)  # noqa: N815
    statementId = _text(1_000)  # noqa: N815
    elements = _many(_Element, 200)
    request = _text(MESSAGE)
    learnMoreLink = _text(1_000)  # noqa: N815


class _Policy(_Place):
    name = _text(500)
    element = _text(500)
    policyType = _text(40)  # noqa: N815
    resourceType = _text(100)  # noqa: N815


class _Missing(serializers.Serializer[Any]):
    name = _text(500)
    why = _text(2_000)


class _Mend(serializers.Serializer[Any]):
    summary = _text(MESSAGE)
    diff = _text(POLICY)
    text = _text(POLICY)
    proof = serializers.ListField(child=_text(MESSAGE), required=False, default=list, max_length=50)


class _Outcome(serializers.Serializer[Any]):
    check = _name(100)
    rule = _text(200)
    why = _text(MESSAGE)
    guardrail = _text(120)
    result = serializers.ChoiceField([str(one) for one in Result])
    message = _text(MESSAGE)
    policy = _Policy()
    problems = _many(_Problem, MOST_PROBLEMS)
    missing = _many(_Missing, 500)
    mends = _many(_Mend, 10)


class _Document(serializers.Serializer[Any]):
    """A policy's text, so that the page can mark the statement at fault."""

    file = _text(1_000)
    name = _text(500)
    element = _text(500)
    text = _text(POLICY)


class _About(serializers.Serializer[Any]):
    """Which run of which pipeline, about which commit."""

    pipeline = _name(200)
    repository = _text(300)
    branch = _text(250)
    commit = serializers.RegexField(r"\A[0-9A-Za-z._-]{0,64}\Z", required=False, allow_blank=True, default="")
    commitUrl = _text(1_000)  # noqa: N815
    url = _text(1_000)


class _Output(serializers.Serializer[Any]):
    outcomes = _many(_Outcome, MOST_OUTCOMES, required=True, default=empty)
    unreadable = serializers.ListField(child=_text(MESSAGE), required=False, default=list, max_length=1_000)


class SentRun(_About):
    """`POST /api/checks/runs/`. `output`: what `--format json` wrote."""

    guardrails = serializers.ListField(child=_name(120), required=False, default=list, max_length=50)
    output = _Output()
    documents = _many(_Document, 1_000)


class _Variant(serializers.Serializer[Any]):
    text = _text(POLICY, required=True, allow_blank=False, default=empty)
    when = serializers.ListField(
        child=serializers.ListField(max_length=2, min_length=2), required=False, default=list, max_length=30
    )

    def validate_when(self, value: list[list[Any]]) -> list[list[Any]]:
        if not all(isinstance(name, str) and len(name) < 500 and isinstance(on, bool) for name, on in value):
            raise serializers.ValidationError("A list of [name of a condition, true or false].")
        return value


class _Asked(_Place):
    """`text`, or `variants` with `missing` as templates give them."""

    name = _text(500)
    element = _text(500)
    resourceType = _text(100)  # noqa: N815
    text = _text(POLICY)
    variants = _many(_Variant, 64)
    missing = _many(_Missing, 500)
    policyType = serializers.ChoiceField([str(one) for one in PolicyType], required=False, allow_blank=True, default="")  # noqa: N815

    def validate(self, value: dict[str, Any]) -> dict[str, Any]:
        if bool(value["text"]) == bool(value["variants"]):
            raise serializers.ValidationError("Give either text or variants.")
        if value["variants"] and not value["policyType"]:
            raise serializers.ValidationError("With variants the policyType must be told.")
        return value


class AskedRun(_About):
    """`POST /api/checks/`."""

    account = serializers.RegexField(r"\A([0-9]{12})?\Z", required=False, allow_blank=True, default="")
    policies = _many(_Asked, MOST_POLICIES, required=True, default=empty, allow_empty=False)


def plain_json(value: Any) -> Any:
    """Without the ordered mappings of the checks, as it is kept."""
    return json.loads(json.dumps(value))


def found_policy(asked: dict[str, Any]) -> FoundPolicy:
    """The policy that a pipeline asks about."""
    file = asked["file"] or asked["name"] or "policy.json"
    kind = PolicyType(asked["policyType"]) if asked["policyType"] else None
    if not asked["variants"]:
        options = Options(policy_type=kind, resource_type=asked["resourceType"])
        (found,) = plain.read(File(file, Path("policy.json"), asked["text"]), options)
        return found
    return FoundPolicy(
        tuple(Variant(one["text"], tuple((name, on) for name, on in one["when"])) for one in asked["variants"]),
        kind or PolicyType.IDENTITY,
        Place(file, max(1, asked["line"]), max(1, asked["column"])),
        asked["resourceType"],
        asked["name"],
        asked["element"],
        missing=tuple(Missing(one["name"], one["why"]) for one in asked["missing"]),
    )
