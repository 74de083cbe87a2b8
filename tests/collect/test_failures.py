"""What cannot be read is told, and takes nothing away."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzers.actions import CancelCollection, ReadAgain, StartCollection
from analyzers.collect.work import hand_out_again, work
from analyzers.models import Analyzer, Collection, CollectionPart, Resource
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
