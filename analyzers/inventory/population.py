"""From the inventory's tables to the people of a zone of trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from analyzers.kinds.population import ROLE, USER, Home, Levels, Member, Population
from analyzers.models import (
    Account,
    Analyzer,
    ControlPolicy,
    Document,
    OrganizationalUnit,
    Principal,
    PrincipalPolicy,
    ResourceDocument,
)

from .controls import NOTHING, Control, Supposed, controls
from .levels import Step, by_level, steps_of

_BOUNDARY = PrincipalPolicy.Kind.BOUNDARY


def population(analyzer: Analyzer, supposed: Supposed = NOTHING) -> Population:
    """Everybody in the analyzer's account or organization, with few queries whatever the number."""
    if analyzer.by_organization:
        accounts = list(Account.objects.filter(organization=analyzer.scope).select_related("organization"))
    else:
        accounts = list(Account.objects.filter(pk=analyzer.scope).select_related("organization"))
    organization = next((account.organization_id for account in accounts if account.organization_id), "")
    homes = {home.account: home for home in _homes(accounts, organization, supposed.control)}
    return Population(tuple(_members(homes, supposed.trusts)), homes, organization)


def _homes(accounts: Iterable[Account], organization: str, supposed: Control | None) -> Iterator[Home]:
    units = {unit.pk: unit for unit in OrganizationalUnit.objects.filter(organization=organization)}
    policies = controls(ControlPolicy.Kind.values, organization, supposed) if organization else []
    texts = _Texts()
    used = {policy.kind for policy in policies}
    for account in accounts:
        steps = steps_of(account, units)

        def levels(kind: str, steps: list[Step] = steps) -> Levels | None:
            if kind not in used or not steps:
                return None
            return by_level(
                steps,
                lambda at: [
                    texts.one(policy.text) for policy in policies if policy.kind == kind and at in policy.targets
                ],
            )

        parents = [target for target, _ in steps if target != account.pk]
        yield Home(
            account=account.pk,
            name=account.name,
            management=account.organization is not None and account.organization.management_account == account.pk,
            path="/".join([organization, *parents, ""]) if parents else "",
            scp_levels=levels(ControlPolicy.Kind.SCP),
            rcp_levels=levels(ControlPolicy.Kind.RCP),
            canonical_user=account.canonical_user_id,
        )


class _Texts:
    """Equal texts are one object."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def one(self, text: str) -> str:
        return self._known.setdefault(text, text)


def _members(homes: dict[str, Home], supposed_trusts: Mapping[str, str]) -> Iterator[Member]:
    rows = list(Principal.objects.filter(account__in=list(homes)).order_by("arn"))
    held: dict[str, list[tuple[str, str, str | None]]] = {}
    policies = PrincipalPolicy.objects.filter(principal__account__in=list(homes)).order_by("kind", "arn", "name")
    for arn, kind, name, digest in policies.values_list("principal__arn", "kind", "name", "document"):
        held.setdefault(arn, []).append((kind, name, digest))
    trusts = dict(
        ResourceDocument.objects.filter(
            resource__type="AWS::IAM::Role", resource__account__in=list(homes), channel="POLICY"
        ).values_list("resource__arn", "document")
    )
    wanted = {digest for found in held.values() for _, _, digest in found if digest} | set(trusts.values())
    texts = dict(Document.objects.filter(pk__in=wanted).values_list("sha256", "text"))
    for row in rows:
        if row.kind == Principal.Kind.GROUP:
            continue
        own = held.get(row.arn, [])
        identity = [entry for entry in own if entry[0] != _BOUNDARY]
        identity += [entry for group in row.groups for entry in held.get(group, [])]
        boundary = next((digest for kind, _, digest in own if kind == _BOUNDARY), None)
        unknown = [name for _, name, digest in (*identity, *(e for e in own if e[0] == _BOUNDARY)) if digest is None]
        digests = dict.fromkeys(digest for _, _, digest in identity if digest is not None)
        yield Member(
            arn=row.arn,
            kind=ROLE if row.kind == Principal.Kind.ROLE else USER,
            account=row.account_id,
            unique_id=row.unique_id,
            identity=tuple(texts[digest] for digest in sorted(digests)),
            boundary=texts[boundary] if boundary else None,
            trust=supposed_trusts.get(row.arn, texts.get(trusts.get(row.arn, ""))),
            tags=row.tags,
            unknown=tuple(dict.fromkeys(unknown)),
        )
