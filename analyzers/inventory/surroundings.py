"""From the inventory's tables to what paths need beside the population."""

from __future__ import annotations

from collections.abc import Collection

from analyzers.kinds.paths.world import Surroundings
from analyzers.models import Document, Principal, PrincipalPolicy, Resource, ResourceType

_BOUNDARY, _MANAGED = PrincipalPolicy.Kind.BOUNDARY, PrincipalPolicy.Kind.MANAGED


def surroundings(accounts: Collection[str]) -> Surroundings:
    """Attached policies, groups and functions of these accounts, with few queries."""
    held = PrincipalPolicy.objects.filter(principal__account__in=accounts).order_by("principal__arn", "arn", "name")
    attached: dict[str, list[str]] = {}
    boundaries: dict[str, str] = {}
    group_digests: dict[str, list[str | None]] = {}
    columns = ("principal__arn", "principal__kind", "kind", "arn", "document")
    for principal, principal_kind, kind, arn, digest in held.values_list(*columns):
        if kind == _BOUNDARY:
            boundaries[principal] = arn
            continue
        if kind == _MANAGED and arn:
            attached.setdefault(principal, []).append(arn)
        if principal_kind == Principal.Kind.GROUP:
            group_digests.setdefault(principal, []).append(digest)
    rows = Principal.objects.filter(account__in=accounts, kind=Principal.Kind.USER).exclude(groups=[])
    groups = {arn: tuple(found) for arn, found in rows.values_list("arn", "groups")}
    for user, found in groups.items():
        attached.setdefault(user, []).extend(arn for group in found for arn in attached.get(group, ()))
    wanted = {digest for digests in group_digests.values() for digest in digests if digest}
    texts = dict(Document.objects.filter(pk__in=wanted).values_list("sha256", "text"))
    functions = Resource.objects.filter(
        account__in=accounts, type=ResourceType.LAMBDA_FUNCTION, configuration__has_key="role"
    )
    return Surroundings(
        attached={principal: tuple(arns) for principal, arns in attached.items()},
        boundaries=boundaries,
        groups=groups,
        group_policies={
            group: tuple(texts[digest] if digest else None for digest in digests)
            for group, digests in group_digests.items()
        },
        runs_as={arn: str(role) for arn, role in functions.values_list("arn", "configuration__role")},
    )
