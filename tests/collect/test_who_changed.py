"""Who changed a resource last, as CloudTrail tells. moto does not know the call, so its answers are stubbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from analyzers.actions import AskWhoChanged
from analyzers.actions.changes import answer
from analyzers.collect.access import NoCredentials
from analyzers.collect.history import CALLS, CHANGES, NotTold, last_change
from analyzers.collect.place import Place
from analyzers.kinds.channels import TRAITS
from analyzers.models import Account, PolicyChange, Resource
from findings.models import Finding

ACCOUNT, BUCKET = "111122223333", "AWS::S3::Bucket"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/admin"
DAY = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def event(name: str, day: int, *, failed: bool = False, parameters: Any = None) -> dict[str, Any]:
    record = {
        "userIdentity": {"arn": ROLE},
        "sourceIPAddress": "203.0.113.7",
        "requestParameters": parameters,
        **({"errorCode": "AccessDenied"} if failed else {}),
    }
    return {
        "EventName": name,
        "EventId": f"e-{day}",
        "EventTime": DAY + timedelta(days=day),
        "Username": "admin",
        "CloudTrailEvent": json.dumps(record),
    }


class Trail:
    """CloudTrail with answers by (key, value); everything else has none."""

    def __init__(self, **answers: list[dict[str, Any]]) -> None:
        self.client = boto3.client(
            "cloudtrail", region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stub = Stubber(self.client)
        self.answers = answers
        self.stub.activate()

    def expect(self, *asked: tuple[str, str]) -> Trail:
        for key, value in asked:
            self.stub.add_response(
                "lookup_events",
                {"Events": self.answers.get(value.rsplit(":", 1)[-1], [])},
                {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}], "MaxResults": 50},
            )
        return self

    def place(self) -> Place:
        return Place(ACCOUNT, "eu-central-1", "aws", CALLS, lambda service, region: self.client)


def test_every_type_has_events() -> None:
    assert set(CHANGES) == set(TRAITS)


def test_the_last_change_that_worked_and_that_decides_who_gets_in() -> None:
    events = [
        event("PutBucketPolicy", 1),
        event("PutBucketAcl", 3),
        event("PutBucketPolicy", 5, failed=True),
        event("PutBucketTagging", 6),
        {**event("PutBucketPolicy", 0), "CloudTrailEvent": "{not json"},
    ]
    trail = Trail(b=events).expect(("ResourceName", "b"), ("ResourceName", "arn:aws:s3:::b"))
    change = last_change(trail.place(), BUCKET, "arn:aws:s3:::b")
    assert (change.event, change.at, change.by, change.source) == (
        "PutBucketAcl",
        DAY + timedelta(days=3),
        ROLE,
        "203.0.113.7",
    )
    trail.stub.assert_no_pending_responses()


def test_services_that_do_not_tell_the_resource_are_asked_by_event() -> None:
    arn = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:orders"
    mine = event("SetQueueAttributes", 2, parameters={"queueUrl": "https://sqs.eu-central-1.amazonaws.com/1/orders"})
    other = event("SetQueueAttributes", 4, parameters={"queueUrl": "https://sqs.eu-central-1.amazonaws.com/1/orders-2"})
    trail = Trail(SetQueueAttributes=[other, mine]).expect(
        ("ResourceName", "orders"), ("ResourceName", arn), *(("EventName", name) for name in CHANGES["AWS::SQS::Queue"])
    )
    assert last_change(trail.place(), "AWS::SQS::Queue", arn).event_id == "e-2"


def test_nothing_found_is_not_known() -> None:
    trail = Trail().expect(
        ("ResourceName", "b"), ("ResourceName", "arn:aws:s3:::b"), *(("EventName", name) for name in CHANGES[BUCKET])
    )
    with pytest.raises(NotTold, match="no event of the last 90 days in eu-central-1"):
        last_change(trail.place(), BUCKET, "arn:aws:s3:::b")


def test_a_refusal_names_the_permission() -> None:
    trail = Trail()
    trail.stub.add_client_error("lookup_events", "AccessDeniedException", "no")
    with pytest.raises(NotTold, match="lacks cloudtrail:LookupEvents"):
        last_change(trail.place(), BUCKET, "arn:aws:s3:::b")


@pytest.mark.parametrize(
    ("kind", "arn", "name"),
    [
        ("AWS::IAM::Role", f"arn:aws:iam::{ACCOUNT}:role/path/r", "r"),
        ("AWS::ECR::Repository", f"arn:aws:ecr:r:{ACCOUNT}:repository/shop/api", "shop/api"),
        ("AWS::Lambda::Function", f"arn:aws:lambda:r:{ACCOUNT}:function:f:live", "f"),
        ("AWS::RDS::DBSnapshot", f"arn:aws:rds:r:{ACCOUNT}:snapshot:s", "s"),
        ("AWS::SecretsManager::Secret", f"arn:aws:secretsmanager:r:{ACCOUNT}:secret:a/b-x1y2z3", "a/b-x1y2z3"),
        ("AWS::SNS::Topic", f"arn:aws:sns:r:{ACCOUNT}:t", "t"),
    ],
)
def test_how_cloudtrail_may_name_a_resource(kind: str, arn: str, name: str) -> None:
    from analyzers.collect.history import _names

    assert _names(kind, arn) == [name, arn]


# -- asking --------------------------------------------------------------------------------------------------------


class Stubbed:
    """As `Access`, for one client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def client(self, account: str, service: str, region: str) -> Any:
        assert (account, service) == (ACCOUNT, "cloudtrail")
        if isinstance(self._client, Exception):
            raise self._client
        return self._client


