"""Made-up use of the sample organization: what IAM's reports, key and password dates and trails would tell of it.

Everything is told relative to a day, so that a job that ran a month ago did so whenever the sample is loaded. The same
day gives the same use.

    python manage.py shell -c "from samples.usage import load; from django.utils import timezone; load(timezone.now())"
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from analyzers.catalogue import Action, actions_of, services
from analyzers.models import LastAccessedReport, Principal, Usage, UsageCoverage, UsageFeed

from .build import ACCOUNTS, ADMIN, ID, READ_ONLY, REGION

SEED = 5
REACH = 400
UNKNOWN = f"arn:aws:iam::{ID['audit']}:role/security-audit"
"""Nobody asked IAM about it: what it uses is not known."""
TRAILED = ("payments", "shop-production", "photos-production", "data-platform")
"""Accounts whose trails were read."""
RECORDED = ("s3",)
"""Services whose data events those trails record."""
UNTRACKED = {"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "iam:PassRole"}
"""Actions that IAM's report does not tell of."""
GRANTED = {
    ADMIN: ("*",),
    READ_ONLY: ("s3", "ec2", "iam"),
}


@dataclass
class Job:
    """`action` on `resource`, so many `times` a day on the days (before the day of loading) that `ago` lists."""

    principal: str
    action: str
    ago: list[int]
    resource: str = ""
    times: int = 1
    denied: bool = False
    source: str = "OTHER"
    session: str = ""


@dataclass
class Story:
    """`used`: {principal: days since its last use, None for never}. `tags` of principals."""

    jobs: list[Job] = field(default_factory=list)
    roles: dict[str, int | None] = field(default_factory=dict)
    keys: dict[str, int | None] = field(default_factory=dict)
    passwords: dict[str, int | None] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)


def role(account: str, name: str) -> str:
    return f"arn:aws:iam::{ID[account]}:role/{name}"


def user(account: str, name: str) -> str:
    return f"arn:aws:iam::{ID[account]}:user/{name}"


def every(days: int, last: int, reach: int = REACH) -> list[int]:
    return list(range(last, reach, days))


def story() -> Story:
    made = Story()
    dice = random.Random(SEED)
    for _, account, _ in ACCOUNTS:
        _ordinary(made, account, dice)
    _function(made)
    _forgotten(made)
    return made


def _ordinary(made: Story, account: str, dice: random.Random) -> None:
    """What every account has: people who look, pipelines that build, audits once a month."""
    bucket = f"arn:aws:s3:::{account}-artifacts/*"
    for job, last in (("build", dice.randint(0, 2)), ("deploy", dice.randint(1, 6))):
        arn = role(account, f"{account}-{job}")
        made.roles[arn] = last
        days = every(1 if job == "build" else 5, last)
        made.jobs += [
            Job(arn, "s3:GetObject", days, bucket, dice.randint(2, 90), source="SERVICE", session="AWSCodeBuild-1"),
            Job(arn, "s3:PutObject", days, bucket, dice.randint(1, 20), source="SERVICE", session="AWSCodeBuild-1"),
        ]
        made.tags[arn] = {"team": account.split("-")[0], "repository": f"example-corp/{account}"}
    operations, audit = role(account, "ops-automation"), role(account, "security-audit")
    made.roles |= {operations: 1, audit: 12, role(account, "backup-operator"): dice.choice([3, 130, None])}
    made.roles[role(account, "organization-access")] = dice.choice([9, 20, 150, 290])
    made.jobs += [
        Job(operations, "ec2:DescribeInstances", every(1, 1), times=24, source="SERVICE"),
        Job(operations, "ec2:DescribeVolumes", every(7, 2), times=2, source="SERVICE"),
        Job(audit, "iam:ListRoles", every(30, 12), times=4, source="CLI", session="auditor"),
        Job(audit, "s3:GetBucketPolicy", every(30, 12), times=11, source="CLI", session="auditor"),
    ]
    administrator = role(account, "organization-access")
    if (ago := made.roles[administrator]) is not None:
        made.jobs.append(Job(administrator, "iam:ListRoles", [ago, ago + 1, ago + 40], source="CONSOLE"))
    for number in range(1, 4):
        person = user(account, f"{account}-dev{number}")
        made.keys[person] = dice.choice([1, 2, 3, 4, 120]) if number == 3 else dice.randint(0, 6)
        made.passwords[person] = dice.choice([5, 200, None]) if number == 2 else dice.randint(1, 20)
        last = min(day for day in (made.keys[person], made.passwords[person]) if day is not None)
        made.jobs += [
            Job(person, "s3:ListAllMyBuckets", every(3, last), times=3, source="CLI"),
            Job(person, "ec2:DescribeInstances", every(4, last), times=5, source="CONSOLE"),
        ]
        made.tags[person] = {"Owner": f"dev{number}@{account}.example"}


