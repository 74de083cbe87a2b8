"""Everybody inside, with what decides about them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analyzers.inventory.load import load
from analyzers.inventory.population import population
from analyzers.models import Analyzer, Organization, Principal
from tests.inventory.test_import import SAMPLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    load([SAMPLE])
    return Organization.objects.get()


def test_an_organization_with_few_queries(organization: Organization) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = population(Analyzer(type="ORGANIZATION_INTERNAL_ACCESS", scope=organization.pk))
    assert len(queries) <= 8
    assert len(found.members) == Principal.objects.exclude(kind="GROUP").count()
    assert [member.arn for member in found.members] == sorted(member.arn for member in found.members)
    assert len(found.homes) == 12
    assert [home.account for home in found.homes.values() if home.management] == [organization.management_account]
    member = next(home for home in found.homes.values() if not home.management)
    assert member.scp_levels is not None
    assert next(iter(member.scp_levels)) == "root"
    assert len(member.scp_levels) >= 2
    assert member.path.startswith(f"{organization.pk}/{organization.root}/")
    roles = [one for one in found.members if one.kind == "IAM_ROLE"]
    assert all(role.trust for role in roles)
    assert any(one.identity for one in found.members)


def test_one_account(organization: Organization) -> None:
    account = Principal.objects.exclude(kind="GROUP").values_list("account", flat=True)[0]
    found = population(Analyzer(type="ACCOUNT_INTERNAL_ACCESS", scope=account))
    assert set(found.homes) == {account}
    assert {member.account for member in found.members} == {account}
    assert found.organization == organization.pk


def test_policies_of_groups_and_boundaries_count(organization: Organization) -> None:
    user = Principal.objects.filter(kind="USER").exclude(groups=[]).first()
    assert user is not None
    found = {
        one.arn: one for one in population(Analyzer(type="ORGANIZATION_INTERNAL_ACCESS", scope=organization.pk)).members
    }
    group = Principal.objects.get(arn=user.groups[0])
    texts = {policy.document.text for policy in group.policies.all() if policy.document}
    assert texts
    assert texts <= set(found[user.arn].identity)
    bounded = Principal.objects.filter(policies__kind="BOUNDARY", policies__document__isnull=False).first()
    assert bounded is not None
    assert found[bounded.arn].boundary is not None
