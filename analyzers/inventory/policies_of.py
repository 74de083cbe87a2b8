"""Everything that the inventory knows to have a say about a caller or a resource, as `simulate` takes it."""

from __future__ import annotations

from typing import Any

from analyzers.models import (
    Account,
    ControlPolicy,
    OrganizationalUnit,
    Principal,
    PrincipalPolicy,
    Resource,
    ResourceDocument,
    ResourceType,
)

from .levels import by_level, steps_of

Given = dict[str, Any]
"""Elements of docs/simulate.md; documents as texts. `missing` names policies whose text is not known."""


def of_caller(principal: Principal) -> Given:
    """Its own policies, those of its groups, its boundary and the control policies of its account."""
    owners = [principal.arn, *principal.groups]
    rows = PrincipalPolicy.objects.filter(principal__arn__in=owners).select_related("document", "principal")
    given: Given = {"identity": [], "missing": []}
    for row in rows.order_by("principal__kind", "kind", "name"):
        if row.document is None:
            given["missing"].append(row.name)
        elif row.kind != PrincipalPolicy.Kind.BOUNDARY:
            given["identity"].append(row.document.text)
        elif row.principal_id == principal.pk:
            given["boundary"] = row.document.text
    account = Account.objects.select_related("organization").get(pk=principal.account_id)
    organization = account.organization
    if organization is not None:
        given["principal_account_is_management"] = organization.management_account == account.pk
    if levels := control_levels(account, ControlPolicy.Kind.SCP):
        given["scp_levels"] = levels
    return given


def of_resource(resource: Resource) -> Given:
    """Its own documents, what S3 adds to them, and the control policies of its account."""
    account = Account.objects.select_related("organization").get(pk=resource.account_id)
    given: Given = {"missing": [] if not resource.error else [f"the policy ({resource.error})"]}
    kind = {ResourceType.IAM_ROLE: "trust", ResourceType.KMS_KEY: "key_policy"}.get(
        ResourceType(resource.type), "resource"
    )
    channel = ResourceDocument.Channel.POLICY
    texts = [row.document.text for row in resource.documents.filter(channel=channel).select_related("document")]
    if texts:
        given[kind] = texts[0] if len(texts) == 1 else texts
    flags = [account.public_access_block or {}, resource.configuration.get("public_access_block") or {}]
    if resource.type == ResourceType.S3_BUCKET:
        names = {_spelled(name) for block in flags for name, on in block.items() if on}
        given["bpa"] = dict.fromkeys(sorted(names), True)
        given["acl"] = resource.configuration.get("acl") or []
        given["ownership"] = resource.configuration.get("object_ownership") or ""
    if levels := control_levels(account, ControlPolicy.Kind.RCP):
        given["rcp_levels"] = levels
    return given


def _spelled(flag: str) -> str:
    """`blockPublicAcls` or `BlockPublicAcls` as S3 writes it."""
    return flag[:1].upper() + flag[1:]


def control_levels(account: Account, kind: str) -> dict[str, list[str]]:
    """`{level: [texts]}` from the root down to the account; empty if no policy of the kind is known."""
    if account.organization_id is None:
        return {}
    policies = list(
        ControlPolicy.objects.filter(kind=kind, organization=account.organization_id)
        .select_related("document")
        .order_by("id")
    )
    if not policies:
        return {}
    units = {unit.pk: unit for unit in OrganizationalUnit.objects.filter(organization=account.organization_id)}
    found = by_level(
        steps_of(account, units),
        lambda target: [policy.document.text for policy in policies if target in policy.targets],
    )
    return {level: list(texts) for level, texts in found.items()}
