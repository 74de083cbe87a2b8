"""From the inventory's tables to the plain values that an analysis takes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet

from analyzers.inventory import selection
from analyzers.inventory.tracked import tracked
from analyzers.kinds.subject import ChannelDocument, Subject, ZoneOfTrust
from analyzers.models import (
    Account,
    Analyzer,
    ControlPolicy,
    Document,
    Organization,
    OrganizationalUnit,
    Principal,
    Resource,
    ResourceDocument,
)

from .controls import NOTHING, Control, Supposed, controls

REASONING_VERSION = 2
"""Raise it when answers change for the same input, so that the next scan asks again."""

FULL_ACCESS = "RCPFullAWSAccess"
"""Attached everywhere, cannot be detached: only other RCPs say anything."""


def in_scope(analyzer: Analyzer) -> QuerySet[Resource] | QuerySet[Principal]:
    """What the analyzer's findings are about, each with an ARN of its own: resources; users and roles, if it is about
    unused access."""
    return tracked(analyzer) if analyzer.is_unused else resources_in_scope(analyzer)


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


class Outline(NamedTuple):
    """A resource with the digests of its documents instead of their texts: enough to tell whether it changed.

    `documents` are (channel, name, SHA-256).
    """

    pk: int
    arn: str
    type: str
    account: str
    configuration: Mapping[str, Any]
    error: str
    documents: tuple[tuple[str, str, str], ...]


class Inputs:
    """What the tables say of resources, with a few queries for any number of them.

    What is shared (accounts, control policies) is read once. `supposed` control policies stand in the place of those
    that are.
    """

    def __init__(self, zone: ZoneOfTrust | None = None, supposed: Control | None = None) -> None:
        self._zone = _digest(_of_zone(zone)) if zone is not None else ""
        self._accounts: dict[str, _Owner] = {}
        self._controls = _Controls(supposed)

    def outlines(self, resource_ids: Sequence[int]) -> list[Outline]:
        """In the order of their ARNs."""
        documents: dict[int, list[tuple[str, str, str]]] = {}
        held = ResourceDocument.objects.filter(resource__in=resource_ids).order_by("channel", "name")
        for resource, *document in held.values_list("resource_id", "channel", "name", "document_id"):
            documents.setdefault(resource, []).append((document[0], document[1], document[2]))
        rows = Resource.objects.filter(pk__in=resource_ids).order_by("arn")
        fields = ("pk", "arn", "type", "account_id", "configuration", "error")
        found = [
            Outline(pk, arn, kind, account, configuration, error, tuple(documents.get(pk, ())))
            for pk, arn, kind, account, configuration, error in rows.values_list(*fields)
        ]
        self._know_accounts({outline.account for outline in found})
        return found

    def input_hash(self, outline: Outline) -> str:
        """SHA-256 over everything that the answer depends on."""
        owner = self._accounts[outline.account]
        said = [
            self._zone,
            owner.digest,
            outline.arn,
            outline.type,
            outline.account,
            outline.error,
            outline.documents,
            outline.configuration,
        ]
        return _digest(said)

    def subjects(self, outlines: Sequence[Outline]) -> Iterator[Subject]:
        """With the texts, in the same order."""
        wanted = {digest for outline in outlines for _, _, digest in outline.documents}
        known = dict(Document.objects.filter(pk__in=wanted).values_list("sha256", "text"))
        for outline in outlines:
            owner = self._accounts[outline.account]
            yield Subject(
                arn=outline.arn,
                type=outline.type,
                account=outline.account,
                documents=tuple(ChannelDocument(channel, name, known[sha]) for channel, name, sha in outline.documents),
                configuration=outline.configuration,
                account_public_access_block=owner.public_access_block,
                control_documents=owner.controls,
                error=outline.error,
            )

    def _know_accounts(self, ids: set[str]) -> None:
        for account in Account.objects.filter(pk__in=ids - self._accounts.keys()):
            controls = self._controls.for_account(account)
            digest = _digest([account.public_access_block, controls])
            self._accounts[account.pk] = _Owner(account.public_access_block, controls, digest)


class _Owner(NamedTuple):
    """What the account of a resource adds; `digest` stands for both."""

    public_access_block: Mapping[str, bool] | None
    controls: tuple[str, ...]
    digest: str


def subjects(resource_ids: Sequence[int], supposed: Supposed = NOTHING) -> Iterator[Subject]:
    """The subjects of these resources, in the order of their ARNs, with few queries."""
    inputs = Inputs(supposed=supposed.control)
    for subject in inputs.subjects(inputs.outlines(resource_ids)):
        yield supposed.subjects.get(subject.arn, subject)


def subject_for(arn: str, type_: str, account: Account) -> Subject:
    """A resource that is not there yet: with what its account adds, and nothing of its own."""
    return Subject(
        arn=arn,
        type=type_,
        account=account.pk,
        account_public_access_block=account.public_access_block,
        control_documents=_Controls().for_account(account),
    )


class _Controls:
    """The RCPs on the path from the root to an account. The management account is bound by none."""

    def __init__(self, supposed: Control | None = None) -> None:
        self._supposed = supposed
        self._parents: dict[str, str] | None = None
        self._management: dict[str, str] = {}
        self._by_target: dict[str, list[str]] = {}

    def for_account(self, account: Account) -> tuple[str, ...]:
        if account.organization_id is None:
            return ()
        self._load()
        if self._management.get(account.organization_id) == account.pk:
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
        self._management = dict(Organization.objects.values_list("id", "management_account"))
        for policy in controls([ControlPolicy.Kind.RCP], supposed=self._supposed):
            for target in policy.targets if policy.name != FULL_ACCESS else ():
                self._by_target.setdefault(target, []).append(policy.text)


def subject_hash(subject: Subject, zone: ZoneOfTrust) -> str:
    """As `Inputs.input_hash`, of a resource whose texts are at hand."""
    said = [
        _of_zone(zone),
        [subject.arn, subject.type, subject.account, subject.error],
        [list(document) for document in subject.documents],
        subject.configuration,
        subject.account_public_access_block,
        list(subject.control_documents),
    ]
    return _digest(said)


def _of_zone(zone: ZoneOfTrust) -> list[Any]:
    accounts, users = sorted(zone.accounts), sorted(zone.canonical_users)
    return [REASONING_VERSION, zone.by_organization, zone.organization, accounts, users]


def _digest(said: Any) -> str:
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
