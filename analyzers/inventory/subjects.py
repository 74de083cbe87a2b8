"""From the inventory's tables to the plain values that an analysis takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from django.db.models import Prefetch, QuerySet

from analyzers.inventory import selection
from analyzers.kinds.subject import ChannelDocument, Subject, ZoneOfTrust
from analyzers.models import (
    Account,
    Analyzer,
    ControlPolicy,
    OrganizationalUnit,
    Resource,
    ResourceDocument,
)

REASONING_VERSION = 2
"""Raise it when answers change for the same input, so that the next scan asks again."""

FULL_ACCESS = "RCPFullAWSAccess"
"""Attached everywhere, cannot be detached: only other RCPs say anything."""


def resources_in_scope(analyzer: Analyzer) -> QuerySet[Resource]:
    """The resources of the analyzer's account, or of every account of its organization; those chosen, if it is about
    internal access."""
    if analyzer.is_internal:
        return selection.chosen(analyzer)
    return selection.all_within(analyzer)


def zone_of_trust(analyzer: Analyzer) -> ZoneOfTrust:
    """The accounts inside; for one account also the id of its organization, which a condition may name."""
    if analyzer.by_organization:
        accounts = Account.objects.filter(organization=analyzer.scope)
    else:
        accounts = Account.objects.filter(id=analyzer.scope)
    rows = list(accounts.values_list("id", "canonical_user_id", "organization"))
    organization = analyzer.scope if analyzer.by_organization else next((row[2] or "" for row in rows), "")
    return ZoneOfTrust(
        by_organization=analyzer.by_organization,
        accounts=frozenset(row[0] for row in rows) or frozenset({analyzer.scope} - {organization}),
        organization=organization,
        canonical_users=frozenset(row[1] for row in rows if row[1]),
    )


def subjects(resource_ids: Sequence[int]) -> Iterator[Subject]:
    """The subjects of these resources, in the order of their ARNs, with few queries."""
    documents = Prefetch("documents", ResourceDocument.objects.select_related("document"))
    rows = (
        Resource.objects.filter(pk__in=resource_ids).select_related("account__organization").prefetch_related(documents)
    )
    controls = _Controls()
    for resource in rows:
        yield Subject(
            arn=resource.arn,
            type=resource.type,
            account=resource.account_id,
            documents=tuple(ChannelDocument(d.channel, d.name, d.document.text) for d in resource.documents.all()),
            configuration=resource.configuration,
            account_public_access_block=resource.account.public_access_block,
            control_documents=controls.for_account(resource.account),
            error=resource.error,
        )


class _Controls:
    """The RCPs on the path from the root to an account. The management account is bound by none."""

    def __init__(self) -> None:
        self._parents: dict[str, str] | None = None
        self._by_target: dict[str, list[str]] = {}
        self._known: dict[str, tuple[str, ...]] = {}

    def for_account(self, account: Account) -> tuple[str, ...]:
        if account.pk not in self._known:
            self._known[account.pk] = self._path(account)
        return self._known[account.pk]

    def _path(self, account: Account) -> tuple[str, ...]:
        if account.organization_id is None:
            return ()
        self._load()
        organization = account.organization
        if organization is None or organization.management_account == account.pk:
            return ()
        path, step = [account.pk], account.parent
        while step and step not in path:
            path.append(step)
            step = (self._parents or {}).get(step, "")
        return tuple(text for target in reversed(path) for text in self._by_target.get(target, ()))

    def _load(self) -> None:
        if self._parents is not None:
            return
        self._parents = dict(OrganizationalUnit.objects.values_list("id", "parent"))
        policies = ControlPolicy.objects.filter(kind=ControlPolicy.Kind.RCP).exclude(name=FULL_ACCESS)
        for policy in policies.select_related("document").order_by("id"):
            for target in policy.targets:
                self._by_target.setdefault(target, []).append(policy.document.text)


def subject_hash(subject: Subject, zone: ZoneOfTrust) -> str:
    """SHA-256 over everything that the answer depends on."""
    said = [
        REASONING_VERSION,
        [subject.arn, subject.type, subject.account, subject.error],
        [list(document) for document in subject.documents],
        subject.configuration,
        subject.account_public_access_block,
        list(subject.control_documents),
        [zone.by_organization, zone.organization, sorted(zone.accounts), sorted(zone.canonical_users)],
    ]
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
