"""Writing the inventory back as a file: the same inventory gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from analyzers.models import (
    Account,
    ControlPolicy,
    LastAccessedReport,
    Organization,
    Principal,
    PrincipalPolicy,
    Resource,
    ResourceDocument,
    ResourceType,
    Usage,
    UsageFeed,
)
from findings.wire import instant

from .check import VERSION
from .store import INVENTORY_FILES, REGISTRY, text_of


def dump() -> Iterator[str]:
    """The file in pieces, sorted, without times of its own."""
    yield f'{{\n"inventory_version": {VERSION}'
    organizations = list(Organization.objects.order_by("id"))
    if organizations:
        yield f',\n"organization": {_json(_organization(organizations[0]))}'
    yield from _section("accounts", (_account(row) for row in Account.objects.order_by("id").iterator()))
    controls = ControlPolicy.objects.select_related("document").order_by("id")
    yield from _section("control_policies", (_control(row) for row in controls.iterator()))
    yield from _section("managed_policies", _managed())
    yield from _section("principals", _principals())
    resources = Resource.objects.exclude(type=ResourceType.IAM_ROLE)
    yield from _section("resources", _resources(resources))
    yield from _section("last_accessed", _reports())
    yield from _section("usage", _usage())
    yield "\n}\n"


def _section(name: str, items: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    separator = f',\n"{name}": [\n'
    empty = True
    for item in items:
        yield separator + _json(item)
        separator, empty = ",\n", False
    if not empty:
        yield "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _policy(text: str) -> Any:
    """An object where it parses as one and would be stored as the same text again."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) and text_of(value) == text else text


def _clean(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty and would be read back as empty."""
    return {key: item for key, item in value.items() if item not in (None, "", [], {})}


def _organization(row: Organization) -> dict[str, Any]:
    units = [{"id": u.id, "name": u.name, "parent": u.parent} for u in row.units.order_by("id")]
    return _clean({"id": row.id, "management_account": row.management_account, "root": row.root, "units": units})


def _account(row: Account) -> dict[str, Any]:
    shape = {
        "id": row.id,
        "name": row.name,
        "parent": row.parent,
        "status": row.status,
        "canonical_user_id": row.canonical_user_id,
        "public_access_block": row.public_access_block,
        "delegated_administrator": row.delegated_administrator or None,
        "tags": dict(sorted(row.tags.items())),
        "identity_providers": row.identity_providers,
    }
    return {**_clean(shape), "complete": True}


def _control(row: ControlPolicy) -> dict[str, Any]:
    return {
        "id": row.id,
        "type": row.kind,
        "name": row.name,
        "aws_managed": row.aws_managed,
        "document": _policy(row.document.text),
        "targets": row.targets,
    }


def _managed() -> Iterator[dict[str, Any]]:
    known = PrincipalPolicy.objects.exclude(arn="").exclude(document=None).order_by("arn").distinct("arn")
    for row in known.select_related("document").iterator():
        if row.document is not None:
            updated = {"updated_at": instant(row.updated_at)} if row.updated_at else {}
            yield {"arn": row.arn, "document": _policy(row.document.text), **updated}


def _principals() -> Iterator[dict[str, Any]]:
    policies = Prefetch("policies", PrincipalPolicy.objects.select_related("document").order_by("kind", "arn", "name"))
    kinds = PrincipalPolicy.Kind
    for row in Principal.objects.order_by("arn").prefetch_related(policies).iterator(chunk_size=500):
        held = list(row.policies.all())
        shape: dict[str, Any] = {
            "arn": row.arn,
            "kind": row.kind,
            "unique_id": row.unique_id,
            "created_at": instant(row.created_at) if row.created_at else None,
            "last_used_at": instant(row.last_used_at) if row.last_used_at else None,
            "last_used_known": row.last_used_known or None,
            "tags": dict(sorted(row.tags.items())),
            "groups": row.groups,
            "inline_policies": [
                {"name": p.name, "document": _policy(p.document.text)}
                for p in held
                if p.kind == kinds.INLINE and p.document
            ],
            "managed_policies": [p.arn for p in held if p.kind == kinds.MANAGED],
            "permissions_boundary": next((p.arn for p in held if p.kind == kinds.BOUNDARY), None),
            "trust_policy": _trust(row.arn) if row.kind == Principal.Kind.ROLE else None,
            "credentials": row.credentials,
        }
        yield _clean(shape)


def _reports() -> Iterator[dict[str, Any]]:
    """Those that IAM gave; why it gave none is of no use elsewhere."""
    for row in LastAccessedReport.objects.filter(Q(error="") | ~Q(services=[])).order_by("principal").iterator(500):
        yield {
            "principal": row.principal,
            "asked_at": instant(row.asked_at),
            "by_action": row.by_action,
            "services": row.services,
        }


def _usage() -> Iterator[dict[str, Any]]:
    """Sums that came with inventory files. Those of CloudTrail stay where they are: they are many, and can be read."""
    rows = Usage.objects.filter(feed__location=INVENTORY_FILES, feed__kind=UsageFeed.Kind.UPLOAD)
    for row in rows.order_by("principal", "action", "resource", "region", "source", "denied").iterator(2000):
        shape = {
            "principal": row.principal,
            "action": row.action,
            "resource": row.resource,
            "region": row.region,
            "source": row.source,
            "denied": row.denied or None,
            "first_used_at": instant(row.first_used_at),
            "last_used_at": instant(row.last_used_at),
            "days": dict(sorted(row.days.items())),
            "sessions": row.sessions,
        }
        yield _clean(shape)


def _trust(arn: str) -> Any:
    found = ResourceDocument.objects.filter(resource__arn=arn, channel="POLICY").select_related("document").first()
    return _policy(found.document.text) if found else None


def _resources(rows: QuerySet[Resource]) -> Iterator[dict[str, Any]]:
    documents = Prefetch("documents", ResourceDocument.objects.select_related("document"))
    for row in rows.order_by("arn").prefetch_related(documents).iterator(chunk_size=500):
        texts = {(d.channel, d.name): d.document.text for d in row.documents.all()}
        shape: dict[str, Any] = {
            "arn": row.arn,
            "type": row.type,
            "account": row.account_id,
            "region": row.region,
            "name": row.name,
            "created_at": instant(row.created_at) if row.created_at else None,
            "tags": dict(sorted(row.tags.items())),
            "error": row.error,
            "policy": _policy(texts["POLICY", ""]) if ("POLICY", "") in texts else None,
            "registry_policy": _policy(texts["POLICY", REGISTRY]) if ("POLICY", REGISTRY) in texts else None,
            **row.configuration,
        }
        if "access_points" in shape:
            shape["access_points"] = [_point(point, texts) for point in shape["access_points"]]
        yield _clean(shape)


def _point(point: Mapping[str, Any], texts: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    text = texts.get(("S3_ACCESS_POINT", point["arn"]))
    return {**point, **({"policy": _policy(text)} if text is not None else {})}
