"""A preview says what a scan says after the same change was imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzers.actions import CreatePreview
from analyzers.actions.previews import ControlChange
from analyzers.models import AccessPreview, AccessPreviewFinding, Analyzer, Resource
from analyzers.previews.configurations import with_policy
from analyzers.previews.work import work
from findings.models import Event, Finding

from . import organization as org

pytestmark = pytest.mark.django_db

ARNS = {
    org.BUCKET: "AWS::S3::Bucket",
    "arn:aws:s3:::two": "AWS::S3::Bucket",
    f"arn:aws:sqs:eu-central-1:{org.B}:queue": "AWS::SQS::Queue",
    f"arn:aws:iam::{org.A}:role/reader": "AWS::IAM::Role",
}
WHO = st.lists(
    st.sampled_from([org.A, org.B, org.OUTSIDE, "555566667777", f"arn:aws:iam::{org.A}:role/reader", "*"]),
    min_size=1,
    max_size=3,
    unique=True,
)
ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:*", "sqs:SendMessage", "sts:AssumeRole", "*"])
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringEquals": {"aws:ResourceAccount": org.A}},
    ]
)
EFFECTS = st.sampled_from(["Allow", "Allow", "Deny"])


@st.composite
def statements(draw: Any, who: bool, arn: str, effects: st.SearchStrategy[str] = EFFECTS) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": draw(effects), "Action": draw(ACTIONS)}
    if arn.startswith("arn:aws:iam"):
        made["Action"] = "sts:AssumeRole"
    else:
        made["Resource"] = [arn, f"{arn}/*"] if arn.startswith("arn:aws:s3") else arn
    if who:
        made["Principal"] = {"AWS": draw(WHO)}
    if condition := draw(CONDITIONS):
        made["Condition"] = condition
    return made


def policies(who: bool, arn: str, effects: st.SearchStrategy[str] = EFFECTS) -> st.SearchStrategy[str]:
    return st.lists(statements(who, arn, effects), min_size=1, max_size=3).map(lambda found: org.document(*found))


CHANGES = st.sampled_from(list(ARNS)).flatmap(
    lambda arn: st.tuples(st.just(arn), st.just("") | policies(True, arn) if "iam" not in arn else policies(True, arn))
)
TARGETS = st.lists(st.sampled_from([org.ROOT, org.UNIT, org.A, org.B]), min_size=1, max_size=3, unique=True)


def said(row: Finding | AccessPreviewFinding) -> tuple[str, ...]:
    return tuple(
        json.dumps(one, sort_keys=True, default=str)
        for one in (
            row.resource,
            row.principal,
            sorted(row.action),
            row.condition,
            row.sources,
            row.is_public,
            row.resource_control_policy_restriction,
            row.service_control_policy_restriction,
            row.proof,
            row.error,
            [row.details.get(name) for name in ("further_conditions", "unless", "summary", "witness", "statements")],
            row.status,
        )
    )


def previewed(analyzer: Analyzer, **asked: Any) -> AccessPreview:
    preview = CreatePreview(analyzer, None, wake=False, **asked)()
    work(preview.pk)
    preview.refresh_from_db()
    assert preview.status == "COMPLETED", preview.error
    return preview


def hold(analyzer: Analyzer, preview: AccessPreview, deploy: Callable[[], object]) -> None:
    """Deploys the change, scans, and compares everything that is different then."""
    before = {row.pk: (row.status, said(row)) for row in Finding.objects.filter(analyzer=analyzer)}
    deploy()
    org.scan(analyzer)
    after = {row.pk: row for row in Finding.objects.filter(analyzer=analyzer)}
    told = {name: sorted(said(row) for row in preview.findings.filter(change=name)) for name in ("NEW", "GONE")}
    assert told["NEW"] == sorted(said(row) for pk, row in after.items() if pk not in before)
    gone = {
        pk for pk, row in after.items() if row.status == "RESOLVED" and before.get(pk, ("RESOLVED",))[0] != "RESOLVED"
    }
    assert set(preview.findings.filter(change="GONE").values_list("existing_id", flat=True)) == gone
    for row in preview.findings.filter(change__in=["CHANGED", "UNCHANGED"]):
        assert row.existing_id is not None
        assert said(row) == said(after[row.existing_id])
    open_now = sum(row.status != "RESOLVED" for row in after.values())
    assert open_now == sum(1 for status, _ in before.values() if status != "RESOLVED") + (
        preview.findings.exclude(status="RESOLVED").filter(change="NEW").count()
        + preview.findings.filter(change="CHANGED", existing_status="RESOLVED").count()
        - len(gone)
    )


def undone(check: Callable[[], None]) -> None:
    """Each example starts from the same inventory and findings."""
    with transaction.atomic():
        check()
        transaction.set_rollback(True)


few = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def outside(db: None) -> Analyzer:
    org.organization()
    made = org.external()
    org.scan(made)
    return made


@pytest.fixture
def inside(db: None) -> Analyzer:
    org.organization()
    made = org.internal()
    org.scan(made)
    return made


@few
@given(change=CHANGES)
def test_a_resource_policy_seen_from_outside(outside: Analyzer, change: tuple[str, str]) -> None:
    arn, text = change

    def check() -> None:
        preview = previewed(outside, configurations={arn: with_policy(ARNS[arn], text)})
        hold(outside, preview, lambda: org.set_policy(arn, text))

    undone(check)


@few
@given(change=CHANGES)
def test_a_resource_policy_seen_from_inside(inside: Analyzer, change: tuple[str, str]) -> None:
    arn, text = change

    def check() -> None:
        preview = previewed(inside, configurations={arn: with_policy(ARNS[arn], text)})
        hold(inside, preview, lambda: org.set_policy(arn, text))

    undone(check)


DENIALS = policies(False, "*", st.just("Deny"))
RCPS = st.lists(statements(True, "*", st.just("Deny")), min_size=1, max_size=2).map(
    lambda found: org.document(*({**one, "Principal": "*"} for one in found))
)


@few
@given(text=RCPS, targets=TARGETS)
def test_a_resource_control_policy_seen_from_outside(outside: Analyzer, text: str, targets: list[str]) -> None:
    def check() -> None:
        preview = previewed(outside, control=ControlChange(org.RCP, text=text, targets=targets))
        hold(outside, preview, lambda: org.set_control("p-new", org.RCP, text, targets))

    undone(check)


@few
@given(text=RCPS, targets=TARGETS)
def test_a_resource_control_policy_seen_from_inside(inside: Analyzer, text: str, targets: list[str]) -> None:
    def check() -> None:
        preview = previewed(inside, control=ControlChange(org.RCP, text=text, targets=targets))
        hold(inside, preview, lambda: org.set_control("p-new", org.RCP, text, targets))

    undone(check)


@few
@given(text=DENIALS, targets=TARGETS)
def test_a_new_service_control_policy(inside: Analyzer, text: str, targets: list[str]) -> None:
    def check() -> None:
        preview = previewed(inside, control=ControlChange(org.SCP, text=text, targets=targets))
        hold(inside, preview, lambda: org.set_control("p-new", org.SCP, text, targets))

    undone(check)


@few
@given(text=policies(False, "*"), targets=st.just([org.ROOT, org.UNIT, org.A, org.B]))
def test_a_changed_service_control_policy(inside: Analyzer, text: str, targets: list[str]) -> None:
    def check() -> None:
        preview = previewed(inside, control=ControlChange(org.SCP, policy="p-full", text=text))
        hold(inside, preview, lambda: org.set_control("p-full", org.SCP, text, targets))

    undone(check)


def test_a_key_policy_changes_who_reads_what_it_encrypts(db: None) -> None:
    org.organization()
    key = f"arn:aws:kms:eu-central-1:{org.A}:key/k"
    closed = org.document(org.allow("kms:*", **org.to(f"arn:aws:iam::{org.A}:role/nobody")))
    opened = org.document(org.allow("kms:*", **org.to(org.A, org.B)))
    org.resource(key, "AWS::KMS::Key", closed)
    Resource.objects.filter(arn=org.BUCKET).update(configuration={"encrypted": True, "encryption_key": key})
    analyzer = org.internal()
    org.scan(analyzer)
    preview = previewed(analyzer, configurations={key: with_policy("AWS::KMS::Key", opened)})
    assert preview.findings.filter(change="NEW", resource=org.BUCKET).exists()
    hold(analyzer, preview, lambda: org.set_policy(key, opened))


def test_a_new_resource(outside: Analyzer) -> None:
    arn = f"arn:aws:sns:eu-central-1:{org.A}:topic"
    text = org.document(org.allow("sns:Publish", **org.to(org.OUTSIDE)))
    preview = previewed(outside, configurations={arn: {"snsTopic": {"topicPolicy": text}}})
    assert preview.summary == "Opens the SNS topic to 1 principal outside."
    hold(outside, preview, lambda: org.resource(arn, "AWS::SNS::Topic", text))


def test_nothing_is_written_to_findings_or_inventory(outside: Analyzer) -> None:
    before = [list(model.objects.order_by("pk").values()) for model in (Finding, Event, Resource)]
    preview = previewed(outside, configurations={org.BUCKET: with_policy("AWS::S3::Bucket", "")})
    assert preview.counts["GONE"] == 1
    assert before == [list(model.objects.order_by("pk").values()) for model in (Finding, Event, Resource)]
