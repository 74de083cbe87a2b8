"""Asking again about single resources, beside the scans: nothing else is touched, and no scan is disturbed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from analyzers.inventory.subjects import resources_in_scope
from analyzers.models import SCANNED_TYPES, Account, AnalyzedResource, Analyzer, Scan
from findings.actions.record import record, resolve_vanished
from findings.models import Finding

from .jobs import ExternalJob
from .work import answer_of, told


def scan_resources(arns: Collection[str], accounts: Iterable[str]) -> int:
    """Ask about these resources in every analyzer whose zone holds one of the accounts; in how many.

    A resource that is gone takes its findings with it. A scan that runs meanwhile may have read a resource before it
    changed, so another one follows it. Internal access depends on more than the resource: those analyzers are scanned,
    which asks again only what differs. So are those of unused access if a role is among the resources.
    """
    from analyzers.tasks import start_scan

    accounts = set(accounts)
    scopes = {*accounts, *Account.objects.filter(pk__in=accounts).values_list("organization", flat=True)} - {None}
    analyzers = list(Analyzer.objects.filter(type__in=SCANNED_TYPES, scope__in=scopes))
    for analyzer in analyzers:
        if analyzer.is_external:
            _scan(analyzer, arns)
        elif not analyzer.is_unused or any(":iam::" in arn for arn in arns):
            start_scan(analyzer, reason="change")
    return len(analyzers)


def _scan(analyzer: Analyzer, arns: Collection[str]) -> None:
    # By itself: whoever scans locks findings and scan in the other order. What is asked here is stored already, so a
    # scan that begins from now on sees it.
    Scan.objects.filter(analyzer=analyzer, status__in=[Scan.Status.PENDING, Scan.Status.RUNNING]).update(again=True)
    job = ExternalJob(analyzer)
    present = resources_in_scope(analyzer).filter(arn__in=arns)
    answers = [answer_of(job, due) for due in job.due(list(present.values_list("pk", flat=True)))]
    now = timezone.now()
    with transaction.atomic():
        if answers:
            record(analyzer, told(answers), now)
        AnalyzedResource.objects.bulk_create(
            [
                AnalyzedResource(
                    analyzer=analyzer,
                    resource_arn=one.subject.arn,
                    resource_type=one.subject.type,
                    resource_owner_account=one.subject.account,
                    analyzed_at=now,
                    input_hash=one.input_hash,
                    error=one.analysis.error if one.analysis else "",
                )
                for one in answers
            ],
            update_conflicts=True,
            unique_fields=["analyzer", "resource_arn"],
            update_fields=["resource_type", "resource_owner_account", "analyzed_at", "input_hash", "error"],
        )
        everything = resources_in_scope(analyzer)
        gone = set(arns) | set(_beneath(analyzer, arns))
        resolve_vanished(analyzer, everything, now, only=gone)
        vanished = AnalyzedResource.objects.filter(analyzer=analyzer, resource_arn__in=gone)
        vanished.filter(~Exists(everything.filter(arn=OuterRef("resource_arn")))).delete()


def _beneath(analyzer: Analyzer, arns: Collection[str]) -> Iterable[str]:
    """Resources with findings that belonged to one of these: versions of a function, the stream of a table."""
    for arn in arns:
        for separator in (":", "/"):
            found = Finding.objects.filter(analyzer=analyzer, resource__startswith=arn + separator)
            yield from found.values_list("resource", flat=True)
