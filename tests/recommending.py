"""A role with all permissions and what is known of its use, for tests of pages and commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from analyzers.catalogue import actions_of, services
from analyzers.models import Account, Analyzer, Document, Principal, PrincipalPolicy
from analyzers.usage.evidence import Evidence, Report, ServiceAccess, Use
from findings.models import Finding, FindingType

HOME = "111122223333"
ROLE = f"arn:aws:iam::{HOME}:role/thumbnailer"
WIDE = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}
SOME = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Wide", "Effect": "Allow", "Action": ["s3:*", "sqs:*", "sns:*"], "Resource": "*"}],
}
USED = {"s3:GetObject": 2, "s3:PutObject": 2, "sqs:ReceiveMessage": 75}
"""Actions, and days since their last use."""


def role(account: Account, *, arn: str = ROLE, **policies: Any) -> Principal:
    """With inline policies by name; None: the text is not known."""
    principal = Principal.objects.create(arn=arn, account=account, kind="ROLE", name=arn.rsplit("/", 1)[-1])
    for name, document in (policies or {"everything": SOME}).items():
        give(principal, name, document)
    return principal


def give(principal: Principal, name: str, document: Any, **more: Any) -> PrincipalPolicy:
    kept = None
    if document is not None:
        text = document if isinstance(document, str) else json.dumps(document, indent=2)
        kept, _ = Document.objects.get_or_create(sha256=Document.digest(text), defaults={"text": text})
    fields = {"kind": PrincipalPolicy.Kind.INLINE, "name": name, "document": kept}
    return PrincipalPolicy.objects.create(principal=principal, **fields | more)


def evidence(now: datetime | None = None, used: dict[str, int] = USED, *, arn: str = ROLE, days: int = 400) -> Evidence:
    """IAM's report, which lists every service, and events of the uses."""
    now = now or timezone.now()
    lasts = {action: now - timedelta(days=ago) for action, ago in used.items()}
    services_of_report = {service.prefix: ServiceAccess(None, {}) for service in services()}
    for action, last in lasts.items():
        prefix = action.partition(":")[0]
        before = services_of_report[prefix].last
        tracked = {f"{prefix}:{one.name}".lower(): None for one in actions_of(prefix)}
        mine = {name.lower(): when for name, when in lasts.items() if name.startswith(f"{prefix}:")}
        services_of_report[prefix] = ServiceAccess(max(last, before or last), tracked | mine)
    uses = tuple(
        Use(action, "", False, "CLI", "eu-west-1", last - timedelta(days=1), last, {last.date(): 3})
        for action, last in lasts.items()
    )
    return Evidence(arn, uses, Report(now, True, services_of_report))


def finding_of(principal: Principal, *, days: int = 90) -> Finding:
    now = datetime.now(UTC)
    analyzer, _ = Analyzer.objects.get_or_create(
        name="unused",
        defaults={
            "type": "ACCOUNT_UNUSED_ACCESS",
            "scope": HOME,
            "configuration": {"unusedAccess": {"unusedAccessAge": days}},
        },
    )
    return Finding.objects.create(
        analyzer=analyzer,
        key=Document.digest(principal.arn),
        finding_type=FindingType.UNUSED_PERMISSION,
        resource=principal.arn,
        resource_type="AWS::IAM::Role",
        resource_owner_account=principal.account_id,
        details={"summary": f"{principal.name} has permissions that it does not use.", "tracking_period": days},
        created_at=now,
        analyzed_at=now,
        updated_at=now,
    )


def told(monkeypatch: Any, *known: Evidence) -> None:
    """What the usage index tells from now on."""
    by_arn = {one.principal: one for one in known}
    monkeypatch.setattr("analyzers.usage.reading.evidence", lambda arns: {a: by_arn[a] for a in arns if a in by_arn})
