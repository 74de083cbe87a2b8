"""The filter grammar: as text, as data, as a query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings import filter_keys, filters
from findings.models import Finding


def found(text: str) -> set[str]:
    criteria, words = filters.read(text)
    rows = Finding.objects.filter(filters.query(criteria)).filter(filters.words_query(words))
    return {row.resource.rsplit(":", 1)[-1] for row in rows}


@pytest.fixture
def four(make_finding: Callable[..., Finding]) -> None:
    make_finding(resource="arn:aws:s3:::a", is_public=True, principal={"AWS": "*"})
    make_finding(resource="arn:aws:s3:::b", condition={"aws:SourceVpc": "vpc-1"}, action=["s3:GetObject", "s3:Put*"])
    make_finding(resource="arn:aws:sqs:eu-west-1:111122223333:c", resource_type="AWS::SQS::Queue", status="ARCHIVED")
    make_finding(resource="arn:aws:s3:::d", error="unreadable", principal={}, action=[], proof="ERROR")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "abcd"),
        ("isPublic:true", "a"),
        ("isPublic:false", "bc"),
        ("-isPublic:true", "bcd"),
        ("isPublic~als", "bc"),
        ("isPublic:*", "abc"),
        ("-isPublic:*", "d"),
        ("condition.AWS:sourceVPC:vpc-1", "b"),
        ('action~"GetObject,"', ""),
        ("resourceType:AWS::S3::Bucket", "abd"),
        ("-resourceType:AWS::S3::Bucket", "c"),
        ("resourceType:AWS::S3::Bucket,AWS::SQS::Queue", "abcd"),
        ("resource~sqs", "c"),
        ("principal.AWS:*", "abc"),
        ("-principal.AWS:*", "d"),
        ("principal.AWS:999988887777", "bc"),
        ("-principal.AWS:999988887777", "ad"),
        ('principal.AWS:"*"', "a"),
        ("condition.aws:SourceVpc:vpc-1", "b"),
        ("condition.aws:SourceVpc:*", "b"),
        ("-condition.aws:SourceVpc:*", "acd"),
        ("condition.aws:SourceVpc~pc-", "b"),
        ("action:s3:Put*", "b"),
        ("action~Put", "b"),
        ("-action:s3:GetObject", "d"),
        ("status:ARCHIVED", "c"),
        ("error:*", "d"),
        ("proof:PROVED isPublic:false", "bc"),
        ("sqs 99998888", "c"),
        ("analyzer:one", "abcd"),
        ("analyzer:other", ""),
    ],
)
@pytest.mark.usefixtures("four")
def test_a_filter_finds(text: str, expected: str) -> None:
    assert found(text) == set(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense:1", "There is no property 'nonsense'"),
        ("isPublic:maybe", "'maybe' is none of true, false"),
        ("resourceType:Bucket", "is none of AWS::S3::Bucket"),
        ("resource:", "a value is missing"),
        ("-resource~x", "not offered"),
        ("resource:" + ",".join("abcdefghijklmnopqrstu"), "at most 20 values"),
        ("a\x00b", "null character"),
    ],
)
def test_a_wrong_filter_says_what_is_possible(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        filters.read(text)
    assert message in " ".join(caught.value.messages)


@pytest.mark.parametrize(
    "criteria",
    [[], {"resource": []}, {"resource": {"is": ["a"]}}, {"resource": {"eq": "a"}}, {"resource": {"eq": [1]}},
     {"resource": {"exists": "yes"}}, {"status": {"eq": ["ACTIVE"]}}, {}, {"resource": {"eq": ["\ud800"]}},
     {"condition.aws:\ud800": {"exists": True}}, {"condition.aws": {"exists": True}},
     {f"condition.a:{number}": {"exists": True} for number in range(51)}],
)  # fmt: skip
def test_a_rule_refuses_unsound_criteria(criteria: Any) -> None:
    with pytest.raises(ValidationError):
        filters.validate(criteria, rule_of="ACCOUNT")


ACCESS_KEYS = {"resource", "resourceType", "resourceOwnerAccount", "error", "proof", "action", "principal.AWS",
               "principal.Federated", "resourceControlPolicyRestriction", "condition.KEY"}  # fmt: skip

INTERNAL_KEYS = {"accessType", "principalType", "principalOwnerAccount", "serviceControlPolicyRestriction"}


@pytest.mark.parametrize(
    ("type_", "possible"),
    [
        ("ACCOUNT", ACCESS_KEYS | {"isPublic", "principal.CanonicalUser"}),
        ("ORGANIZATION", ACCESS_KEYS | {"isPublic", "principal.CanonicalUser"}),
        ("ACCOUNT_INTERNAL_ACCESS", ACCESS_KEYS | INTERNAL_KEYS),
        ("ORGANIZATION_INTERNAL_ACCESS", ACCESS_KEYS | INTERNAL_KEYS),
        ("ACCOUNT_UNUSED_ACCESS", {"resource", "resourceType", "resourceOwnerAccount", "findingType"}),
        ("ORGANIZATION_UNUSED_ACCESS", {"resource", "resourceType", "resourceOwnerAccount", "findingType"}),
    ],
)
def test_a_rule_names_what_its_analyzer_finds(type_: str, possible: set[str]) -> None:
    for name in [*filters.PROPERTIES, *(f"condition.{key}" for key in filter_keys.CONDITION_KEYS)]:
        criteria = {name: {"exists": True}}
        if name in possible or (name.startswith("condition.") and "condition.KEY" in possible):
            assert filters.validate(criteria, rule_of=type_) == criteria
            continue
        with pytest.raises(ValidationError) as caught:
            filters.validate(criteria, rule_of=type_)
        said = caught.value.messages[0]
        assert "cannot be used in an archive rule" in said
        assert all(key in said for key in possible)


def test_a_rule_with_an_unknown_property_is_told_what_its_analyzer_has() -> None:
    with pytest.raises(ValidationError, match=r"no property 'x'. Possible are: resource, [^.]*, findingType[.]"):
        filters.validate({"x": {"exists": True}}, rule_of="ACCOUNT_UNUSED_ACCESS")


def test_the_finding_types_of_a_rule_are_those_of_unused_access() -> None:
    assert filters.validate({"findingType": {"eq": ["UnusedIAMRole"]}}, rule_of="ACCOUNT_UNUSED_ACCESS")
    with pytest.raises(ValidationError, match="'ExternalAccess' is none of UnusedIAMRole"):
        filters.validate({"findingType": {"eq": ["ExternalAccess"]}}, rule_of="ACCOUNT_UNUSED_ACCESS")


def test_the_number_of_values_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django_settings, "FILTER_VALUES", 2)
    assert filters.validate({"resource": {"eq": ["a", "b"]}})
    with pytest.raises(ValidationError, match="at most 2 values, not 3"):
        filters.validate({"resource": {"eq": ["a", "b", "c"]}})


VALUES = st.lists(
    st.text(st.characters(exclude_characters="\x00", codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=20
)
CRITERIA = st.dictionaries(
    st.sampled_from(["resource", "error", "principal.AWS", "condition.aws:SourceIp", "resourceOwnerAccount"]),
    st.one_of(
        st.fixed_dictionaries({"eq": VALUES}),
        st.fixed_dictionaries({"neq": VALUES}),
        st.fixed_dictionaries({"contains": VALUES}),
        st.fixed_dictionaries({"exists": st.booleans()}),
    ),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(CRITERIA)
def test_text_and_data_say_the_same(criteria: dict[str, Any]) -> None:
    assert filters.read(filters.write(criteria)) == (criteria, [])
