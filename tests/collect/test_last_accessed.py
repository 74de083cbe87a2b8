"""IAM's last-accessed reports. moto does not make them, so IAM's answers are stubbed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from django.utils import timezone

from analyzers.collect.place import Part, Place
from analyzers.collect.plan import after_regions
from analyzers.collect.services import LAST_ACCESSED, last_accessed
from analyzers.collect.storing import Sink
from analyzers.models import Collection, LastAccessedReport, LastReading
from analyzers.usage.evidence import State
from analyzers.usage.reading import evidence

ACCOUNT = "111122223333"
ROLE, USER = f"arn:aws:iam::{ACCOUNT}:role/team/app", f"arn:aws:iam::{ACCOUNT}:user/ann"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
USED = NOW - timedelta(days=3)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(last_accessed, "time", made)
    return made


class Iam:
    def __init__(self) -> None:
        self.client = boto3.client("iam", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        self.stub = Stubber(self.client)
        self.stub.activate()

    def has(self, *roles: str, users: tuple[str, ...] = ()) -> Iam:
        stamp = {"CreateDate": NOW, "Path": "/"}
        self.stub.add_response(
            "list_users",
            {
                "Users": [{**stamp, "UserName": "u", "UserId": "A" * 16, "Arn": arn} for arn in users],
                "IsTruncated": False,
            },
        )
        rows = [
            {
                **stamp,
                "RoleName": "r",
                "RoleId": "A" * 16,
                "Arn": arn,
                "Path": "/" + arn.split(":role/")[1].rpartition("/")[0] + "/",
            }
            for arn in roles
        ]
        self.stub.add_response("list_roles", {"Roles": rows, "IsTruncated": False})
        return self

    def job(self, arn: str, number: int) -> Iam:
        self.stub.add_response(
            "generate_service_last_accessed_details",
            {"JobId": f"{number:036d}"},
            {"Arn": arn, "Granularity": "ACTION_LEVEL"},
        )
        return self

    def answer(self, number: int, *services: dict[str, Any], marker: str = "", following: str = "", **more: Any) -> Iam:
        answer: dict[str, Any] = {
            "JobStatus": "COMPLETED",
            "JobType": "ACTION_LEVEL",
            "JobCreationDate": NOW,
            "JobCompletionDate": NOW,
            "ServicesLastAccessed": list(services),
            "IsTruncated": bool(following),
            **more,
        }
        if following:
            answer["Marker"] = following
        asked = {"JobId": f"{number:036d}", **({"Marker": marker} if marker else {})}
        self.stub.add_response("get_service_last_accessed_details", answer, asked)
        return self

    def place(self) -> Place:
        return Place(ACCOUNT, "", "aws", LAST_ACCESSED.calls, lambda service, region: self.client)


def service(prefix: str, last: datetime | None = None, **actions: datetime | None) -> dict[str, Any]:
    found: dict[str, Any] = {"ServiceName": prefix, "ServiceNamespace": prefix}
    if last:
        found |= {"LastAuthenticated": last, "LastAuthenticatedRegion": "eu-central-1"}
    if actions:
        found["TrackedActionsLastAccessed"] = [
            {"ActionName": name, **({"LastAccessedTime": moment} if moment else {})} for name, moment in actions.items()
        ]
    return found


def read(place: Place) -> list[Part]:
    return list(LAST_ACCESSED.read(place))


def store(place: Place) -> Sink:
    sink = Sink(place, LAST_ACCESSED)
    sink.take(LAST_ACCESSED.read(place))
    sink.close()
    return sink


def test_a_report_is_waited_for_and_read_page_by_page(clock: Clock) -> None:
    iam = Iam().has(ROLE).job(ROLE, 1)
    iam.answer(1, JobStatus="IN_PROGRESS").answer(1, JobStatus="IN_PROGRESS")
    iam.answer(1, service("s3", USED), following="m")
    iam.answer(1, service("sqs"), service("ec2", USED, RunInstances=USED, StopInstances=None), marker="m")
    ((section, found),) = read(iam.place())
    assert (section, found["principal"], found["by_action"]) == ("last_accessed", ROLE, True)
    assert found["asked_at"] == NOW.isoformat()
    assert [one["service"] for one in found["services"]] == ["s3", "sqs", "ec2"]
    assert found["services"][1] == {"service": "sqs", "last_accessed": None, "region": ""}
    assert found["services"][2]["actions"] == [
        {"action": "RunInstances", "last_accessed": USED.isoformat()},
        {"action": "StopInstances", "last_accessed": None},
    ]
    assert clock.now == 1.0


def test_service_linked_roles_are_left_out() -> None:
    linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
    assert read(Iam().has(linked).place()) == []


@pytest.mark.django_db
def test_reports_become_evidence() -> None:
    iam = Iam().has(ROLE, users=(USER,)).job(USER, 1).job(ROLE, 2)
    iam.answer(1, service("sqs")).answer(2, service("ec2", USED, RunInstances=USED, StopInstances=None))
    sink = store(iam.place())
    assert sink.found == 2
    assert not sink.store.accounts, "no analysis is asked for"
    known = evidence([ROLE, USER])
    since = NOW - timedelta(days=90)
    assert known[ROLE].of_action("ec2:RunInstances", since, NOW).state == State.USED
    assert known[ROLE].of_action("ec2:StopInstances", since, NOW).state == State.UNUSED
    assert known[ROLE].of_action("ec2:DescribeInstances", since, NOW).state == State.UNKNOWN
    assert known[ROLE].of_service("s3", since, NOW).state == State.UNKNOWN
    assert known[USER].of_service("sqs", since, NOW).state == State.UNUSED


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["failed", "late", "refused"])
def test_a_report_that_fails_keeps_the_one_before_and_the_others_go_on(how: str, clock: Clock) -> None:
    LastAccessedReport.objects.create(
        principal=ROLE, account=ACCOUNT, asked_at=USED, services=[{"service": "s3", "last_accessed": None}]
    )
    iam = Iam().has(ROLE, users=(USER,)).job(USER, 1).job(ROLE, 2).answer(1, service("sqs"))
    if how == "failed":
        iam.answer(2, JobStatus="FAILED", Error={"Message": "no luck", "Code": "ServiceFailure"})
    elif how == "late":
        for _ in range(int(last_accessed.PATIENCE / last_accessed.PAUSE) + 2):
            iam.answer(2, JobStatus="IN_PROGRESS")
    else:
        iam.stub.add_client_error("get_service_last_accessed_details", "InvalidInput", "odd", 400)
    store(iam.place())
    kept = LastAccessedReport.objects.get(principal=ROLE)
    assert (kept.asked_at, kept.services) == (USED, [{"service": "s3", "last_accessed": None}])
    assert kept.error
    assert LastAccessedReport.objects.get(principal=USER).error == ""


@pytest.mark.django_db
def test_a_principal_without_any_report_is_not_known() -> None:
    iam = Iam().has(ROLE).job(ROLE, 1)
    iam.answer(1, JobStatus="FAILED", Error={"Message": "no luck", "Code": "ServiceFailure"})
    store(iam.place())
    known = evidence([ROLE])[ROLE]
    assert known.report is None
    assert known.of_service("s3", NOW - timedelta(days=90), NOW).state == State.UNKNOWN


def test_a_right_that_is_missing_is_told_once() -> None:
    iam = Iam().has(ROLE, ROLE + "2")
    iam.stub.add_client_error("generate_service_last_accessed_details", "AccessDenied", "no", 403)
    with pytest.raises(ClientError):
        read(iam.place())


def test_one_that_was_deleted_meanwhile_is_no_problem() -> None:
    iam = Iam().has(ROLE, ROLE + "2")
    iam.stub.add_client_error("generate_service_last_accessed_details", "NoSuchEntity", "gone", 404)
    iam.job(ROLE + "2", 2)
    iam.stub.add_client_error("get_service_last_accessed_details", "NoSuchEntity", "gone", 404)
    place = iam.place()
    assert read(place) == []
    assert not place.problems


@pytest.mark.django_db
def test_an_older_report_does_not_replace_a_newer_one(organization_store: Any) -> None:
    told = {"principal": ROLE, "asked_at": NOW.isoformat(), "services": [{"service": "s3", "last_accessed": None}]}
    organization_store.last_accessed([told])
    older = {**told, "asked_at": (NOW - timedelta(days=1)).isoformat(), "services": []}
    organization_store.last_accessed([older])
    assert LastAccessedReport.objects.get().asked_at == NOW
    assert LastAccessedReport.objects.get().services == told["services"]


@pytest.fixture
def organization_store() -> Any:
    from analyzers.inventory.store import Store

    return Store()


@pytest.mark.django_db
def test_reports_are_asked_for_once_a_day_and_can_be_left_out(settings: Any) -> None:
    def asked() -> bool:
        collection = Collection.objects.create()
        after_regions(collection, ACCOUNT, ["us-east-1"])
        return collection.parts.filter(service="last-accessed").exists()

    settings.COLLECT_LAST_ACCESSED = True
    assert asked()
    LastReading.objects.create(
        account=ACCOUNT, service="last-accessed", status="READ", at=timezone.now(), read_at=timezone.now()
    )
    assert not asked()
    LastReading.objects.update(read_at=timezone.now() - timedelta(hours=21))
    assert asked()
    settings.COLLECT_LAST_ACCESSED = False
    assert not asked()
