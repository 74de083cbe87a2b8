"""What the database finds is what a plain reading of the criteria finds on the wire, for findings made at random."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.models import Analyzer
from findings import filters, wire
from findings.exposure import could_hide_public
from findings.models import Finding
from tests.conftest import NOW

PLAIN = ("resource", "resourceType", "resourceOwnerAccount", "error", "status", "resourceControlPolicyRestriction")
TEXTS = st.sampled_from(["", "a", "A", "b", "ab", "a,b", "%", "_", "\\", '"', "true", "é", "a b", "\x1f", "arn:aws"])
TYPES = st.sampled_from(["AWS::S3::Bucket", "AWS::IAM::Role"])


def values_of(shape: dict[str, Any], name: str) -> list[str]:
    """The values that a finding on the wire has for a property."""
    field, _, key = name.partition(".")
    if name == "action":
        return list(shape.get("action", ()))
    if name == "isPublic":
        return [str(shape[name]).lower()] if name in shape else []
    if field == "principal":
        return [shape["principal"][key]] if key in shape.get("principal", {}) else []
    if field == "condition":
        return [value for found, value in shape["condition"].items() if found.lower() == key.lower()]
    return [shape[name]] if name in shape else []


def holds(operator: str, wanted: Any, values: list[str]) -> bool:
    if operator == "exists":
        return bool(values) == wanted
    if operator == "eq":
        return any(value in wanted for value in values)
    if operator == "neq":
        return not any(value in wanted for value in values)
    return any(part in value for value in values for part in wanted)


def matches(shape: dict[str, Any], criteria: filters.Criteria) -> bool:
    return all(
        holds(operator, wanted, values_of(shape, name))
        for name, criterion in criteria.items()
        for operator, wanted in criterion.items()
    )


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    number = draw(st.integers(0, 2**60))
    shared: dict[str, Any] = {
        "id": uuid.UUID(int=number),
        "key": f"{number:064d}",
        "resource": draw(TEXTS.filter(bool)),
        "resource_type": draw(TYPES),
        "resource_owner_account": draw(st.sampled_from(["111122223333", "a"])),
        "status": draw(st.sampled_from(["ACTIVE", "ARCHIVED", "RESOLVED"])),
        "created_at": NOW,
        "analyzed_at": NOW,
        "updated_at": NOW,
    }
    if draw(st.integers(0, 4)) == 0:
        return Finding(**shared, error=draw(TEXTS.filter(bool)), proof="ERROR")
    return Finding(
        **shared,
        principal=draw(st.dictionaries(st.sampled_from(["AWS", "Federated"]), TEXTS, max_size=2)),
        action=draw(st.lists(TEXTS, max_size=3)),
        condition=draw(st.dictionaries(st.sampled_from(["aws:SourceVpc", "AWS:sourcevpc", "k:x"]), TEXTS, max_size=3)),
        is_public=draw(st.booleans()),
        resource_control_policy_restriction=draw(st.sampled_from(["", "APPLIED", "NOT_APPLICABLE"])),
        proof=draw(st.sampled_from(["PROVED", "UNKNOWN"])),
    )


@st.composite
def criterion(draw: st.DrawFn, name: str) -> dict[str, Any]:
    choices = filters.CHOICES.get(name)
    exact = st.sampled_from(sorted({*choices[:4], choices[-1]})) if choices else TEXTS
    made: dict[str, Any] = {}
    for operator in draw(st.lists(st.sampled_from(filters.OPERATORS), min_size=1, max_size=3, unique=True)):
        if operator == "exists":
            made[operator] = draw(st.booleans())
        else:
            made[operator] = draw(st.lists(TEXTS if operator == "contains" else exact, min_size=1, max_size=3))
    return made


@st.composite
def filled(draw: st.DrawFn) -> dict[str, Any]:
    names = [*PLAIN, "isPublic", "action", "principal.AWS", "principal.Federated", "principal.CanonicalUser"]
    names += ["condition.aws:SourceVpc", "condition.AWS:SOURCEVPC", "condition.k:x", "condition.no:such"]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    return {name: draw(criterion(name)) for name in chosen}


QUIET = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@QUIET
@given(
    rows=st.lists(findings(), min_size=1, max_size=8, unique_by=lambda row: row.key),
    asked=st.lists(filled(), min_size=1, max_size=6),
)
@pytest.mark.django_db
def test_the_database_reads_criteria_as_the_wire_does(
    analyzer: Analyzer, rows: list[Finding], asked: list[dict[str, Any]]
) -> None:
    Finding.objects.all().delete()
    for row in rows:
        row.analyzer = analyzer
    Finding.objects.bulk_create(rows)
    for criteria in asked:
        filters.validate(criteria)
        found = set(Finding.objects.filter(filters.query(criteria)))
        assert found == {row for row in rows if matches(wire.finding(row), criteria)}, criteria


@QUIET
@given(row=findings(), criteria=filled())
def test_a_rule_that_is_said_not_to_hide_public_access_never_does(row: Finding, criteria: dict[str, Any]) -> None:
    if not could_hide_public(criteria, "ACCOUNT"):
        shape = wire.finding(row)
        assert not ((row.is_public or row.error) and matches(shape, criteria))


def test_only_what_excludes_public_access_is_said_not_to_hide_it() -> None:
    def hides(criteria: dict[str, Any], type_: str = "ACCOUNT") -> bool:
        return could_hide_public(criteria, type_)

    assert hides({"resource": {"eq": ["a"]}})
    assert hides({"principal.AWS": {"eq": ["999988887777"]}})
    assert not hides({"isPublic": {"eq": ["false"]}})
    assert hides({"isPublic": {"eq": ["false", "true"]}})
    assert not hides({"isPublic": {"contains": ["als"]}})
    assert hides({"isPublic": {"contains": ["e"]}})
    assert not hides({"isPublic": {"contains": ["e"], "neq": ["true"]}})
    # What could not be analysed may be public.
    assert hides({"isPublic": {"neq": ["true"]}})
    assert hides({"isPublic": {"neq": ["true"]}, "principal.AWS": {"neq": ["999988887777"]}})
    assert not hides({"isPublic": {"neq": ["true"]}, "principal.AWS": {"eq": ["999988887777"]}})
    assert not hides({"isPublic": {"neq": ["true"]}, "error": {"exists": False}})
    assert not hides({"isPublic": {"neq": ["true"]}, "proof": {"eq": ["PROVED"]}})
    assert hides({"isPublic": {"exists": False}})
    assert hides({"error": {"contains": ["timeout"]}})
    # Only external access can be public.
    assert not hides({"resource": {"eq": ["a"]}}, "ACCOUNT_UNUSED_ACCESS")
    assert not hides({"resource": {"eq": ["a"]}}, "ORGANIZATION_INTERNAL_ACCESS")
