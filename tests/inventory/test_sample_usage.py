"""The made-up use of the sample organization: the stories that reviewers are to find in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from analyzers.inventory import tracked
from analyzers.models import AnalyzedResource, Analyzer, LastAccessedReport, Organization, Principal, Usage
from analyzers.scans import request_scan, work
from analyzers.usage.rhythm import rhythm
from findings.models import Finding
from samples import usage
from samples.build import ID

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FUNCTION = usage.role("payments", "invoice-function")

pytestmark = pytest.mark.django_db


def told() -> list[Any]:
    rows = Usage.objects.order_by("principal", "action", "denied")
    return list(rows.values_list("principal", "action", "denied", "first_used_at", "last_used_at", "days"))


def test_the_same_day_tells_the_same_and_a_second_time_changes_nothing(organization: Organization) -> None:
    usage.load(NOW)
    first = told()
    reports = list(LastAccessedReport.objects.values_list("principal", "services"))
    usage.load(NOW)
    assert told() == first
    assert list(LastAccessedReport.objects.values_list("principal", "services")) == reports
    assert all(used <= NOW for *_, used, _ in first)


def test_a_function_with_every_right_uses_five_actions_one_monthly_and_one_quarterly(
    organization: Organization,
) -> None:
    usage.load(NOW)
    rows = Usage.objects.filter(principal=FUNCTION, denied=False)
    assert rows.count() == 5
    found = {row.action: rhythm([datetime.fromisoformat(day).date() for day in row.days]) for row in rows}
    assert {name: one.words for name, one in found.items() if one is not None} == {
        "ses:SendEmail": "once a month",
        "athena:StartQueryExecution": "once a quarter",
    }
    assert Usage.objects.get(principal=FUNCTION, denied=True).action == "organizations:ListAccounts"
    report = LastAccessedReport.objects.get(principal=FUNCTION)
    assert len(report.services) > 400
    assert sum(1 for one in report.services if one["last_accessed"]) == 5


def test_the_analyzers_find_the_stories(organization: Organization) -> None:
    usage.load(timezone.now())
    found: dict[int, set[tuple[str, str]]] = {}
    for days in (365, 90):
        analyzer = Analyzer.objects.create(
            name=f"unused-{days}",
            type="ORGANIZATION_UNUSED_ACCESS",
            scope=organization.pk,
            configuration=tracked.configuration_of(days),
        )
        work(request_scan(analyzer).pk)
        rows = Finding.objects.filter(analyzer=analyzer)
        found[days] = {(row.finding_type, row.resource) for row in rows}
        unknown = AnalyzedResource.objects.filter(analyzer=analyzer).exclude(error="")
        assert [row.resource_arn for row in unknown] == [usage.UNKNOWN]
        assert not rows.filter(resource=usage.UNKNOWN).exists()
        services = rows.get(resource=FUNCTION).details["services"]
        athena = next(one for one in services if one["service"] == "athena")
        assert athena["whole"] == (days == 90)
    for days in (365, 90):
        assert ("UnusedIAMRole", usage.role("mobile-backend", "x7-tmp2")) in found[days]
        assert ("UnusedIAMUserAccessKey", usage.user("payments", "legacy-batch")) in found[days]
        assert ("UnusedIAMUserAccessKey", usage.user("shop-production", "old-ci")) in found[days]
        assert not any(kind == "UnusedIAMRole" and arn == FUNCTION for kind, arn in found[days])
    vendor = ("UnusedIAMRole", usage.role("backup", "backup-vendor"))
    assert vendor in found[90]
    assert vendor not in found[365]
    assert {kind for kind, _ in found[90]} == {
        "UnusedIAMRole",
        "UnusedIAMUserAccessKey",
        "UnusedIAMUserPassword",
        "UnusedPermission",
    }


def test_it_is_told_of_nobody_who_is_not_there(organization: Organization) -> None:
    known = set(Principal.objects.values_list("arn", flat=True))
    assert set(ID.values())
    story = usage.story()
    named = {job.principal for job in story.jobs} | set(story.roles) | set(story.keys) | set(story.passwords)
    assert named | set(story.tags) <= known
