"""Roles have no region: one row here, one a region for the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from analyzers.actions import CreateAnalyzer
from analyzers.models import Account, Analyzer
from findings.models import Finding
from findings.wire import regions_of


def test_a_role_is_listed_in_each_region_of_its_analyzer(
    analyzer: Analyzer, make_finding: Callable[..., Finding]
) -> None:
    role = make_finding(resource="arn:aws:iam::111122223333:role/r", resource_type="AWS::IAM::Role")
    queue = make_finding(resource="arn:aws:sqs:eu-west-1:111122223333:q", resource_type="AWS::SQS::Queue")
    assert regions_of(role) == [""]
    analyzer.configuration = {"regions": ["eu-central-1", "us-east-1"]}
    analyzer.save()
    role.refresh_from_db()
    queue.refresh_from_db()
    assert regions_of(role) == ["eu-central-1", "us-east-1"]
    assert regions_of(queue) == ["eu-west-1"]


@pytest.mark.parametrize("configuration", [{"regions": "eu-central-1"}, {"regions": ["nowhere"]}, {"days": 3}])
def test_what_is_no_configuration(account: Account, configuration: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="takes no configuration but"):
        CreateAnalyzer("x", "ACCOUNT", account.pk, None, configuration)()


def test_regions_are_kept(account: Account) -> None:
    made = CreateAnalyzer("x", "ACCOUNT", account.pk, None, {"regions": ["eu-central-1"]})()
    assert Analyzer.objects.get(pk=made.pk).configuration == {"regions": ["eu-central-1"]}