def _function(made: Story) -> None:
    """May do everything and uses five actions, one of them once a month and one once a quarter."""
    arn = role("payments", "invoice-function")
    made.roles[arn] = 0
    made.tags[arn] = {"Owner": "billing@payments.example", "service": "invoices"}
    invoices = "arn:aws:s3:::payment-reports/*"
    table = f"arn:aws:dynamodb:{REGION}:{ID['payments']}:table/settlements"
    shared: dict[str, Any] = {"source": "SERVICE", "session": "invoice-function"}
    made.jobs += [
        Job(arn, "s3:GetObject", every(1, 0), invoices, 40, **shared),
        Job(arn, "s3:PutObject", every(1, 0), invoices, 12, **shared),
        Job(arn, "dynamodb:Query", every(1, 0), table, 60, **shared),
        Job(arn, "ses:SendEmail", every(30, 17), "", 30, **shared),
        Job(arn, "athena:StartQueryExecution", every(91, 96), "", 1, **shared),
        Job(arn, "organizations:ListAccounts", [44, 45, 46], "", 2, denied=True, **shared),
    ]


def _forgotten(made: Story) -> None:
    made.roles |= {
        role("mobile-backend", "x7-tmp2"): None,
        role("shop-production", "github-anyone"): None,
        role("shop-production", "github-deploy"): 1,
        role("shop-production", "monitoring-vendor"): 0,
        role("data-platform", "analytics-vendor"): 33,
        role("backup", "backup-vendor"): 210,
        role("log-archive", "log-reader"): 70,
        role("management", "sso-admin"): 2,
        role("audit", "sso-admin"): 240,
        role("sandbox-alice", "sandbox-alice-build"): 310,
        role("sandbox-alice", "sandbox-alice-deploy"): 310,
        role("sandbox-team", "sandbox-team-deploy"): None,
    }
    made.keys |= {user("payments", "legacy-batch"): 480, user("shop-production", "old-ci"): None}
    made.tags |= {
        role("sandbox-alice", "sandbox-alice-build"): {"Owner": "alice@sandbox.example"},
        role("backup", "backup-vendor"): {"contact": "backup-team@example.com", "aws:cloudformation:stack-name": "bk"},
    }
    vendor = role("shop-production", "monitoring-vendor")
    made.jobs += [
        Job(vendor, "ec2:DescribeInstances", every(1, 0), times=288, source="CLI", session="vendor"),
        Job(role("data-platform", "analytics-vendor"), "s3:ListAllMyBuckets", every(92, 33), source="CLI"),
    ]
    for arn, last in made.roles.items():  # what IAM says of the role itself holds for its jobs, too
        for job in made.jobs:
            if job.principal == arn:
                job.ago = [] if last is None else [day for day in job.ago if day >= last]


# -- loading -------------------------------------------------------------------------------------------------------


def load(now: datetime) -> None:
    """Say what was used before `now`. The organization must be loaded; said again, it replaces what was said before."""
    told = story()
    principals = {row.arn: row for row in Principal.objects.exclude(kind="GROUP").prefetch_related("policies")}
    groups = {row.arn: row for row in Principal.objects.filter(kind="GROUP").prefetch_related("policies")}
    _credentials(told, principals, now)
    UsageFeed.objects.filter(kind=UsageFeed.Kind.UPLOAD, location="sample organization").delete()
    feed = UsageFeed.objects.create(kind=UsageFeed.Kind.UPLOAD, location="sample organization")
    trailed = {ID[name] for name in TRAILED}
    Usage.objects.bulk_create(
        _usage(feed, job, now) for job in told.jobs if job.ago and job.principal.split(":")[4] in trailed
    )
    UsageCoverage.objects.bulk_create(
        UsageCoverage(
            feed=feed,
            account=account,
            first_day=now.date() - timedelta(days=REACH),
            last_day=now.date(),
            regions=["*"],
            data_events=list(RECORDED),
        )
        for account in sorted(trailed)
    )
    LastAccessedReport.objects.filter(principal__in=principals).delete()
    wanted = [row for arn, row in sorted(principals.items()) if arn != UNKNOWN and "/aws-service-role/" not in row.path]
    LastAccessedReport.objects.bulk_create(_report(told, row, _held(row, groups), now) for row in wanted)