@pytest.fixture
def bucket(account: Account) -> Resource:
    return Resource.objects.create(arn="arn:aws:s3:::bucket-0", account=account, type=BUCKET, region="eu-central-1")


def ask(bucket: Resource, user: User) -> PolicyChange:
    return AskWhoChanged(bucket.arn, user, wake=False)()


def test_an_answer_is_kept_with_its_time(bucket: Resource, reviewer: User) -> None:
    trail = Trail(**{"bucket-0": [event("PutBucketPolicy", 1)]})
    trail.expect(("ResourceName", "bucket-0"), ("ResourceName", bucket.arn))
    answer(ask(bucket, reviewer), Stubbed(trail.client))  # type: ignore[arg-type]
    kept = PolicyChange.objects.get()
    assert (kept.status, kept.event, kept.by, kept.asked_by) == ("KNOWN", "PutBucketPolicy", ROLE, reviewer)


def test_what_was_known_stays_when_nobody_answers(bucket: Resource, reviewer: User) -> None:
    change = ask(bucket, reviewer)
    answer(change, Stubbed(NoCredentials("no credentials at all")))  # type: ignore[arg-type]
    assert (change.status, change.reason) == ("UNKNOWN", "no credentials at all")
    PolicyChange.objects.update(event="PutBucketPolicy", at=DAY, status="KNOWN")
    again = ask(bucket, reviewer)
    answer(again, Stubbed(NoCredentials("still none")))  # type: ignore[arg-type]
    assert (again.status, again.event, again.reason) == ("KNOWN", "PutBucketPolicy", "still none")


def test_two_who_ask_at_once_ask_once(bucket: Resource, reviewer: User) -> None:
    first = ask(bucket, reviewer)
    assert ask(bucket, reviewer).asked_at == first.asked_at
    PolicyChange.objects.update(asked_at=timezone.now() - timedelta(minutes=5))
    assert ask(bucket, reviewer).asked_at > first.asked_at - timedelta(minutes=1)


def test_who_may_ask_and_about_what(bucket: Resource, auditor: User, reviewer: User) -> None:
    with pytest.raises(PermissionDenied, match="group Reviewers"):
        ask(bucket, auditor)
    with pytest.raises(ValidationError, match="not in the inventory"):
        AskWhoChanged("arn:aws:s3:::gone", reviewer, wake=False)()


def test_the_page_offers_it_and_shows_the_answer(
    bucket: Resource,
    make_finding: Callable[..., Finding],
    reviewer: User,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    woken: list[int] = []
    monkeypatch.setattr("analyzers.tasks.wake_for_change", lambda pk: not woken.append(pk))  # type: ignore[func-returns-value]
    row = make_finding(resource=bucket.arn)
    client.force_login(reviewer)
    assert "Who changed it?" in client.get(f"/findings/{row.pk}/").content.decode()
    assert client.post(f"/findings/{row.pk}/ask-who-changed/").status_code == 302
    assert woken == [PolicyChange.objects.get().pk]
    fragment = f"/findings/{row.pk}/who-changed/"
    assert "every 2s" in client.get(fragment).content.decode()
    PolicyChange.objects.update(status="KNOWN", event="PutBucketPolicy", at=DAY, by="<b>eve</b>")
    told = client.get(fragment).content.decode()
    assert "every 2s" not in told
    assert "&lt;b&gt;eve" in told


def test_no_worker_is_told(bucket: Resource, reviewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzers.tasks.wake_for_change", lambda pk: False)
    assert "No worker" in AskWhoChanged(bucket.arn, reviewer)().reason
