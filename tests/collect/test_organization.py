"""A whole organization, from AWS to findings."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.management import call_command

from analyzers.collect.services import IN_EACH_REGION
from analyzers.models import Account, Analyzer, Collection, ControlPolicy, Principal, Resource
from findings.models import Finding

from .world import PLANTED, REGIONS, World, scan

pytestmark = pytest.mark.django_db(transaction=True)


def collect(*arguments: str, status: int = 0) -> str:
    """What the command says."""
    out = io.StringIO()
    ended = 0
    try:
        call_command("collect", *arguments, "--readers", "4", stdout=out, stderr=io.StringIO())
    except SystemExit as error:
        ended = int(error.code or 0)
    assert ended == status, out.getvalue()
    return out.getvalue()


def found(analyzer: Analyzer) -> set[tuple[str, str]]:
    """(resource, account outside) of each active finding."""
    scan(analyzer)
    rows = Finding.objects.filter(analyzer=analyzer, status="ACTIVE")
    assert not [row.error for row in rows if row.error]
    accounts = {(row.resource, next(iter(row.principal.values()))) for row in rows}
    return {(resource, arn.split(":")[4] if ":" in arn else arn) for resource, arn in accounts}


def test_every_grant_is_found_and_no_trap(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tuple(service for service in IN_EACH_REGION if service.name in PLANTED)
    monkeypatch.setattr("analyzers.collect.plan.IN_EACH_REGION", planted)
    world = make_world(20261124, 30)
    said = collect("--organization", "--regions", ",".join(REGIONS), "--page-size", "3")
    assert "31 accounts" in said
    assert set(Account.objects.values_list("pk", flat=True)) == {world.management, *world.accounts}
    assert Account.objects.exclude(organization=world.organization).count() == 0
    assert {policy.name for policy in ControlPolicy.objects.filter(kind="RESOURCE_CONTROL_POLICY")} >= {"perimeter"}
    analyzer = Analyzer.objects.create(name="outside", type="ORGANIZATION", scope=world.organization)
    reported = found(analyzer)
    assert reported == world.grants
    assert world.traps
    assert not {resource for resource, _ in reported} & world.traps

    # A resource that is gone takes its findings with it.
    gone = next(arn for arn, _ in sorted(world.grants) if ":sqs:" in arn)
    region, account, name = gone.split(":")[3:6]
    client = world.client("sqs", account, region)
    client.delete_queue(QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"])
    collect("--account", account, "--regions", region)
    assert not Resource.objects.filter(arn=gone).exists()
    assert found(analyzer) == {grant for grant in world.grants if grant[0] != gone}


def test_principals_come_with_their_policies_and_boundaries(make_world: Callable[..., World]) -> None:
    world = make_world(7, 2)
    # Some services are not in moto.
    said = collect("--organization", "--regions", "us-east-1", status=1)
    assert "Not read:" in said
    account = world.accounts[0]
    role = Principal.objects.get(arn=f"arn:aws:iam::{account}:role/partner-0")
    kinds = {policy.kind: policy for policy in role.policies.select_related("document")}
    assert set(kinds) == {"INLINE", "BOUNDARY"}
    assert kinds["BOUNDARY"].document is not None
    assert "s3:*" in kinds["BOUNDARY"].document.text
    user = Principal.objects.get(arn=f"arn:aws:iam::{account}:user/user-0")
    assert user.groups == [f"arn:aws:iam::{account}:group/staff"]
    assert len(user.credentials["access_keys"]) == 1
    # The same once more, in pages of another size: nothing is different, so nothing is analysed again.
    before = list(Resource.objects.values("arn", "configuration", "documents", "tags", "created_at").order_by("arn"))
    collect("--organization", "--regions", "us-east-1", "--page-size", "2", status=1)
    after = list(Resource.objects.values("arn", "configuration", "documents", "tags", "created_at").order_by("arn"))
    assert after == before
    again = Collection.objects.first()
    assert again is not None
    assert again.changed_accounts == []