def _credentials(told: Story, principals: Mapping[str, Principal], now: datetime) -> None:
    for arn, row in principals.items():
        row.read_at = now
        row.tags = {**row.tags, **told.tags.get(arn, {})}
        if row.kind == Principal.Kind.ROLE:
            row.last_used_known, row.last_used_at = True, _ago(now, told.roles.get(arn))
            continue
        keys = [
            {**key, "last_used_at": _text(_ago(now, told.keys.get(arn))), "known": True}
            for key in row.credentials.get("access_keys") or ()
        ]
        password = row.credentials.get("password")
        if password:
            password = {**password, "last_used_at": _text(_ago(now, told.passwords.get(arn))), "known": True}
        row.credentials = {"access_keys": keys, "password": password}
    names = ["read_at", "tags", "last_used_known", "last_used_at", "credentials"]
    Principal.objects.bulk_update(principals.values(), names, batch_size=500)


def _usage(feed: UsageFeed, job: Job, now: datetime) -> Usage:
    days = {str(now.date() - timedelta(days=ago)): job.times for ago in job.ago}
    return Usage(
        feed=feed,
        principal=job.principal,
        account=job.principal.split(":")[4],
        action=job.action,
        resource=job.resource,
        region=REGION,
        source=job.source,
        denied=job.denied,
        first_used_at=_morning(now, max(job.ago)),
        last_used_at=_morning(now, min(job.ago)),
        days=days,
        sessions=[job.session] if job.session else [],
    )


def _held(row: Principal, groups: Mapping[str, Principal]) -> list[Any]:
    owners = [row, *(groups[arn] for arn in row.groups if arn in groups)]
    return [policy for owner in owners for policy in owner.policies.all() if policy.kind != "BOUNDARY"]


def _report(told: Story, row: Principal, held: list[Any], now: datetime) -> LastAccessedReport:
    used: dict[str, datetime] = {}
    for job in told.jobs:
        if job.principal == row.arn and job.ago:
            last = _morning(now, min(job.ago))
            used[job.action] = max(last, used.get(job.action, last))
    return LastAccessedReport(
        principal=row.arn,
        account=row.account_id,
        asked_at=now,
        by_action=True,
        services=[_service(prefix, used) for prefix in sorted(_prefixes(held))],
    )


def _service(prefix: str, used: Mapping[str, datetime]) -> dict[str, Any]:
    here = {action: last for action, last in used.items() if action.partition(":")[0] == prefix}
    last = max(here.values(), default=None)
    tracked = [one for one in actions_of(prefix) if _tracked(one)] if here else []
    return {
        "service": prefix,
        "last_accessed": _text(last),
        "region": REGION if last else "",
        "actions": [{"action": one.name, "last_accessed": _text(here.get(one.full_name))} for one in tracked],
    }


def _tracked(one: Action) -> bool:
    return one.full_name not in UNTRACKED and "Tagging" not in one.access_level


def _prefixes(held: list[Any]) -> set[str]:
    """The services that policies of the sample allow."""
    found: set[str] = set()
    for policy in held:
        named = GRANTED.get(policy.arn) or STORIES.get(policy.name, ("s3",))
        found |= {one.prefix for one in services()} if "*" in named else set(named)
    return found


STORIES: Mapping[str, tuple[str, ...]] = {"everything": ("*",), "leftover": ("s3",)}
"""By the name of an inline policy; the others are about S3."""


def _morning(now: datetime, ago: int) -> datetime:
    """A time of that day which is not later than `now`."""
    day: date = now.date() - timedelta(days=ago)
    return min(now, datetime.combine(day, time(6, 30), now.tzinfo))


def _ago(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else _morning(now, days)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
