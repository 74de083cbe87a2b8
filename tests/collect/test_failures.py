"""What cannot be read is told, and takes nothing away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from analyzers.actions import CancelCollection, ReadAgain, StartCollection
from analyzers.collect.place import Part, Place
from analyzers.collect.services import SERVICES
from analyzers.collect.storing import Sink
from analyzers.collect.work import _Lease, _Lost, hand_out_again, place_for, work
from analyzers.models import Analyzer, Collection, CollectionPart, LastReading, Principal, Resource
from findings.models import Finding

from .faults import Fault, FaultyAccess
from .world import World, scan

pytestmark = pytest.mark.django_db(transaction=True)


def collect(*faults: Fault, role_name: str = "", accounts: tuple[str, ...] = ()) -> Collection:
    organization = not accounts
    collection = StartCollection(
        user=None, organization=organization, accounts=accounts, regions=["us-east-1"], role_name=role_name, wake=False
    )()
    work(collection.pk, access=FaultyAccess(faults, role=collection.role_name))
    collection.refresh_from_db()
    return collection


def part(collection: Collection, service: str, account: str) -> CollectionPart:
    return collection.parts.get(service=service, account=account)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world(3, 3)


def test_a_list_that_is_denied_keeps_what_was_known(world: World) -> None:
    collect()
    analyzer = Analyzer.objects.create(name="outside", type="ORGANIZATION", scope=world.organization)
    scan(analyzer)
    before = set(Finding.objects.filter(status="ACTIVE").values_list("resource", flat=True))
    denied = collect(Fault("ListAllMyBuckets", "denied"), Fault("ListBuckets", "denied"), Fault("ListQueues", "denied"))
    scan(analyzer)
    assert denied.status == "COMPLETED"
    assert set(Finding.objects.filter(status="ACTIVE").values_list("resource", flat=True)) == before
    unread = part(denied, "s3", world.accounts[0])
    assert unread.status == "NOT_READ"
    assert unread.problems[0]["permission"] == "s3:ListAllMyBuckets"
    assert unread.problems[0]["code"] == "AccessDenied"


def test_one_policy_that_is_denied_is_an_error_of_its_resource(world: World) -> None:
    bucket = next(arn for arn, _ in sorted(world.grants) if arn.startswith("arn:aws:s3:::"))
    collection = collect(Fault("GetBucketPolicy", "denied"))
    resource = Resource.objects.get(arn=bucket)
    assert "GetBucketPolicy" in resource.error
    assert "s3:GetBucketPolicy" in resource.error
    assert part(collection, "s3", resource.account_id).status == "PARTLY"
    analyzer = Analyzer.objects.create(name="outside", type="ORGANIZATION", scope=world.organization)
    scan(analyzer)
    assert Finding.objects.get(resource=bucket, status="ACTIVE").error


def test_throttling_is_waited_for(world: World) -> None:
    fault = Fault("ListTopics", "throttled", times=2)
    collection = collect(fault, accounts=(world.accounts[0],))
    assert fault.seen == 2
    assert part(collection, "sns", world.accounts[0]).status == "READ"


def test_a_time_out_is_told_and_can_be_tried_again(world: World) -> None:
    account = world.accounts[0]
    collection = collect(Fault("ListTopics", "timeout"), accounts=(account,))
    unread = part(collection, "sns", account)
    assert unread.status == "NOT_READ"
    assert unread.problems[0]["code"] == "ReadTimeoutError"
    assert ReadAgain(collection, user=None, wake=False)() > 0
    work(collection.pk, access=FaultyAccess([], role=collection.role_name))
    collection.refresh_from_db()
    assert collection.status == "COMPLETED"
    assert part(collection, "sns", account).status == "READ"


def test_a_role_that_is_not_given_leaves_the_account_out_with_one_reason(world: World) -> None:
    collection = collect(Fault("AssumeRole", "denied"))
    # moto gives any role; the fault sits in the account's own clients, so the first call stands for it.
    denied = collect(Fault("DescribeRegions", "denied", account=world.accounts[0]))
    first = part(denied, "regions", world.accounts[0])
    assert first.status == "NOT_READ"
    assert first.problems[0]["permission"] == "ec2:DescribeRegions"
    assert part(denied, "iam", world.accounts[0]).status == "READ"
    assert collection.status == "COMPLETED"


def test_an_organization_that_cannot_be_read_ends_the_collection(world: World) -> None:
    collection = collect(Fault("DescribeOrganization", "denied"))
    assert collection.status == "FAILED"
    assert "organizations:DescribeOrganization" in collection.error


def test_what_a_worker_left_is_taken_up_again(world: World) -> None:
    account = world.accounts[0]
    collection = StartCollection(user=None, accounts=[account], regions=["us-east-1"], wake=False)()
    access = FaultyAccess([], role=collection.role_name)
    work(collection.pk, access=access, most=2)
    assert collection.parts.filter(status="PENDING").exists()
    assert collection.pk in hand_out_again()
    work(collection.pk, access=access)
    collection.refresh_from_db()
    assert collection.status == "COMPLETED"
    assert not collection.parts.filter(status__in=["PENDING", "LEASED"]).exists()


def test_a_cancelled_collection_stops(world: World) -> None:
    collection = StartCollection(user=None, accounts=[world.accounts[0]], regions=["us-east-1"], wake=False)()
    access = FaultyAccess([], role=collection.role_name)
    work(collection.pk, access=access, most=1)
    CancelCollection(collection, user=None)()
    assert work(collection.pk, access=access) == 0
    collection.refresh_from_db()
    assert collection.status == "CANCELED"


def begun(world: World) -> tuple[Collection, CollectionPart]:
    """A collection in which one part is in the hands of a worker that was killed."""
    collection = StartCollection(user=None, accounts=[world.accounts[0]], regions=["us-east-1"], wake=False)()
    work(collection.pk, access=FaultyAccess([], role=collection.role_name), most=1)
    dead = collection.parts.get(service="iam")
    dead.status, dead.lease_owner, dead.attempts = "LEASED", "dead", 1
    dead.lease_expires_at = timezone.now() + timedelta(minutes=1)
    dead.save()
    collection.parts.filter(status="PENDING").exclude(service="sqs").delete()
    return collection, dead


def test_a_part_of_a_killed_worker_is_taken_again_when_its_lease_is_over(world: World) -> None:
    collection, dead = begun(world)
    access = FaultyAccess([], role=collection.role_name)
    work(collection.pk, access=access)
    dead.refresh_from_db()
    assert dead.status == "LEASED", "the worker may still be at it"
    assert collection.pk not in hand_out_again()
    CollectionPart.objects.filter(pk=dead.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert collection.pk in hand_out_again()
    work(collection.pk, access=access)
    dead.refresh_from_db()
    collection.refresh_from_db()
    assert (dead.status, dead.attempts, collection.status) == ("READ", 2, "COMPLETED")
    assert Principal.objects.filter(account=world.accounts[0]).exists()


def test_a_worker_that_lost_its_part_stores_nothing(world: World) -> None:
    collection, dead = begun(world)
    service = SERVICES["iam"]
    lease = _Lease(dead, "somebody else")
    access = FaultyAccess([], role=collection.role_name)
    place = place_for(access, service, dead.account, "")
    with pytest.raises(_Lost):
        Sink(place, service, lease.hold).take(service.read(place))
    assert not Principal.objects.exists()


def test_a_part_that_takes_every_worker_down_is_given_up_and_told(world: World) -> None:
    collection, dead = begun(world)
    CollectionPart.objects.filter(pk=dead.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1), attempts=3)
    work(collection.pk, access=FaultyAccess([], role=collection.role_name))
    dead.refresh_from_db()
    assert dead.status == "NOT_READ"
    assert dead.problems[0]["code"] == "GivenUp"
    assert LastReading.objects.get(service="iam").status == "NOT_READ"


def test_versions_that_cannot_be_listed_are_not_taken_for_gone(db: None) -> None:
    function = "arn:aws:lambda:us-east-1:111122223333:function:f"
    service = SERVICES["lambda"]

    def reading(kept: bool) -> Iterator[Part]:
        yield place.resource(function, "AWS::Lambda::Function")
        if kept:
            place.kept.add("AWS::Lambda::Function")
        else:
            yield place.resource(f"{function}:1", "AWS::Lambda::Function")

    for kept, expected in ((False, 2), (True, 2)):
        place = Place("111122223333", "us-east-1", "aws", service.calls, clients=lambda *_: None)
        sink = Sink(place, service)
        sink.take(reading(kept))
        sink.close()
        assert Resource.objects.count() == expected


def test_what_is_not_as_documented_is_stored_as_not_read(db: None) -> None:
    service = SERVICES["sqs"]
    place = Place("111122223333", "us-east-1", "aws", service.calls, clients=lambda *_: None)
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"a": deep}
    parts: list[Part] = [
        ("resources", {"arn": "arn:aws:sqs:us-east-1:111122223333:a", "type": "AWS::SQS::Queue", "policy": deep}),
        ("resources", {"arn": "arn:aws:sqs:us-east-1:111122223333:b", "type": "AWS::SQS::Queue", "tags": {"a": 1}}),
        (
            "resources",
            {"arn": "arn:aws:sqs:us-east-1:111122223333:c", "type": "AWS::SQS::Queue", "name": "x\x00\ud800"},
        ),
        ("resources", {"arn": "nonsense", "type": "AWS::SQS::Queue"}),
        ("resources", ["a list"]),  # type: ignore[list-item]
    ]
    sink = Sink(place, service)
    sink.take(parts)
    sink.close()
    errors = dict(Resource.objects.values_list("arn", "error"))
    assert len(errors) == 3
    assert "nested" in errors["arn:aws:sqs:us-east-1:111122223333:a"]
    assert errors["arn:aws:sqs:us-east-1:111122223333:b"]
    assert not errors["arn:aws:sqs:us-east-1:111122223333:c"]
    assert len([problem for problem in place.problems if problem.code == "NotUnderstood"]) >= 4
