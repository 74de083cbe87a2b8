"""From the inventory's tables to the users and roles that unused access is judged of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from analyzers.kinds.unused import AccessKey, HeldPolicy, Holder, Password
from analyzers.kinds.unused.values import ROLE, USER
from analyzers.models import Document, Principal, PrincipalPolicy

from .store import moment


class Held(NamedTuple):
    """`digest`: SHA-256 of a policy's text; empty if the text is not known."""

    policy: HeldPolicy
    digest: str


class HolderRow(NamedTuple):
    """A holder without the texts of its policies, and a digest over everything that the inventory says of it."""

    holder: Holder
    held: tuple[Held, ...]
    digest: str


def holder_rows(principal_ids: Sequence[int]) -> list[HolderRow]:
    """In the order of their ARNs, with three queries whatever the number."""
    rows = list(Principal.objects.filter(pk__in=principal_ids).order_by("arn"))
    groups = {group for row in rows for group in row.groups}
    policies = _policies([row.arn for row in rows], groups)
    return [_row(row, policies) for row in rows]


def with_texts(rows: Sequence[HolderRow]) -> Iterator[Holder]:
    """The holders with what their policies say, with one query."""
    wanted = {held.digest for row in rows for held in row.held} - {""}
    texts = dict(Document.objects.filter(pk__in=wanted).values_list("sha256", "text"))
    for row in rows:
        policies = tuple(held.policy._replace(text=texts.get(held.digest)) for held in row.held)
        yield row.holder.holding(policies)


def _policies(arns: Sequence[str], groups: set[str]) -> Mapping[str, list[Held]]:
    held: dict[str, list[Held]] = {}
    found = PrincipalPolicy.objects.filter(principal__arn__in=[*arns, *groups]).order_by("kind", "arn", "name")
    fields = ("principal__arn", "principal__name", "name", "document", "updated_at")
    for arn, owner, name, digest, updated_at in found.exclude(kind=PrincipalPolicy.Kind.BOUNDARY).values_list(*fields):
        group = owner if arn in groups else ""
        held.setdefault(arn, []).append(Held(HeldPolicy(name, None, updated_at, group), digest or ""))
    return held


def _row(row: Principal, policies: Mapping[str, list[Held]]) -> HolderRow:
    held = tuple(one for arn in (row.arn, *row.groups) for one in policies.get(arn, ()))
    credentials = row.credentials if isinstance(row.credentials, dict) else {}
    holder = Holder(
        arn=row.arn,
        type=ROLE if row.kind == Principal.Kind.ROLE else USER,
        account=row.account_id,
        name=row.name,
        created_at=row.created_at,
        read_at=row.read_at,
        last_used_at=row.last_used_at,
        last_used_known=row.last_used_known or row.last_used_at is not None,
        keys=tuple(_keys(credentials.get("access_keys"))),
        password=_password(credentials.get("password")),
        credentials_known="access_keys" in credentials and "password" in credentials,
        tags=row.tags,
    )
    said = [holder.arn, row.kind, row.created_at, row.read_at, row.last_used_at, row.last_used_known, credentials, held]
    return HolderRow(holder, held, hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest())


def _keys(found: Any) -> Iterator[AccessKey]:
    for key in found if isinstance(found, list) else ():
        if isinstance(key, dict) and key.get("id"):
            yield AccessKey(
                id=str(key["id"]),
                active=key.get("status") != "Inactive",
                created_at=moment(key.get("created_at")),
                last_used_at=moment(key.get("last_used_at")),
                known=_known(key),
            )


def _password(found: Any) -> Password | None:
    """That IAM told when it was used last is also seen by `mfa`, which only the credential report tells as well."""
    if not isinstance(found, dict):
        return None
    if "known" not in found and isinstance(found.get("mfa"), bool):
        found = {**found, "known": True}
    return Password(
        created_at=moment(found.get("created_at")),
        last_used_at=moment(found.get("last_used_at")),
        known=_known(found),
    )


def _known(credential: Mapping[str, Any]) -> bool:
    """Whether IAM was asked when it was used last. A time says so; without one, there was none only if that is said,
    and a time that cannot be read says nothing."""
    given = credential.get("last_used_at")
    if moment(given) is None and given is not None:
        return False
    return credential["known"] is True if "known" in credential else given is not None
